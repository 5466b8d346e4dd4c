import { LINE_FEED } from "../bytes/characters.ts";

/** How many finished lines are in bytes[from, to). */
export function linesIn(bytes: Uint8Array, from: number, to: number): number {
  const lines = bytes.subarray(from, to);
  let count = 0;
  for (let at = lines.indexOf(LINE_FEED); at >= 0; at = lines.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
