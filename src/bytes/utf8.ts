import { byteAt } from "./at.ts";

const MAX_CODE_POINT = 0x10ffff;

/** Whether a code is one half of a pair that UTF-16 writes characters with. */
export const isSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xe000;

/** Whether a code, 0 or more, is one that UTF-8 can write. */
export const isCodePoint = (code: number): boolean => code <= MAX_CODE_POINT && !isSurrogate(code);

/** The code of the character that source[at] begins, -1 where that byte begins none: as Go decodes UTF-8. */
export function codePointAt(source: Uint8Array, at: number): number {
  const first = byteAt(source, at);
  if (first < 0x80) return first;
  if (first < 0xc2 || first > 0xf4) return -1;
  const second = continuation(source[at + 1]);
  if (second < 0) return -1;
  if (first < 0xe0) return ((first & 0x1f) << 6) | second;
  const third = continuation(source[at + 2]);
  if (third < 0) return -1;
  if (first < 0xf0) {
    const code = ((first & 0x0f) << 12) | (second << 6) | third;
    return code < 0x800 || isSurrogate(code) ? -1 : code;
  }
  const fourth = continuation(source[at + 3]);
  if (fourth < 0) return -1;
  const code = ((first & 0x07) << 18) | (second << 12) | (third << 6) | fourth;
  return code < 0x10000 || code > MAX_CODE_POINT ? -1 : code;
}

/** The six bits of a byte within a character, -1 if it is not one. */
function continuation(byte: number | undefined): number {
  return byte !== undefined && byte >= 0x80 && byte < 0xc0 ? byte & 0x3f : -1;
}

/** How many bytes the character of a code takes, 1 for the -1 of `codePointAt`. */
export function sizeOfCodePoint(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/** How many characters a text of UTF-8 has: bytes but those that continue one. */
export function countCharacters(text: Uint8Array): number {
  let count = 0;
  for (const byte of text) if ((byte & 0xc0) !== 0x80) count++;
  return count;
}
