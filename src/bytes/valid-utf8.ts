import { isUtf8 } from "node:buffer";

/** Whether some byte of source[start, start+size) is not ASCII. */
export function hasHighBytes(source: Uint8Array, start: number, size: number): boolean {
  let bits = 0;
  for (let at = start; at < start + size; at++) bits |= source[at] as number;
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
    const size = characterSize(text, at);
    for (let i = 0; i < size; i++) out[to++] = text[at++] as number;
    if (size > 0) continue;
    out[to++] = 0xef;
    out[to++] = 0xbf;
    out[to++] = 0xbd;
    at++;
  }
  return out.slice(0, to);
}

/** The size of the character at `at`; 0 if there is none. RFC 3629, section 4. */
function characterSize(text: Uint8Array, at: number): number {
  const first = text[at] as number;
  if (first < 0x80) return 1;
  const size = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + size > text.length) return 0;
  const second = text[at + 1] as number;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (size > 0 && (second < lowest || second > highest)) return 0;
  for (let i = 2; i < size; i++) if (((text[at + i] as number) & 0xc0) !== 0x80) return 0;
  return size;
}
