import { toValidUtf8 } from "./valid-utf8.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** source[start, end) as text; each byte that is not UTF-8 becomes one U+FFFD, as Go has it. */
export function decodeText(source: Uint8Array, start: number, end: number): string {
  const bytes = source.subarray(start, end);
  const text = decoder.decode(bytes);
  return text.includes("\ufffd") ? decoder.decode(toValidUtf8(bytes)) : text;
}

/** All of `source` as text, as `decodeText` has it. */
export const textOf = (source: Uint8Array): string => decodeText(source, 0, source.length);

/** The order in which Go sorts strings: by code point, where JavaScript goes by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  const size = Math.min(a.length, b.length);
  for (let i = 0; i < size; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates are code points above U+FFFF, so they sort after U+E000 to U+FFFF. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
