import { Fault } from "../model/fault.ts";
import { LinearPattern } from "./linear-pattern.ts";
import { PatternFault } from "./pattern-syntax.ts";

/** The expression of `--web.cors.origin`, which an origin as a whole has to match; null where it is empty. */
export function parseOrigins(written: string): LinearPattern | null | Fault {
  if (written === "") return null;
  try {
    return new LinearPattern(written);
  } catch (fault) {
    if (!(fault instanceof PatternFault)) throw fault;
    const reason = `expected a regular expression for origins, got '${written}': ${fault.message}`;
    return new Fault(reason);
  }
}
