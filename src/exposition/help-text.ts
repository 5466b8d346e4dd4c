import { byteAt } from "../bytes/at.ts";
import { BACKSLASH, LINE_FEED, LOWER_N } from "../bytes/characters.ts";
import type { Writer } from "../bytes/writer.ts";

/** Appends a HELP text as the text format 0.0.4 has it: `\` and line feeds escaped, all other bytes as they are. */
export function appendHelpText(out: Writer, help: Uint8Array): void {
  if (!help.includes(BACKSLASH) && !help.includes(LINE_FEED)) return out.append(help);
  let start = 0;
  for (let at = 0; at < help.length; at++) {
    const byte = byteAt(help, at);
    if (byte !== BACKSLASH && byte !== LINE_FEED) continue;
    out.copy(help, start, at);
    out.byte(BACKSLASH);
    out.byte(byte === LINE_FEED ? LOWER_N : byte);
    start = at + 1;
  }
  out.copy(help, start, help.length);
}
