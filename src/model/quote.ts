/** Go's %q, for error texts that must read like the reference's (strconv.Quote and QuoteRune). */

import { isPrintableAscii } from "../bytes/ascii.ts";
import { byteAt } from "../bytes/at.ts";
import { APOSTROPHE, BACKSLASH, DELETE, QUOTE, SPACE } from "../bytes/characters.ts";
import { codePointAt, sizeOfCodePoint } from "../bytes/utf8.ts";
import { isPrintable } from "./printable.ts";

/** Most of a token that is quoted: it may be as long as the body, and quoting costs more than reading. */
export const MAX_TOKEN_BYTES = 100;

const SHORT: Record<number, string> = { 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r" };

/** `source` in double quotes; bytes that are not UTF-8 as \x.., unprintable characters as \u.... */
export function quoteBytes(source: Uint8Array): string {
  const plain = plainSize(source, 0);
  if (plain === source.length) return `"${latin1(source, 0, plain)}"`;
  let result = `"${latin1(source, 0, plain)}`;
  for (let at = plain; at < source.length; ) {
    const code = codePointAt(source, at);
    result += code < 0 ? `\\x${hex(byteAt(source, at), 2)}` : escapeCharacter(code, QUOTE);
    at += sizeOfCodePoint(code);
  }
  return `${result}"`;
}

/** What a client sent, as error texts quote it: a long token is cut before it is read, and its size is added. */
export function quoteToken(source: Uint8Array): string {
  if (source.length <= MAX_TOKEN_BYTES) return quoteBytes(source);
  let end = MAX_TOKEN_BYTES;
  // Not within a character.
  while (end > MAX_TOKEN_BYTES - 4 && (byteAt(source, end) & 0xc0) === 0x80) end--;
  return `${quoteBytes(source.subarray(0, end))}... (${source.length} bytes)`;
}

/** As `quoteToken` of the text's UTF-8. */
export function quoteTokenText(text: string): string {
  return quoteToken(Buffer.from(text));
}

/** A name or the like that error texts show without quotes; a long one is cut. */
export function shownToken(text: string): string {
  if (text.length <= MAX_TOKEN_BYTES) return text;
  return `${text.slice(0, MAX_TOKEN_BYTES).toWellFormed()}... (${text.length} characters)`;
}

/** Text in double quotes, as `quoteBytes` of its UTF-8. */
export function quoteText(text: string): string {
  return quoteBytes(Buffer.from(text));
}

/** One byte taken for a character, in single quotes: how Go prints a byte with %q. */
export function quoteByte(byte: number): string {
  return `'${escapeCharacter(byte, APOSTROPHE)}'`;
}

/** How many bytes from `start` on need no escape in double quotes. */
function plainSize(source: Uint8Array, start: number): number {
  let at = start;
  for (; at < source.length; at++) {
    const byte = byteAt(source, at);
    if (!isPrintableAscii(byte) || byte === QUOTE || byte === BACKSLASH) break;
  }
  return at - start;
}

const latin1 = (source: Uint8Array, start: number, end: number): string =>
  Buffer.from(source.buffer, source.byteOffset + start, end - start).toString("latin1");

function escapeCharacter(code: number, quote: number): string {
  if (code === quote || code === BACKSLASH) return `\\${String.fromCharCode(code)}`;
  if (isPrintable(code)) return String.fromCodePoint(code);
  const short = SHORT[code];
  if (short !== undefined) return short;
  if (code < SPACE || code === DELETE) return `\\x${hex(code, 2)}`;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}
