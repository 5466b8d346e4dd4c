import { byteAt } from "../bytes/at.ts";
import { BACKSLASH, LINE_FEED, LOWER_N, QUOTE } from "../bytes/characters.ts";
import { decodeText } from "../bytes/utf8-text.ts";
import type { Writer } from "../bytes/writer.ts";

/*
 * The escapes of label values and quoted names, in the text format 0.0.4: `\\`, `\"` and `\n`. (A HELP text has no
 * `\"`: help-text.ts. What a push writes is checked as well: parse/token.ts.)
 */

/** Whether a byte is written with a backslash. */
export const needsEscape = (byte: number): boolean => byte === BACKSLASH || byte === QUOTE || byte === LINE_FEED;

/** What follows the backslash. */
export const escapeOf = (byte: number): number => (byte === LINE_FEED ? LOWER_N : byte);

/** The byte that is written as a backslash and this one. */
const unescapedOf = (byte: number): number => (byte === LOWER_N ? LINE_FEED : byte);

/** Appends text with its escapes. */
export function appendEscaped(out: Writer, text: Uint8Array): void {
  appendWithEscapes(out, text, needsEscape);
}

/** Appends text with a backslash before each byte that `needs` one; what is between two of them is copied as a run. */
export function appendWithEscapes(out: Writer, text: Uint8Array, needs: (byte: number) => boolean): void {
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = byteAt(text, at);
    if (!needs(byte)) continue;
    out.copy(text, start, at);
    out.byte(BACKSLASH);
    out.byte(escapeOf(byte));
    start = at + 1;
  }
  out.copy(text, start, text.length);
}

/** Text with its escapes. */
export function escapeText(text: string): string {
  if (!/[\\"\n]/.test(text)) return text;
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Text without its escapes: a copy where there are any, the same bytes otherwise. */
export function unescapeBytes(text: Uint8Array): Uint8Array {
  if (!text.includes(BACKSLASH)) return text;
  const result = new Uint8Array(text.length);
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = byteAt(text, at);
    result[size++] = byte === BACKSLASH ? unescapedOf(byteAt(text, ++at)) : byte;
  }
  return result.subarray(0, size);
}

/** Appends source[start, end) without its escapes, of which there are so many. */
export function appendUnescaped(out: Writer, source: Uint8Array, start: number, end: number, escapes: number): void {
  if (escapes === 0) out.copy(source, start, end);
  else out.append(unescapeBytes(source.subarray(start, end)));
}

/** source[start, end) as text without its escapes, of which there are so many. */
export function unescapeText(source: Uint8Array, start: number, end: number, escapes: number): string {
  if (escapes === 0) return decodeText(source, start, end);
  const plain = unescapeBytes(source.subarray(start, end));
  return decodeText(plain, 0, plain.length);
}
