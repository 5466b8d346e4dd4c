import { compilePattern, type TextTest } from "../match/engine.ts";
import { Fault } from "../model/fault.ts";

/** The expression of `--web.cors.origin`, which an origin as a whole has to match; null where it is empty. */
export function parseOrigins(written: string): TextTest | null | Fault {
  if (written === "") return null;
  const test = compilePattern(written, false);
  if (typeof test !== "string") return test;
  return new Fault(`expected a regular expression for origins, got '${written}': ${test}`);
}
