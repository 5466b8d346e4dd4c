import type { StoreLimits } from "../model/limits.ts";
import { Rejection } from "../model/rejection.ts";
import type { Table } from "./table.ts";

/**
 * Why a push that adds so much cannot be kept, or null. What does not grow the store is always taken, even where it is over
 * its limits (a file may have been restored under other ones). Costs nothing but comparisons.
 */
export function findFull(
  table: Table,
  limits: StoreLimits,
  groups: number,
  series: number,
  sizeBytes: number,
): Rejection | null {
  if (groups > 0 && table.groups.count + groups > limits.maxGroups)
    return full("groups", limits.maxGroups, "store.max-groups");
  if (series > 0 && table.seriesCount + series > limits.maxSeries)
    return full("series", limits.maxSeries, "store.max-series");
  if (sizeBytes > 0 && table.sizeBytes + sizeBytes > limits.maxSizeBytes)
    return full("bytes", limits.maxSizeBytes, "store.max-size");
  return null;
}

function full(
  what: string,
  limit: number,
  flag: "store.max-groups" | "store.max-series" | "store.max-size",
): Rejection {
  return new Rejection("full", `the Pushgateway is full: it keeps at most ${limit} ${what} (--${flag})`, flag);
}
