import { isAscii } from "node:buffer";
import { isLabelPart, isLabelStart, isMetricPart, isMetricStart } from "../bytes/ascii.ts";
import { byteAt } from "../bytes/at.ts";
import { BACKSLASH, LINE_FEED, LOWER_N, QUOTE } from "../bytes/characters.ts";
import { unescapeBytes } from "../exposition/escape.ts";
import type { PushColumns } from "../model/columns.ts";
import { quoteToken } from "../model/quote.ts";

/** The error for reading past the last byte. */
export const END_OF_INPUT = "unexpected end of input stream";

/**
 * A token that was read: its place and size in the columns' bytes, and `next`, the offset of the first byte behind it.
 * Where it could not be read `next` is -1 and `error` says why.
 */
export class Token {
  at = 0;
  size = 0;
  next = 0;
  error = "";
  /** Of a label value or HELP text: some byte is not ASCII, so it is to be checked for UTF-8. */
  hasHighBytes = false;

  fail(error: string): void {
    this.error = error;
    this.next = -1;
  }

  /** The token goes on at `end`, which is that of the body or as far as a token may go. */
  failAtEnd(columns: PushColumns, end: number): void {
    if (end < columns.body.length) columns.noteLongText();
    this.fail(END_OF_INPUT);
  }
}

/** Reads a metric name or, with `label`, a label name, quoted or not; an empty token where none can start here. */
export function readName(columns: PushColumns, start: number, label: boolean, token: Token): void {
  const body = columns.body;
  const end = Math.min(body.length, start + columns.maxTextBytes + 1);
  let at = start;
  if (at < end && (label ? isLabelStart(body[at] as number) : isMetricStart(body[at] as number))) {
    at++;
    if (label) while (at < end && isLabelPart(body[at] as number)) at++;
    else while (at < end && isMetricPart(body[at] as number)) at++;
  }
  if (at < end && body[at] === QUOTE) return readQuotedName(columns, start, label, token);
  token.at = start;
  token.size = at - start;
  token.next = at;
  if (at >= end) token.failAtEnd(columns, end);
}

/**
 * Reads a name that has quotes in it, byte by byte as the reference's reader does: a quote opens a part in which every
 * byte counts, its fellow ends the name. The name goes to the spill without quotes and escapes.
 */
function readQuotedName(columns: PushColumns, start: number, label: boolean, token: Token): void {
  const body = columns.body;
  const end = Math.min(body.length, start + columns.maxTextBytes + 3);
  const first = beginSpill(columns, end - start, token);
  let quoted = false;
  for (let at = start; at < end; ) {
    const byte = byteAt(body, at);
    if (byte === QUOTE) {
      quoted = !quoted;
      if (!quoted) return endSpill(columns, first, at + 1, end, token);
    } else if (byte === LINE_FEED) {
      return token.fail(unescapedLineFeed(label ? "label name" : "metric name", columns, first));
    } else if (byte === BACKSLASH) {
      if (++at >= end) break;
      const escaped = resolveEscape(byteAt(body, at));
      if (escaped < 0) return token.fail(`invalid escape sequence '\\${String.fromCharCode(byteAt(body, at))}'`);
      columns.spill[columns.spillSize++] = escaped;
    } else {
      columns.spill[columns.spillSize++] = byte;
    }
    at++;
    if (!quoted && at < end && !isNamePart(byteAt(body, at), label)) return endSpill(columns, first, at, end, token);
  }
  token.failAtEnd(columns, end);
}

const isNamePart = (byte: number, label: boolean): boolean =>
  byte === QUOTE || (label ? isLabelPart(byte) : isMetricPart(byte));

function beginSpill(columns: PushColumns, sizeBytes: number, token: Token): number {
  columns.reserveSpill(sizeBytes);
  columns.hasQuotedNames = true;
  token.at = ~columns.spillSize;
  return columns.spillSize;
}

function endSpill(columns: PushColumns, first: number, next: number, end: number, token: Token): void {
  token.size = columns.spillSize - first;
  token.next = next;
  if (next >= end) token.failAtEnd(columns, end);
}

function unescapedLineFeed(what: string, columns: PushColumns, first: number): string {
  return `${what} ${quoteToken(columns.spill.subarray(first, columns.spillSize))} contains unescaped new-line`;
}

/** The byte of an escape, or -1. Names, label values and HELP texts know the same three. */
function resolveEscape(byte: number): number {
  if (byte === BACKSLASH) return BACKSLASH;
  if (byte === LOWER_N) return LINE_FEED;
  return byte === QUOTE ? QUOTE : -1;
}

/**
 * Reads a label value whose opening quote is before `start`; `next` is behind the closing one. The token is the value
 * as the text format 0.0.4 writes it, escapes included: there is only one way to write a value. In OpenMetrics a
 * backslash before any other character is one by itself.
 */
export class ValueToken extends Token {
  read(columns: PushColumns, start: number, isOpenMetrics = false): void {
    const { body } = columns;
    const end = Math.min(body.length, start + columns.maxTextBytes + 1);
    let bits = 0;
    let loneBackslashes = 0;
    let at = start;
    for (; at < end; at++) {
      const byte = body[at] as number;
      if (byte === QUOTE) break;
      bits |= byte;
      if (byte === LINE_FEED) return this.failAt(body, start, at);
      if (byte !== BACKSLASH) continue;
      if (++at >= end) break;
      if (resolveEscape(byteAt(body, at)) >= 0) continue;
      if (!isOpenMetrics) return this.fail(`invalid escape sequence '\\${String.fromCharCode(byteAt(body, at))}'`);
      loneBackslashes++;
      at--;
    }
    if (at >= end) return this.failAtEnd(columns, end);
    this.at = start;
    this.size = at - start;
    this.next = at + 1;
    this.hasHighBytes = bits >= 0x80;
    if (loneBackslashes > 0) this.spill(columns, loneBackslashes);
  }

  /** Moves the value to the spill, its lone backslashes escaped. */
  private spill(columns: PushColumns, loneBackslashes: number): void {
    const { body } = columns;
    const end = this.at + this.size;
    columns.reserveSpill(this.size + loneBackslashes);
    const { spill } = columns;
    const first = columns.spillSize;
    let to = first;
    for (let at = this.at; at < end; at++) {
      const byte = byteAt(body, at);
      spill[to++] = byte;
      if (byte !== BACKSLASH) continue;
      const isEscape = at + 1 < end && resolveEscape(byteAt(body, at + 1)) >= 0;
      spill[to++] = isEscape ? byteAt(body, ++at) : BACKSLASH;
    }
    columns.spillSize = to;
    this.at = ~first;
    this.size = to - first;
  }

  private failAt(body: Uint8Array, start: number, at: number): void {
    this.fail(`label value ${quoteToken(unescapeBytes(body.subarray(start, at)))} contains unescaped new-line`);
  }
}

/** Of a HELP text so much is read byte by byte, which is nearly always all of it. */
const SHORT_HELP_BYTES = 128;

/**
 * Reads the rest of a line as a HELP text, escapes resolved (into the spill where there are any); `next` is the line
 * feed. In OpenMetrics a backslash before any other character is one by itself.
 */
export function readHelp(columns: PushColumns, start: number, token: Token, isOpenMetrics = false): void {
  const body = columns.body;
  const end = Math.min(body.length, start + columns.maxTextBytes + 1);
  const shortEnd = Math.min(end, start + SHORT_HELP_BYTES);
  let bits = 0;
  let at = start;
  for (; at < shortEnd; at++) {
    const byte = body[at] as number;
    if (byte === LINE_FEED || byte === BACKSLASH) break;
    bits |= byte;
  }
  token.hasHighBytes = bits >= 0x80;
  if (at === shortEnd && at < end) at = readPlainHelp(body, at, end, token);
  token.at = start;
  token.size = at - start;
  token.next = at;
  if (at >= end) return token.failAtEnd(columns, end);
  if (body[at] === BACKSLASH) readEscapedHelp(columns, start, end, token, isOpenMetrics);
}

/** As far as a HELP text goes on without an escape: the runtime is quicker with long runs. */
function readPlainHelp(body: Uint8Array, start: number, end: number, token: Token): number {
  const lineFeed = body.subarray(start, end).indexOf(LINE_FEED);
  const line = body.subarray(start, lineFeed < 0 ? end : start + lineFeed);
  const backslash = line.indexOf(BACKSLASH);
  const plain = backslash < 0 ? line : line.subarray(0, backslash);
  token.hasHighBytes ||= !isAscii(plain);
  return start + plain.length;
}

function readEscapedHelp(columns: PushColumns, start: number, end: number, token: Token, isOpenMetrics: boolean): void {
  const body = columns.body;
  columns.reserveSpill(end - start);
  const first = columns.spillSize;
  token.hasHighBytes = true;
  for (let at = start; at < end; at++) {
    let byte = byteAt(body, at);
    if (byte === LINE_FEED) {
      token.at = ~first;
      token.size = columns.spillSize - first;
      token.next = at;
      return;
    }
    if (byte === BACKSLASH) {
      if (++at >= end) break;
      byte = resolveEscape(byteAt(body, at));
      if (byte < 0 && !isOpenMetrics)
        return token.fail(`invalid escape sequence '\\${String.fromCharCode(byteAt(body, at))}'`);
      if (byte < 0) {
        byte = BACKSLASH;
        at--;
      }
    }
    columns.spill[columns.spillSize++] = byte;
  }
  token.failAtEnd(columns, end);
}
