import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { MetricType } from "../../model/metric-type.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME, type PushTimeName } from "../../model/push-times.ts";
import { findUnscrapable } from "../../model/scraped-labels.ts";
import type { AddressedGroup } from "../../model/view.ts";
import { NOBODY } from "../table/asides.ts";
import type { PushTimes } from "../table/push-times.ts";
import type { Table } from "../table/table.ts";
import { addressOf, someGroupOf } from "./contradicted-group.ts";
import type { DuplicateSearch } from "./duplicates.ts";
import { COLLECTED_BEFORE, faultyPushTime, invalidLabel, isNoType } from "./wording.ts";

/** What is wrong with a key. */
export interface KeyFault {
  readonly words: string;
  /** The group that has what it would have; null where it is no group. */
  readonly contradicts: AddressedGroup | null;
}

/**
 * What makes a key unfit to be exposed at all: a reserved name that was smuggled in; names that are one once escaped;
 * push times that another group has the very series of, as `{job="j"}` and `{job="j",instance=""}`, or that were pushed
 * as another type. `group` is -1 where there is none of the key; without `duplicates` other groups do not matter.
 */
export function findKeyFault(
  table: Table,
  times: PushTimes,
  duplicates: DuplicateSearch | null,
  key: GroupingKey,
  group: number,
): KeyFault | null {
  const fault = (name: PushTimeName, what: string, other = NOBODY): KeyFault => {
    return { words: faultyPushTime(name, key, what), contradicts: other < 0 ? null : addressOf(table, other) };
  };
  for (const { name } of key.labels) if (name.startsWith("__")) return fault(PUSH_TIME, invalidLabel(name));
  if (group >= 0) return null;
  const escaped = key.hasQuotedNames ? findUnscrapable(key.names) : null;
  if (escaped !== null) return fault(PUSH_TIME, escaped);
  if (duplicates === null) return null;
  const pushed = table.groups.pushedGroup(group, key);
  for (const name of [PUSH_TIME, PUSH_FAILURE_TIME] as const) {
    const family = times.family(name);
    if (family === null) continue;
    if (family.type !== MetricType.gauge) return fault(name, isNoType(family.type), someGroupOf(table, family, NOBODY));
    const other = duplicates.findElsewhere(key.full, 0, key.full.length, pushed, family);
    if (other >= 0) return fault(name, COLLECTED_BEFORE, other);
  }
  return null;
}
