import { isBlank, LINE_FEED } from "./scan.ts";

const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;
const LOWER_E = 0x65;
/** A decimal of so many digits is its own shortest form: a double holds 15 digits. */
const EXACT_DIGITS = 15;

/**
 * Whether the token body[start, end) is a float already written as the text format prints it, so that it can be copied:
 * `12`, `0.5`, `1.5e+06`, `NaN`, `+Inf`. False for many that are, never true for one that is not.
 */
export function isCanonicalFloat(body: Uint8Array, start: number, end: number): boolean {
  let at = body[start] === MINUS ? start + 1 : start;
  const first = body[at] as number;
  if (first < ZERO || first > NINE || at >= end) return isSpecialFloat(body, start, end);
  const wholeStart = at;
  while (at < end && isDigit(body[at] as number)) at++;
  const wholeDigits = at - wholeStart;
  if (first === ZERO && wholeDigits > 1) return false;
  if (at === end) return wholeDigits <= 6 && (first !== ZERO || wholeStart === start);
  const mantissaEnd = body[at] === POINT ? fractionEnd(body, at + 1, end) : at;
  if (mantissaEnd < 0) return false;
  if (wholeDigits + mantissaEnd - at - 1 > EXACT_DIGITS) return false;
  if (mantissaEnd < end) return wholeDigits === 1 && first !== ZERO && isCanonicalExponent(body, mantissaEnd, end);
  return wholeDigits <= 6 && (first !== ZERO || startsEarly(body, at + 1, mantissaEnd));
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

/** The end of a fraction's digits, which must not be empty nor end in 0; -1 otherwise. */
function fractionEnd(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(body[at] as number)) at++;
  return at === start || body[at - 1] === ZERO ? -1 : at;
}

/** Whether a fraction's first digit but 0 stands within four places: the value is at least 1e-4. */
function startsEarly(body: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end && at < start + 4; at++) if (body[at] !== ZERO) return true;
  return false;
}

/** `e+06` to `e+299`, `e-05` to `e-299`: two digits at least, no surplus zero, a size that is printed with an exponent. */
function isCanonicalExponent(body: Uint8Array, start: number, end: number): boolean {
  const digits = end - start - 2;
  const sign = body[start + 1];
  if (body[start] !== LOWER_E || (sign !== PLUS && sign !== MINUS) || digits < 2 || digits > 3) return false;
  let value = 0;
  for (let at = start + 2; at < end; at++) {
    const byte = body[at] as number;
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
 * The number that Go's strconv.ParseFloat reads from `token`, or undefined where that, or the reference before it, finds an
 * error: hexadecimal and underscored numbers, a signed NaN, anything that overflows. Source: expfmt's parseFloat.
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
  if (!/^[+-]?[0-9]+$/.test(token)) return false;
  const value = BigInt(token.replace("+", ""));
  return value >= -(1n << 63n) && value < 1n << 63n;
}

/**
 * The number that Go's uint64(value) holds on amd64, as a double: truncated, negative ones wrapped around, and 2^63 for what
 * does not fit at all.
 */
export function goUint64(value: number): number {
  if (value >= 0 && value < 2 ** 64) return Math.trunc(value);
  if (value < 0 && value > -(2 ** 63)) return Number(BigInt.asUintN(64, BigInt(Math.trunc(value))));
  return 2 ** 63;
}

/** The end of the token that starts at `start`: the next blank, tab or line feed, or `end`. */
export function tokenEnd(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = body[at] as number;
    if (byte <= 0x20 && (isBlank(byte) || byte === LINE_FEED)) break;
    at++;
  }
  return at;
}
