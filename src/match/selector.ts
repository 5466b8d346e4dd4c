import { quoteTokenText, shownToken } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { type LabelMatcher, labelMatcher, type MatchOperator } from "./matcher.ts";
import { readQuoted } from "./quoted.ts";

/**
 * Conditions on the labels of a group, all of which hold for a group that is selected:
 * `{job=~"backup.*",instance!=""}`, in the grammar of Prometheus' instant vector selectors without a metric name.
 */
export type Selector = readonly LabelMatcher[];

/** What a selector is read with: where it stands, and what it has read. */
interface Reading {
  readonly text: string;
  at: number;
}

const BLANK = /(?:[ \t\r\n]|#[^\r\n]*)*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /=~|!~|!=|=/y;
const QUOTES = /["'`]/;

/**
 * Reads a selector. As in Prometheus one that holds for a group without any label is refused: `{}`, `{job=~".*"}`;
 * so is a metric name, for groups have none.
 */
export function readSelector(text: string): Selector | Rejection {
  const matchers = readAnySelector(text);
  if (matchers instanceof Rejection) return matchers;
  const selectsAll = matchers.every(({ matchesEmpty }) => matchesEmpty);
  return selectsAll ? refused(text, "a selector must contain at least one non-empty matcher") : matchers;
}

/** As above, of any groups: `{}` is all of them. */
export function readAnySelector(text: string): Selector | Rejection {
  const matchers = readMatchers({ text, at: 0 });
  return matchers instanceof Rejection ? refused(text, matchers.message) : matchers;
}

function refused(text: string, reason: string): Rejection {
  return new Rejection("malformed", `reading the selector ${quoteTokenText(text)}: ${reason}`);
}

function readMatchers(reading: Reading): LabelMatcher[] | Rejection {
  const matchers: LabelMatcher[] = [];
  if (!takes(reading, "{")) return expected(reading, 'a selector such as {job="x"}, without a metric name');
  while (!takes(reading, "}")) {
    const matcher = readMatcher(reading);
    if (matcher instanceof Rejection) return matcher;
    matchers.push(matcher);
    if (takes(reading, ",")) continue;
    if (takes(reading, "}")) break;
    return expected(reading, 'a comma or "}"');
  }
  skipBlank(reading);
  return reading.at === reading.text.length ? matchers : expected(reading, "nothing more");
}

function readMatcher(reading: Reading): LabelMatcher | Rejection {
  const name = readName(reading);
  if (name instanceof Rejection) return name;
  const operator = take(reading, OPERATOR);
  if (operator === null) return expected(reading, "=, !=, =~ or !~");
  if (name === "__name__") return new Rejection("malformed", "groups have no label __name__");
  skipBlank(reading);
  const start = reading.at + 1;
  const value = readString(reading, "a label value in quotes");
  if (value instanceof Rejection) return value;
  const matcher = labelMatcher(name, operator as MatchOperator, value);
  if (!(matcher instanceof Rejection)) return matcher;
  return new Rejection("malformed", `${matcher.message} in the pattern at character ${start}`);
}

/** A name as it is, or in quotes where it has other characters. */
function readName(reading: Reading): string | Rejection {
  const plain = take(reading, NAME);
  if (plain !== null) return plain;
  const quoted = readString(reading, "a label name");
  return quoted instanceof Rejection ? quoted : Buffer.from(quoted).toString();
}

function readString(reading: Reading, what: string): Uint8Array | Rejection {
  skipBlank(reading);
  if (!QUOTES.test(reading.text[reading.at] ?? "")) return expected(reading, what);
  const read = readQuoted(reading.text, reading.at);
  if (read instanceof Rejection) return read;
  reading.at = read.end;
  return read.bytes;
}

function takes(reading: Reading, character: string): boolean {
  skipBlank(reading);
  if (reading.text[reading.at] !== character) return false;
  reading.at++;
  return true;
}

/** Takes what the pattern, a sticky one, finds behind blanks and comments; null where it finds nothing. */
function take(reading: Reading, pattern: RegExp): string | null {
  skipBlank(reading);
  pattern.lastIndex = reading.at;
  const found = pattern.exec(reading.text)?.[0] ?? null;
  if (found !== null) reading.at += found.length;
  return found;
}

function skipBlank(reading: Reading): void {
  BLANK.lastIndex = reading.at;
  reading.at += BLANK.exec(reading.text)?.[0].length ?? 0;
}

function expected({ text, at }: Reading, what: string): Rejection {
  const found = at < text.length ? quoteTokenText(shownToken(text.slice(at, at + 20))) : "the end";
  return new Rejection("malformed", `expected ${what} at character ${at + 1}, found ${found}`);
}
