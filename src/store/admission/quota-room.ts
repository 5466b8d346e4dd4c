import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME, PUSH_TIME_HELPS, type PushTimeName } from "../../model/push-times.ts";
import { type Quota, type QuotaUsage, quotaFull } from "../../model/quota.ts";
import type { Rejection } from "../../model/rejection.ts";
import type { Table } from "../table/table.ts";
import { isFor } from "../table/usage.ts";
import type { ComingGroup } from "./capacity.ts";
import { AFTER_COUNTING } from "./wording.ts";

const NOTHING: QuotaUsage = { groups: 0, series: 0, sizeBytes: 0 };
/** A push time as a number is no longer; its line has `{} ` and a line feed besides. */
const MOST_TIME_BYTES = 24 + 4;

/** The most that a push time of a group takes up, with its help text. */
export function pushTimeBytes(name: PushTimeName, { full }: GroupingKey): number {
  return name.length + PUSH_TIME_HELPS[name].length + full.length + MOST_TIME_BYTES;
}

/** What a group holds that is made for a push, besides what that brings. */
export function newGroupUsage(key: GroupingKey): QuotaUsage {
  return { groups: 1, series: 2, sizeBytes: pushTimeBytes(PUSH_TIME, key) + pushTimeBytes(PUSH_FAILURE_TIME, key) };
}

/**
 * Why a push that makes its group hold `more` goes over its quota, AFTER_COUNTING where that cannot be said yet, or
 * null. What does not grow may be over its limit: the limit may have been another one.
 */
export function findOverQuota(
  table: Table,
  coming: ComingGroup | null,
  quota: Quota,
  more: QuotaUsage,
): Rejection | null {
  const { usage } = table.groups;
  const used = usage?.of(quota.name) ?? null;
  if (usage === null || used === null || !isLimited(quota, more)) return null;
  if (!usage.isWhole) return AFTER_COUNTING;
  const ahead = coming === null ? NOTHING : comingUsage(table, quota, coming);
  if (more.groups > 0 && used.groups + ahead.groups + more.groups > quota.maxGroups)
    return quotaFull(quota.name, quota.maxGroups, "groups");
  if (more.series > 0 && used.series + ahead.series + more.series > quota.maxSeries)
    return quotaFull(quota.name, quota.maxSeries, "series");
  if (more.sizeBytes > 0 && used.sizeBytes + ahead.sizeBytes + more.sizeBytes > quota.maxSizeBytes)
    return quotaFull(quota.name, quota.maxSizeBytes, "bytes");
  return null;
}

function isLimited(quota: Quota, more: QuotaUsage): boolean {
  if (more.groups > 0 && quota.maxGroups < Infinity) return true;
  if (more.series > 0 && quota.maxSeries < Infinity) return true;
  return more.sizeBytes > 0 && quota.maxSizeBytes < Infinity;
}

/** What a large push that was found good will still make a quota grow by. */
function comingUsage({ groups }: Table, quota: Quota, { block, series, sizeBytes }: ComingGroup): QuotaUsage {
  if (!isFor(quota, block)) return NOTHING;
  const group = groups.find(block);
  if (group < 0) return { groups: 1, series, sizeBytes };
  return {
    groups: 0,
    series: Math.max(0, series - groups.seriesCount(group)),
    sizeBytes: Math.max(0, sizeBytes - groups.heldBytes(group)),
  };
}
