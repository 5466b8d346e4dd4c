import { isCodePoint } from "../bytes/utf8.ts";
import { Rejection } from "../model/rejection.ts";

/** The bytes between quotes, and where they end: behind the closing quote. */
export interface Quoted {
  readonly bytes: Uint8Array;
  readonly end: number;
}

const SHORT: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};
/** Escapes by a number: a byte by two hexadecimal or three octal digits, a character by four or eight. */
const NUMBERED = /x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})/y;

/**
 * A string of PromQL that begins with a quote at `start`: in double or single quotes with Go's escapes and without line
 * ends, in backticks as it stands.
 */
export function readQuoted(text: string, start: number): Quoted | Rejection {
  const quote = text[start] ?? "";
  if (quote === "`") return readRaw(text, start);
  const parts: Uint8Array[] = [];
  for (let at = start + 1; ; ) {
    const plainEnd = endOfPlain(text, at, quote);
    parts.push(Buffer.from(text.slice(at, plainEnd)));
    at = plainEnd;
    if (text[at] === quote) return { bytes: Buffer.concat(parts), end: at + 1 };
    if (text[at] !== "\\") return new Rejection("malformed", "unterminated quoted string");
    const escaped = readEscape(text, at + 1, quote);
    if (escaped instanceof Rejection) return escaped;
    parts.push(escaped.bytes);
    at = escaped.end;
  }
}

function readRaw(text: string, start: number): Quoted | Rejection {
  const end = text.indexOf("`", start + 1);
  if (end < 0) return new Rejection("malformed", "unterminated raw string");
  return { bytes: Buffer.from(text.slice(start + 1, end)), end: end + 1 };
}

/** Where the quote, a backslash or a line end is, or the end of the text. */
function endOfPlain(text: string, start: number, quote: string): number {
  let at = start;
  while (at < text.length && text[at] !== quote && text[at] !== "\\" && text[at] !== "\n") at++;
  return at;
}

/** What stands behind a backslash. */
function readEscape(text: string, at: number, quote: string): Quoted | Rejection {
  const character = text[at] ?? "";
  if (character === "") return new Rejection("malformed", "escape sequence not terminated");
  const short = character === quote ? quote : SHORT[character];
  if (short !== undefined) return { bytes: Buffer.from(short), end: at + 1 };
  NUMBERED.lastIndex = at;
  const found = NUMBERED.exec(text);
  if (found === null) return new Rejection("malformed", `unknown escape sequence \\${character}`);
  const bytes = numbered(found);
  return bytes === null
    ? new Rejection("malformed", `escape sequence \\${found[0]} is an invalid Unicode code point`)
    : { bytes, end: at + found[0].length };
}

function numbered([, hexByte, short, long, octal]: RegExpExecArray): Uint8Array | null {
  if (hexByte !== undefined) return Uint8Array.of(Number.parseInt(hexByte, 16));
  if (octal !== undefined) {
    const byte = Number.parseInt(octal, 8);
    return byte > 255 ? null : Uint8Array.of(byte);
  }
  const code = Number.parseInt(short ?? long ?? "", 16);
  return isCodePoint(code) ? Buffer.from(String.fromCodePoint(code)) : null;
}
