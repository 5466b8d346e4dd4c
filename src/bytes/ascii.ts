import { byteAt } from "./at.ts";

/** What a byte may be in the old (ASCII) names of metrics and labels. Bits of CLASS. */
const LABEL_START = 1;
const LABEL_PART = 2;
const METRIC_START = 4;
const METRIC_PART = 8;

const CLASS = buildClasses();

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  for (const letter of letters) classes[letter.charCodeAt(0)] = LABEL_START | LABEL_PART | METRIC_START | METRIC_PART;
  for (const digit of "0123456789") classes[digit.charCodeAt(0)] = LABEL_PART | METRIC_PART;
  classes[0x3a] = METRIC_START | METRIC_PART;
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

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** Of Buffer's methods the quickest way to a string; it takes any bytes. */
const { latin1Slice } = Buffer.prototype;

/** bytes[start, end) as a string of one character a byte: a key for sets, a number's token, not for people. */
export function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes as Buffer, start, end);
}

/** Writes source[start, end) to target at `at`, with A to Z as a to z. */
export function copyFolded(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  for (let from = start, to = at; from < end; from++, to++) {
    const byte = byteAt(source, from);
    target[to] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  }
}
