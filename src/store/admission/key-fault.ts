import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { METRIC_TYPE_NAMES, MetricType } from "../../model/metric-type.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME, type PushTimeName } from "../../model/push-times.ts";
import { shownToken } from "../../model/quote.ts";
import { findUnscrapable } from "../../model/scraped-labels.ts";
import type { PushTimes } from "../table/push-times.ts";
import type { Table } from "../table/table.ts";
import type { DuplicateSearch } from "./duplicates.ts";

/** Labels of a key in an error text. */
const MAX_TOLD_LABELS = 50;

/**
 * Why a key cannot be exposed at all: a reserved name that was smuggled in; names that are one once escaped; push times
 * that another group has the very series of, as `{job="j"}` and `{job="j",instance=""}`, or that were pushed as another
 * type. `group` is -1 if there is none of the key; without `duplicates` other groups do not matter.
 */
export function findKeyFault(
  table: Table,
  times: PushTimes,
  duplicates: DuplicateSearch | null,
  key: GroupingKey,
  group: number,
): string | null {
  for (const { name } of key.labels)
    if (name.startsWith("__"))
      return `${describeKey(PUSH_TIME, key)} has a label with an invalid name: ${shownToken(name)}`;
  if (group >= 0) return null;
  const escaped = key.hasQuotedNames ? findUnscrapable(key.names) : null;
  if (escaped !== null) return `${describeKey(PUSH_TIME, key)} ${escaped}`;
  if (duplicates === null) return null;
  const pushed = table.groups.pushedGroup(group, key);
  for (const name of [PUSH_TIME, PUSH_FAILURE_TIME] as const) {
    const family = times.family(name);
    if (family === null) continue;
    if (family.type !== MetricType.gauge) return `${describeKey(name, key)} is not a ${METRIC_TYPE_NAMES[family.type]}`;
    if (duplicates.findElsewhere(key.full, 0, key.full.length, pushed, family) >= 0)
      return `${describeKey(name, key)} was collected before with the same name and label values`;
  }
  return null;
}

/** A push time of a group as error texts show a metric. */
function describeKey(name: PushTimeName, key: GroupingKey): string {
  const told = key.labels.slice(0, MAX_TOLD_LABELS);
  const labels = told.map((label) => `label:{name:"${shownToken(label.name)}"  value:"${shownToken(label.value)}"}`);
  if (told.length < key.labels.length) labels.push("...");
  return `collected metric "${name}" { ${labels.join("  ")}}`;
}
