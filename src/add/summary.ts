import { earliest } from "./messages.ts";
import type { SummaryValue } from "./metric.ts";

/** Counts and sums are added. The quantiles of two summaries say nothing of both together. */
export function addSummaries(stored: SummaryValue, pushed: SummaryValue): SummaryValue {
  return {
    count: BigInt.asUintN(64, stored.count + pushed.count),
    sum: stored.sum + pushed.sum,
    created: earliest(stored.created, pushed.created),
  };
}
