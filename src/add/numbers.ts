import type { GaugeRule } from "../model/gauge-rule.ts";
import { MetricType } from "../model/metric-type.ts";
import { earliest, latest } from "./messages.ts";
import type { SingleValue } from "./metric.ts";

/** A value that was stored and one that is pushed: counters and untyped ones are added, gauges as the rule says. */
export function addNumbers(type: MetricType, rule: GaugeRule, stored: SingleValue, pushed: SingleValue): SingleValue {
  return {
    value: gaugeOf(type === MetricType.gauge ? rule : "sum", stored.value, pushed.value),
    exemplar: latest(stored.exemplar, pushed.exemplar),
    created: earliest(stored.created, pushed.created),
  };
}

/** A number that is none gives way to any other where the least or the largest is asked for. */
export function gaugeOf(rule: GaugeRule, stored: number, pushed: number): number {
  if (rule === "sum") return stored + pushed;
  if (rule === "replace" || Number.isNaN(stored)) return pushed;
  if (Number.isNaN(pushed)) return stored;
  return rule === "min" ? Math.min(stored, pushed) : Math.max(stored, pushed);
}
