import { isDigit } from "../bytes/ascii.ts";
import { byteAt } from "../bytes/at.ts";
import { LOWER_E, MINUS, NINE, PLUS, POINT, ZERO } from "../bytes/characters.ts";
import { EXACT_DIGITS } from "../exposition/number-text.ts";

/**
 * How many bytes of the token body[start, end) are the float as the text format prints it, so that they can be copied:
 * all of `12`, `0.5`, `1.5e+06`, `NaN`, `+Inf`; without the zeros that say nothing of `1.0` and `2.50`. 0 for many
 * others that are floats as well, and for all that are none.
 */
export function canonicalSize(body: Uint8Array, start: number, end: number): number {
  let at = body[start] === MINUS ? start + 1 : start;
  const first = body[at] as number;
  if (first < ZERO || first > NINE || at >= end) return isSpecialFloat(body, start, end) ? end - start : 0;
  const wholeStart = at;
  while (at < end && isDigit(body[at] as number)) at++;
  const wholeDigits = at - wholeStart;
  if (first === ZERO && wholeDigits > 1) return 0;
  const isZero = first === ZERO;
  const wholeSize = wholeDigits <= 6 && (!isZero || wholeStart === start) ? at - start : 0;
  if (at === end) return wholeSize;
  let mantissaEnd = at;
  if (body[at] === POINT) {
    mantissaEnd = digitsEnd(body, at + 1, end);
    if (mantissaEnd === at + 1) return 0;
  }
  if (mantissaEnd < end)
    return isCanonicalScientific(body, at, mantissaEnd, end, wholeDigits, isZero) ? end - start : 0;
  while (body[mantissaEnd - 1] === ZERO) mantissaEnd--;
  if (mantissaEnd === at + 1) return wholeSize;
  if (wholeDigits > 6 || wholeDigits + mantissaEnd - at - 1 > EXACT_DIGITS) return 0;
  return isZero && !startsEarly(body, at + 1, mantissaEnd) ? 0 : mantissaEnd - start;
}

/** A mantissa of one digit but 0 and perhaps a fraction that does not end in 0, before an exponent as it is printed. */
function isCanonicalScientific(
  body: Uint8Array,
  wholeEnd: number,
  mantissaEnd: number,
  end: number,
  wholeDigits: number,
  isZero: boolean,
): boolean {
  if (wholeDigits !== 1 || isZero || mantissaEnd - wholeEnd > EXACT_DIGITS) return false;
  if (mantissaEnd > wholeEnd && body[mantissaEnd - 1] === ZERO) return false;
  return isCanonicalExponent(body, mantissaEnd, end);
}

function digitsEnd(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(body[at] as number)) at++;
  return at;
}

/**
 * The whole number that the token body[start, end) writes with digits only and perhaps a minus sign, where it is exact
 * as a double and not -0; NaN for anything else.
 */
export function plainInteger(body: Uint8Array, start: number, end: number): number {
  const negative = body[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (first === end || end - first > EXACT_DIGITS) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = byteAt(body, at);
    if (!isDigit(byte)) return Number.NaN;
    value = value * 10 + byte - ZERO;
  }
  if (!negative) return value;
  return value === 0 ? Number.NaN : -value;
}

/** Whether a fraction's first digit but 0 is within four places: the value is at least 1e-4. */
function startsEarly(body: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end && at < start + 4; at++) if (body[at] !== ZERO) return true;
  return false;
}

/**
 * `e+06` to `e+299`, `e-05` to `e-299`: two digits at least, no surplus zero, a size that is printed with an exponent.
 */
function isCanonicalExponent(body: Uint8Array, start: number, end: number): boolean {
  const digits = end - start - 2;
  const sign = body[start + 1];
  if (body[start] !== LOWER_E || (sign !== PLUS && sign !== MINUS) || digits < 2 || digits > 3) return false;
  let value = 0;
  for (let at = start + 2; at < end; at++) {
    const byte = byteAt(body, at);
    if (!isDigit(byte)) return false;
    value = value * 10 + byte - ZERO;
  }
  if (digits === 3 && (value < 100 || value > 299)) return false;
  return value >= (sign === PLUS ? 6 : 5);
}

function isSpecialFloat(body: Uint8Array, start: number, end: number): boolean {
  if (end - start === 3) return body[start] === 0x4e && body[start + 1] === 0x61 && body[start + 2] === 0x4e;
  if (end - start !== 4 || (body[start] !== PLUS && body[start] !== MINUS)) return false;
  return body[start + 1] === 0x49 && body[start + 2] === 0x6e && body[start + 3] === 0x66;
}

/**
 * The number that Go's strconv.ParseFloat reads from `token`, or undefined where that, or the reference before it,
 * finds an error: hexadecimal and underscored numbers, a signed NaN, anything that overflows. Source: expfmt's
 * parseFloat.
 */
export function parseGoFloat(token: string): number | undefined {
  if (DECIMAL.test(token)) {
    const value = Number(token);
    return Number.isFinite(value) ? value : undefined;
  }
  const special = SPECIAL.exec(token);
  if (special === null) return undefined;
  if (special[2] !== undefined) return Number.NaN;
  return special[1] === "-" ? -Infinity : Infinity;
}

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const SPECIAL = /^(?:([+-]?)inf(?:inity)?|(nan))$/i;

/** Whether `token` is what Go's strconv.ParseInt(token, 10, 64) takes. */
export function isGoInteger(token: string): boolean {
  const digits = /^[+-]?0*([0-9]*)$/.exec(token)?.[1];
  // 64 bits are 19 digits at most; reading a long number costs the square of its length.
  if (digits === undefined || digits.length > 19 || !/[0-9]$/.test(token)) return false;
  const value = BigInt(token[0] === "-" ? `-${digits || 0}` : digits || 0);
  return value >= -(1n << 63n) && value < 1n << 63n;
}

/**
 * What Go's uint64(value) is on amd64: truncated, and 2^63 for what does not fit. Negative ones are wrapped around
 * there; here they stay below 0, as no double holds 2^64-4: see SampleRows.
 */
export function goUint64(value: number): number {
  return value > -(2 ** 63) && value < 2 ** 64 ? Math.trunc(value) + 0 : 2 ** 63;
}
