/*
 * The rules for metric and label names, and the ways to write names outside of the old character set inside of it:
 * https://prometheus.io/docs/concepts/data_model/ and https://prometheus.io/docs/instrumenting/escaping_schemes/,
 * with the details of prometheus/common.
 */

import { isDigit, isLetter } from "../bytes/ascii.ts";
import { COLON, UNDERSCORE } from "../bytes/characters.ts";
import { isCodePoint, isSurrogate } from "../bytes/utf8.ts";

/** How a scrape writes names outside of the old character set, in the words of the `escaping` parameter. */
export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

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

/** Whether a code point is allowed at index `i` of a metric name of the old character set. */
function isLegacyCharacter(code: number, i: number): boolean {
  return isLetter(code) || code === UNDERSCORE || code === COLON || (isDigit(code) && i > 0);
}

/**
 * A metric name in the given scheme. Names of the old character set stay as they are, but for "dots", which still
 * doubles their underscores: a scrape must not escape those names at all. An empty name stays empty.
 */
export function escapeName(name: string, scheme: EscapingScheme): string {
  switch (scheme) {
    case "allow-utf-8":
      return name;
    case "underscores":
      return isLegacyMetricName(name) ? name : escapeWith(UNDERSCORES, name, isLegacyCharacter);
    case "dots":
      return escapeWith(DOTS, name, isLegacyCharacter);
    case "values":
      return isLegacyMetricName(name) || name === "" ? name : `U__${escapeWith(VALUES, name, isLegacyCharacter)}`;
  }
}

/**
 * A label name as a scrape with this escaping prints it: one of the old character set as it is. Colons are escaped as
 * well, for scrapers take them in names of metrics only.
 */
export function escapeLabelName(name: string, scheme: EscapingScheme): string {
  if (scheme === "allow-utf-8" || isLegacyLabelName(name)) return name;
  if (scheme === "values") return `U__${escapeWith(VALUES, name, isLegacyLabelCharacter)}`;
  return escapeWith(scheme === "dots" ? DOTS : UNDERSCORES, name, isLegacyLabelCharacter);
}

/** What a scheme writes for underscores, for dots, and for what else is outside of the old character set. */
interface Escapes {
  readonly underscore: string;
  readonly dot: string;
  readonly other: (code: number) => string;
}

const UNDERSCORES: Escapes = { underscore: "_", dot: "_", other: () => "_" };
const DOTS: Escapes = { underscore: "__", dot: "_dot_", other: () => "__" };
const VALUES: Escapes = { underscore: "__", dot: "_2e_", other: hexadecimalOf };

function escapeWith(escapes: Escapes, name: string, isLegacy: (code: number, i: number) => boolean): string {
  let escaped = "";
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    if (code === UNDERSCORE) escaped += escapes.underscore;
    else if (character === ".") escaped += escapes.dot;
    else escaped += isLegacy(code, escaped.length) ? character : escapes.other(code);
  }
  return escaped;
}

function isLegacyLabelCharacter(code: number, i: number): boolean {
  return code !== COLON && isLegacyCharacter(code, i);
}

/** A code point in hexadecimal between underscores; half a surrogate pair is written as the reference writes it. */
function hexadecimalOf(code: number): string {
  return isSurrogate(code) ? "_FFFD_" : `_${code.toString(16)}_`;
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

/** The character whose code is name[start, end) in hexadecimal, null if it is not one. */
function decodeValue(name: string, start: number, end: number): string | null {
  const digits = name.slice(start, end);
  if (digits.length > MAX_CODE_DIGITS || !/^[0-9a-fA-F]+$/.test(digits)) return null;
  const code = Number.parseInt(digits, 16);
  return isCodePoint(code) ? String.fromCodePoint(code) : null;
}
