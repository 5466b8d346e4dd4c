import type { PushColumns } from "../model/columns.ts";
import { NEEDS_SIDE } from "../model/metric-rows.ts";
import { canonicalSize, parseGoFloat, plainInteger } from "./number.ts";

/** The float at body[start, end), or undefined where that is none. */
export function readFloatValue(columns: PushColumns, start: number, end: number): number | undefined {
  const integer = plainInteger(columns.body, start, end);
  return Number.isNaN(integer) ? parseGoFloat(columns.latin1(start, end - start)) : integer;
}

/** A sample row for the float at body[start, end), or -1 where that is none. */
export function addFloatValue(columns: PushColumns, metric: number, bound: number, start: number, end: number): number {
  const canonical = canonicalSize(columns.body, start, end);
  if (canonical > 0) return columns.samples.add(bound, 0, start, canonical);
  const value = readFloatValue(columns, start, end);
  if (value === undefined) return -1;
  // Text prints -0 as 0; the other formats keep the sign.
  if (Object.is(value, -0)) columns.metrics.flag(metric, NEEDS_SIDE);
  return columns.samples.add(bound, value, 0, 0);
}
