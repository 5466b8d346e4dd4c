import { readAnySelector, type Selector } from "../match/selector.ts";
import { Fault } from "../model/fault.ts";
import type { GaugeRule } from "../model/gauge-rule.ts";
import { Rejection } from "../model/rejection.ts";
import type { FlagValues } from "./flags.ts";

/** Which pushes are added to what their group holds without asking for it, and how gauges are. */
export interface AddingSettings {
  /** Of groups: one that holds is enough. */
  readonly selectors: readonly Selector[];
  readonly gauges: GaugeRule;
}

export function readAdding(values: FlagValues): AddingSettings | Fault {
  const selectors: Selector[] = [];
  for (const text of values["push.aggregate"]) {
    const selector = readAnySelector(text);
    if (selector instanceof Rejection) return new Fault(`--push.aggregate: ${selector.message}`);
    selectors.push(selector);
  }
  return { selectors, gauges: values["push.aggregate-gauges"] };
}
