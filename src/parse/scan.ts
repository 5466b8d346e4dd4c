import { LINE_FEED, SPACE, TAB } from "../bytes/characters.ts";

/** Whether a byte is a blank or a tab; behind the end of a body there is none. */
export const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

/** The first offset from `start` on that is neither a blank nor a tab; `end` if there is none. */
export function skipBlanks(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(body[at])) at++;
  return at;
}

/** The end of the token that starts at `start`: the next blank, tab or line feed, or `end`. */
export function tokenEnd(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = body[at] as number;
    if (byte <= SPACE && (isBlank(byte) || byte === LINE_FEED)) break;
    at++;
  }
  return at;
}
