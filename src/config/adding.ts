import { readAnySelector, type Selector } from "../match/selector.ts";
import { Fault } from "../model/fault.ts";
import type { GaugeRule } from "../model/gauge-rule.ts";
import { isLegacyLabelName } from "../model/names.ts";
import { quoteText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { parseDuration } from "./duration.ts";
import type { FlagValues } from "./flags.ts";
import { parseCount } from "./size.ts";

/** Which pushes are added to what their group holds without asking for it, and how gauges are. */
export interface AddingSettings {
  /** Of groups: one that holds is enough. */
  readonly selectors: readonly Selector[];
  readonly gauges: GaugeRule;
  /** The label of series that says how each of them is added; "": there is none. */
  readonly modeLabel: string;
  /** Idempotency keys are looked at. */
  readonly takesKeys: boolean;
}

/** They say which series it is. */
const NEEDED_LABELS: ReadonlySet<string> = new Set(["job", "instance", "le", "quantile"]);

const mayBeModeLabel = (name: string): boolean =>
  isLegacyLabelName(name) && !name.startsWith("__") && !NEEDED_LABELS.has(name);

export function readAdding(values: FlagValues): AddingSettings | Fault {
  const selectors: Selector[] = [];
  for (const text of values["push.aggregate"]) {
    const selector = readAnySelector(text);
    if (selector instanceof Rejection) return new Fault(`--push.aggregate: ${selector.message}`);
    selectors.push(selector);
  }
  const modeLabel = values["push.clearmode-label"];
  if (modeLabel !== "" && !mayBeModeLabel(modeLabel))
    return new Fault(`--push.clearmode-label: ${quoteText(modeLabel)} is no label that series can do without`);
  const fault = findKeyFault(values);
  if (fault !== null) return fault;
  const takesKeys = Number(parseCount(values[MAX_KEYS])) > 0;
  return { selectors, gauges: values["push.aggregate-gauges"], modeLabel, takesKeys };
}

/** All of a group's keys are written with each push to it. */
const MOST_KEYS = 10_000;
const MAX_KEYS = "push.max-idempotency-keys";
const WINDOW = "push.idempotency-window";

function findKeyFault(values: FlagValues): Fault | null {
  const window = parseDuration(values[WINDOW]);
  if (window instanceof Fault) return window;
  if (window <= 0n) return new Fault(`--${WINDOW} must be positive, got ${values[WINDOW]}`);
  const isFew = Number(parseCount(values[MAX_KEYS])) <= MOST_KEYS;
  return isFew ? null : new Fault(`--${MAX_KEYS} must not be above ${MOST_KEYS}, got ${values[MAX_KEYS]}`);
}
