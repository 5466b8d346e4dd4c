import type { PushColumns } from "./columns.ts";
import { ADDS, CLEARS, REPLACES } from "./metric-rows.ts";

/** The flag of metrics that each mode of a series sets; gravel-gateway knows two of them by two names. */
export const CLEAR_MODES: Readonly<Record<string, number>> = {
  aggregate: ADDS,
  sum: ADDS,
  replace: REPLACES,
  family: CLEARS,
  info: CLEARS,
};

/** What a series says of itself; null: what holds for its type. */
export type SeriesRule = "sum" | "replace" | null;

export function seriesRule({ metrics }: PushColumns, metric: number): SeriesRule {
  if (metrics.has(metric, REPLACES)) return "replace";
  return metrics.has(metric, ADDS) ? "sum" : null;
}

/** The rules of the series of a family, in their order; undefined: no series of the push has one of its own. */
export function seriesRules(columns: PushColumns, family: number): readonly SeriesRule[] | undefined {
  if (!columns.hasModes) return undefined;
  const rules: SeriesRule[] = [];
  columns.eachMetric(family, (metric) => rules.push(seriesRule(columns, metric)));
  return rules;
}

/** Whether some series of a family takes the place of all that its group has of it. */
export function clearsFamily(columns: PushColumns, family: number): boolean {
  if (!columns.hasModes) return false;
  const { families, metrics } = columns;
  for (let metric = families.firstMetric(family); metric >= 0; metric = metrics.next(metric))
    if (metrics.has(metric, CLEARS)) return true;
  return false;
}
