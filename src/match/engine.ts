import type * as Re2 from "re2js";
import { quoteTokenText, shownToken } from "../model/quote.ts";
import { patternWeight } from "./pattern-weight.ts";

/**
 * A pattern may be compiled to so many steps. A text is held against it in at most so many looks at each of its
 * characters; compiling takes a millisecond or two.
 */
export const MAX_WEIGHT = 1000;

/** Whether a text as a whole is one of those that a pattern stands for. */
export type TextTest = (text: string) => boolean;

/**
 * What a regular expression in Go's syntax (RE2) says of whole texts, in time linear in their size, or why it says
 * nothing, in Go's words. `dotAll`: `.` matches a line end, too.
 */
export function compilePattern(pattern: string, dotAll: boolean): TextTest | string {
  if (patternWeight(pattern, MAX_WEIGHT) > MAX_WEIGHT)
    return `error parsing regexp: ${quoteTokenText(pattern)} would take more than ${MAX_WEIGHT} steps a character`;
  // Loading it takes 20 ms, which a start without a pattern is spared.
  const { RE2JS, RE2JSException }: typeof Re2 = require("re2js");
  try {
    const compiled = RE2JS.compile(pattern, dotAll ? RE2JS.DOTALL : 0);
    return (text) => compiled.testExact(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return shownToken(error.message);
  }
}
