import { isUtf8 } from "node:buffer";
import { byteAt } from "./at.ts";
import { codePointAt, sizeOfCodePoint } from "./utf8.ts";

/** Whether some byte of source[start, start+size) is not ASCII. */
export function hasHighBytes(source: Uint8Array, start: number, size: number): boolean {
  let bits = 0;
  for (let at = start; at < start + size; at++) bits |= byteAt(source, at);
  return bits >= 0x80;
}

/**
 * The same bytes where they are UTF-8, else a copy in which each byte that belongs to no character is U+FFFD: one for
 * each, as Go prints and ranges over such strings, where others have one for several.
 */
export function toValidUtf8(text: Uint8Array): Uint8Array {
  if (isUtf8(text)) return text;
  const out = new Uint8Array(text.length * 3);
  let to = 0;
  for (let at = 0; at < text.length; ) {
    const code = codePointAt(text, at);
    const size = code < 0 ? 0 : sizeOfCodePoint(code);
    for (let i = 0; i < size; i++) out[to++] = byteAt(text, at++);
    if (size > 0) continue;
    out[to++] = 0xef;
    out[to++] = 0xbf;
    out[to++] = 0xbd;
    at++;
  }
  return out.slice(0, to);
}
