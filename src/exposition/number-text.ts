import { byteAt } from "../bytes/at.ts";
import { Broken } from "../bytes/broken.ts";
import { LOWER_E, MINUS, NINE, POINT, ZERO } from "../bytes/characters.ts";
import { formatFloat, UINT64_LIMIT } from "../bytes/float.ts";

const DECIMAL = /^-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?$/;
/** Decimal digits that always fit into the 53 bits of a double: a decimal of no more is its own shortest form. */
export const EXACT_DIGITS = 15;
/** The powers of ten that a double holds exactly. */
const POWERS_OF_TEN = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
];

/**
 * The number that source[start, end) prints: one of the forms that `formatFloat` writes. Anything else throws. Few
 * digits are read without a string: a whole number below 10^15 times or over an exact power of ten is rounded once, so
 * rightly.
 */
export function readFloat(source: Uint8Array, start: number, end: number): number {
  const negative = source[start] === MINUS;
  let mantissa = 0;
  let digits = 0;
  let fractionStart = -1;
  let at = negative ? start + 1 : start;
  for (; at < end; at++) {
    const byte = byteAt(source, at);
    if (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + byte - ZERO;
      digits++;
    } else if (byte === POINT && fractionStart < 0) fractionStart = digits;
    else break;
  }
  if (digits === 0 || digits > EXACT_DIGITS || (at < end && source[at] !== LOWER_E))
    return readSlowly(source, start, end);
  const exponent =
    (at < end ? readExponent(source, at + 1, end) : 0) - (fractionStart < 0 ? 0 : digits - fractionStart);
  const power = POWERS_OF_TEN[Math.abs(exponent)];
  if (power === undefined) return readSlowly(source, start, end);
  const magnitude = exponent < 0 ? mantissa / power : mantissa * power;
  return negative ? -magnitude : magnitude;
}

/** The whole number source[start, end), a sign and digits; NaN if it is not one. */
function readExponent(source: Uint8Array, start: number, end: number): number {
  if (end - start < 2) return Number.NaN;
  let value = 0;
  for (let at = start + 1; at < end; at++) {
    const byte = byteAt(source, at);
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + byte - ZERO;
  }
  return source[start] === MINUS ? -value : value;
}

function readSlowly(source: Uint8Array, start: number, end: number): number {
  const text = latin1(source, start, end);
  if (text === "NaN") return Number.NaN;
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  const value = DECIMAL.test(text) ? Number(text) : Infinity;
  if (value === Infinity) throw new Broken(`reading a stored number: ${JSON.stringify(text)} is none`);
  return value;
}

/** source[start, end) as text, a character a byte. */
function latin1(source: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(byteAt(source, at));
  return text;
}

/** Whether `value` is a whole number that an unsigned 64-bit integer holds. */
export function isUint64(value: number): boolean {
  return value >= 0 && value < UINT64_LIMIT && value === Math.floor(value);
}

/** A double as Go's fmt.Sprint prints it: as in the text format, but negative zero keeps its sign. */
export function goFloat(value: number): string {
  return Object.is(value, -0) ? "-0" : formatFloat(value);
}

/** A count in plain decimal digits, exactly; from 2^64 up the largest uint64. */
export function uint64Text(value: number): string {
  if (value <= Number.MAX_SAFE_INTEGER) return String(value);
  return value < UINT64_LIMIT ? BigInt(value).toString() : "18446744073709551615";
}
