import { byteAt } from "./at.ts";
import { LOWER_E, MINUS, PLUS, POINT, ZERO } from "./characters.ts";

/**
 * Numbers as Go prints them (strconv.FormatFloat(v, 'g', -1, 64)). JavaScript's shortest digits are Go's; only the
 * layout of the exponent and the names of the special values differ.
 */

/**
 * `value` as the text format prints it: exponent form from 1e+06 up and below 1e-04; -0 is 0, as the reference has it.
 */
export function formatFloat(value: number): string {
  const magnitude = Math.abs(value);
  if ((magnitude < 1e6 && magnitude >= 1e-4) || magnitude === 0) return String(value);
  if (Number.isNaN(value)) return "NaN";
  if (magnitude === Infinity) return value > 0 ? "+Inf" : "-Inf";
  return exponentForm(value);
}

/** `value` with an exponent of at least two digits: 1.5e+06, 1e-07, 1.7976931348623157e+308. */
function exponentForm(value: number): string {
  const text = value.toExponential();
  const at = text.indexOf("e") + 2;
  return text.length - at === 1 ? `${text.slice(0, at)}0${text.slice(at)}` : text;
}

/** No integer of 64 bits is as large. */
export const UINT64_LIMIT = 2 ** 64;

/** The most bytes that `writeInteger` writes. */
export const INTEGER_BYTES = 24;
const SEVEN_DIGITS = 1e7;

/** Writes a safe integer as `formatFloat` prints it to target[at...], where INTEGER_BYTES are free; returns its end. */
export function writeInteger(target: Uint8Array, at: number, value: number): number {
  let start = at;
  if (value < 0) target[start++] = MINUS;
  const magnitude = Math.abs(value);
  // Two parts that are small integers: their digits cost no string.
  const upper = Math.floor(magnitude / SEVEN_DIGITS);
  const lower = magnitude - upper * SEVEN_DIGITS;
  // Where an exponent follows, the first digit moves one place forward, before the point.
  const first = magnitude < 1e6 ? start : start + 1;
  const upperEnd = upper > 0 ? writeDigits(target, first, upper, 1) : first;
  let end = writeDigits(target, upperEnd, lower, upper > 0 ? 7 : 1);
  if (magnitude < 1e6) return end;
  const exponent = end - first - 1;
  target[start] = byteAt(target, first);
  target[first] = POINT;
  while (target[end - 1] === ZERO) end--;
  if (target[end - 1] === POINT) end--;
  target[end] = LOWER_E;
  target[end + 1] = PLUS;
  target[end + 2] = ZERO + Math.floor(exponent / 10);
  target[end + 3] = ZERO + (exponent % 10);
  return end + 4;
}

/** Writes a small integer with at least `leastDigits` digits; returns its end. */
function writeDigits(target: Uint8Array, at: number, value: number, leastDigits: number): number {
  let count = leastDigits;
  for (let bound = 10 ** leastDigits; value >= bound; bound *= 10) count++;
  let rest = value | 0;
  for (let i = at + count - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    target[i] = ZERO + rest - next * 10;
    rest = next;
  }
  return at + count;
}
