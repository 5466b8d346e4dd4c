import { Rejection } from "../model/rejection.ts";
import { patternTest } from "./pattern.ts";
import type { ValueTest } from "./value-test.ts";

export type MatchOperator = "=" | "!=" | "=~" | "!~";

/** One condition of a selector, on the value of one label; a label that is not there has the empty value. */
export interface LabelMatcher {
  readonly name: string;
  readonly operator: MatchOperator;
  /** What is compared with: the text between the quotes, unescaped; a pattern for `=~` and `!~`. */
  readonly text: Uint8Array;
  readonly matches: (value: Uint8Array) => boolean;
  readonly matchesEmpty: boolean;
  /** Work of each byte of a value, in units of model/work.ts. */
  readonly unitsAByte: number;
}

const EMPTY = new Uint8Array(0);

/** A matcher; refused where its pattern is none, or one that would take too long. */
export function labelMatcher(name: string, operator: MatchOperator, text: Uint8Array): LabelMatcher | Rejection {
  const test = operator === "=" || operator === "!=" ? equals(text) : patternTest(text);
  if (test instanceof Rejection) return test;
  const { holdsFor, unitsAByte } = test;
  const matches = operator.startsWith("!") ? (value: Uint8Array) => !holdsFor(value) : holdsFor;
  return { name, operator, text, matches, matchesEmpty: matches(EMPTY), unitsAByte };
}

function equals(text: Uint8Array): ValueTest {
  return { holdsFor: (value) => value.length === text.length && Buffer.compare(value, text) === 0, unitsAByte: 1 };
}
