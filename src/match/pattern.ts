import { Rejection } from "../model/rejection.ts";
import { compilePattern } from "./engine.ts";
import { type PatternPart, readAlternatives } from "./plain-pattern.ts";
import type { ValueTest } from "./value-test.ts";

/** Of the engine, for each byte of a value: it looks at some thirty bytes in that time. */
const ENGINE_UNITS = 32;

const decoder = new TextDecoder();

/**
 * What a regular expression says of a whole value, as Prometheus reads it: Go's syntax (RE2), anchored at both ends,
 * `.` matches a line end too. Time is linear in the size of the value. Patterns made of plain text and `.*` are
 * compared without the engine.
 */
export function patternTest(pattern: Uint8Array): ValueTest | Rejection {
  const text = decoder.decode(pattern);
  const alternatives = readAlternatives(text);
  if (alternatives !== null) return { holdsFor: plainTest(alternatives), unitsAByte: alternatives.length };
  const test = compilePattern(text, true);
  if (typeof test === "string") return new Rejection("malformed", test);
  return { holdsFor: (value) => test(decoder.decode(value)), unitsAByte: ENGINE_UNITS };
}

function plainTest(alternatives: readonly (readonly PatternPart[])[]): ValueTest["holdsFor"] {
  const tests = alternatives.map(onePlainTest);
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (value) => tests.some((test) => test(value));
}

/** Of plain text with gaps at its ends at most: `text`, `text.*`, `.*text`, `.*text.*`, `.*`. */
function onePlainTest(pieces: readonly PatternPart[]): ValueTest["holdsFor"] {
  const text = Buffer.concat(pieces.flatMap((piece) => (piece.kind === "text" ? [piece.bytes] : [])));
  const before = gapOf(pieces[0]);
  // A pattern that is one gap has it in front.
  const behind = pieces.length > 1 ? gapOf(pieces[pieces.length - 1]) : null;
  const least = (before ?? 0) + text.length + (behind ?? 0);
  if (before === null && behind === null) return (value) => value.length === least && Buffer.compare(value, text) === 0;
  if (text.length === 0) return (value) => value.length >= least;
  if (before === null) return (value) => value.length >= least && startsAt(value, text, 0);
  if (behind === null) return (value) => value.length >= least && startsAt(value, text, value.length - text.length);
  return (value) => includes(value, text, before, behind);
}

/** How many bytes a gap has at least; null: the piece is none. */
function gapOf(piece: PatternPart | undefined): number | null {
  return piece?.kind === "gap" ? piece.least : null;
}

function startsAt(value: Uint8Array, text: Uint8Array, at: number): boolean {
  return Buffer.compare(value.subarray(at, at + text.length), text) === 0;
}

/** With at least so many bytes before and behind the text. */
function includes(value: Uint8Array, text: Uint8Array, before: number, behind: number): boolean {
  const at = Buffer.from(value.buffer, value.byteOffset, value.length).indexOf(text, before);
  return at >= 0 && at + text.length + behind <= value.length;
}
