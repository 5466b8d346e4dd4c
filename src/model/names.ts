/*
 * The rules for metric and label names, and the ways to write names outside of the old character set inside of it:
 * https://prometheus.io/docs/concepts/data_model/ and https://prometheus.io/docs/instrumenting/escaping_schemes/,
 * with the details of prometheus/common.
 */

/** How a scrape writes names outside of the old character set, in the words of the `escaping` parameter. */
export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

const UNDERSCORE = 0x5f;
const COLON = 0x3a;
const MAX_CODE_POINT = 0x10ffff;
/** The reference gives up on longer codes, so the last code points do not survive a round trip. */
const MAX_CODE_DIGITS = 5;

/** Whether a name is [a-zA-Z_:][a-zA-Z0-9_:]*. */
export function isLegacyMetricName(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (!isLegacyCharacter(name.charCodeAt(i), i)) return false;
  return name.length > 0;
}

/** Whether a name is [a-zA-Z_][a-zA-Z0-9_]*. */
export function isLegacyLabelName(name: string): boolean {
  return isLegacyMetricName(name) && !name.includes(":");
}

/** Whether a code point may stand at index `i` of a metric name of the old character set. */
function isLegacyCharacter(code: number, i: number): boolean {
  const lower = code | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  return code === UNDERSCORE || code === COLON || (code >= 0x30 && code <= 0x39 && i > 0);
}

/**
 * A metric or label name in the given scheme. Names of the old metric character set stay as they are, but for "dots",
 * which still doubles their underscores: a scrape must not escape those names at all. An empty name stays empty.
 */
export function escapeName(name: string, scheme: EscapingScheme): string {
  switch (scheme) {
    case "allow-utf-8":
      return name;
    case "underscores":
      return isLegacyMetricName(name) ? name : escapeWith(name, "_", "_", () => "_");
    case "dots":
      return escapeWith(name, "__", "_dot_", () => "__");
    case "values":
      return isLegacyMetricName(name) || name === "" ? name : `U__${escapeWith(name, "__", "_2e_", hexadecimalOf)}`;
  }
}

/** Replaces, code point by code point, underscores, dots and what else is outside of the old character set. */
function escapeWith(name: string, underscore: string, dot: string, other: (code: number) => string): string {
  let escaped = "";
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    if (code === UNDERSCORE) escaped += underscore;
    else if (character === ".") escaped += dot;
    else escaped += isLegacyCharacter(code, escaped.length) ? character : other(code);
  }
  return escaped;
}

/** A code point in hexadecimal between underscores; half a surrogate pair is written as the reference writes it. */
function hexadecimalOf(code: number): string {
  return isSurrogate(code) ? "_FFFD_" : `_${code.toString(16)}_`;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/**
 * The name that "values" escaping was made from: `U__a_2e_b` is `a.b`. A name without the prefix, and one that is not
 * well formed after it, comes back as it is.
 */
export function unescapeValuesName(name: string): string {
  if (!name.startsWith("U__")) return name;
  let unescaped = "";
  for (let i = 3; i < name.length; i++) {
    if (name.charCodeAt(i) !== UNDERSCORE) {
      unescaped += name.charAt(i);
      continue;
    }
    const end = name.indexOf("_", i + 1);
    if (end < 0) return name;
    const character = end === i + 1 ? "_" : decodeValue(name, i + 1, end);
    if (character === null) return name;
    unescaped += character;
    i = end;
  }
  return unescaped;
}

/** The character whose code is name[start, end) in hexadecimal, null if that is none. */
function decodeValue(name: string, start: number, end: number): string | null {
  const digits = name.slice(start, end);
  if (digits.length > MAX_CODE_DIGITS || !/^[0-9a-fA-F]+$/.test(digits)) return null;
  const code = Number.parseInt(digits, 16);
  return code > MAX_CODE_POINT || isSurrogate(code) ? null : String.fromCodePoint(code);
}
