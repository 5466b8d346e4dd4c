import { isPrintableAscii } from "../bytes/ascii.ts";
import { byteAt } from "../bytes/at.ts";
import { QUOTE } from "../bytes/characters.ts";
import type { Writer } from "../bytes/writer.ts";
import { unescapeText } from "../exposition/escape.ts";
import { jsonString } from "./json-text.ts";

/** What jsonString leaves alone, by byte. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  return isPrintableAscii(byte) && !'"\\<>&'.includes(String.fromCharCode(byte)) ? 1 : 0;
});

/** Appends text of finished lines, source[start, end) with `escapes` escapes, as `jsonString` would write it. */
export function appendJson(out: Writer, source: Uint8Array, start: number, end: number, escapes: number): void {
  if (escapes === 0 && appendPlain(out, source, start, end)) return;
  out.text(jsonString(unescapeText(source, start, end, escapes)));
}

/** Appends source[start, end) in quotes; false, and nothing appended, where something in it has to be escaped. */
function appendPlain(out: Writer, source: Uint8Array, start: number, end: number): boolean {
  out.reserve(end - start + 2);
  const target = out.bytes;
  let to = out.length;
  target[to++] = QUOTE;
  for (let at = start; at < end; at++) {
    const byte = byteAt(source, at);
    if (PLAIN[byte] === 0) return false;
    target[to++] = byte;
  }
  target[to++] = QUOTE;
  out.length = to;
  return true;
}
