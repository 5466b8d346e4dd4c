import { byteAt } from "./at.ts";
import { COLON, DELETE, NINE, SPACE, ZERO } from "./characters.ts";

/** What a byte may be in the old (ASCII) names of metrics and labels. Bits of CLASS. */
const LABEL_START = 1;
const LABEL_PART = 2;
const METRIC_START = 4;
const METRIC_PART = 8;

/** What tells a small letter from a capital one. */
const LOWER_BIT = 0x20;

const CLASS = buildClasses();

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  for (const letter of letters) classes[letter.charCodeAt(0)] = LABEL_START | LABEL_PART | METRIC_START | METRIC_PART;
  for (const digit of "0123456789") classes[digit.charCodeAt(0)] = LABEL_PART | METRIC_PART;
  classes[COLON] = METRIC_START | METRIC_PART;
  return classes;
}

export const isLabelStart = (byte: number): boolean => ((CLASS[byte] as number) & LABEL_START) !== 0;
export const isLabelPart = (byte: number): boolean => ((CLASS[byte] as number) & LABEL_PART) !== 0;
export const isMetricStart = (byte: number): boolean => ((CLASS[byte] as number) & METRIC_START) !== 0;
export const isMetricPart = (byte: number): boolean => ((CLASS[byte] as number) & METRIC_PART) !== 0;

/** Whether source[start, start+size) is [a-zA-Z_:][a-zA-Z0-9_:]*. The text format writes such names without quotes. */
export function isLegacyName(source: Uint8Array, start: number, size: number): boolean {
  if (size === 0 || !isMetricStart(byteAt(source, start))) return false;
  for (let i = start + 1; i < start + size; i++) if (!isMetricPart(byteAt(source, i))) return false;
  return true;
}

/** Whether source[start, start+size) is [a-zA-Z_][a-zA-Z0-9_]*. */
export function isLegacyLabel(source: Uint8Array, start: number, size: number): boolean {
  if (size === 0 || !isLabelStart(byteAt(source, start))) return false;
  for (let i = start + 1; i < start + size; i++) if (!isLabelPart(byteAt(source, i))) return false;
  return true;
}

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

/** Of A to Z, a to z in their place; any other byte as it is. */
export const lowerOf = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | LOWER_BIT : byte);

/** Whether a code is one of a letter of ASCII. */
export function isLetter(code: number): boolean {
  const lower = code | LOWER_BIT;
  return lower >= 0x61 && lower <= 0x7a;
}

/** The value of a hexadecimal digit, -1 if it is not one. */
export function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (isDigit(byte)) return byte - ZERO;
  const letter = byte | LOWER_BIT;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Whether a code is one of ASCII that is neither a control nor above. */
export const isPrintableAscii = (code: number): boolean => code >= SPACE && code < DELETE;

/** Of Buffer's methods the quickest way to a string; it takes any bytes. */
const { latin1Slice } = Buffer.prototype;

/** bytes[start, end) as a string of one character a byte: a key for sets, a number's token, not for people. */
export function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes as Buffer, start, end);
}

/** Writes source[start, end) to target at `at`, with A to Z as a to z. */
export function copyFolded(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  for (let from = start, to = at; from < end; from++, to++) target[to] = lowerOf(byteAt(source, from));
}
