import type { StoreLimits } from "../../model/limits.ts";
import type { Rejection } from "../../model/rejection.ts";
import type { Table } from "../table/table.ts";
import { groupFull, storeFull } from "./wording.ts";

/** By how much a push would make the store grow. */
export interface Growth {
  groups: number;
  families: number;
  series: number;
  sizeBytes: number;
}

/** What a group would hold after a push, and holds before it. */
export interface GroupGrowth {
  series: number;
  seriesBefore: number;
  sizeBytes: number;
  sizeBytesBefore: number;
}

/** What a group will hold once a large push that was found good is stored in it. */
export interface ComingGroup {
  readonly block: Uint8Array;
  readonly series: number;
  readonly sizeBytes: number;
}

/** What all who admit pushes to a store know of its room. */
export interface Room {
  /** What the store may still grow by before its size has to be looked at again. */
  sizeBytes: number;
  /** What a large push that is being stored may still bring, at the most. */
  comingFamilies: number;
  comingSeries: number;
  /** Of the large push that was found good, what counts for quotas; null: there is none. */
  coming: ComingGroup | null;
}

/**
 * Why a push that adds `more` cannot be stored, or null. What does not make the store grow is always accepted, even
 * if it is over its limits (a file may have been restored under other ones). Costs nothing but comparisons.
 */
export function findFull(table: Table, limits: StoreLimits, room: Room, more: Growth): Rejection | null {
  if (more.groups > 0 && table.groups.count + more.groups > limits.maxGroups)
    return storeFull("groups", limits.maxGroups, "store.max-groups");
  if (more.families > 0 && table.familyCount + room.comingFamilies + more.families > limits.maxFamilies)
    return storeFull("metric families", limits.maxFamilies, "store.max-families");
  if (more.series > 0 && table.seriesCount + room.comingSeries + more.series > limits.maxSeries)
    return storeFull("series", limits.maxSeries, "store.max-series");
  if (more.sizeBytes > 0 && table.size.countedBytes + more.sizeBytes > limits.maxSizeBytes)
    return storeFull("bytes", limits.maxSizeBytes, "store.max-size");
  return null;
}

/** Why one group cannot hold what a push would make it hold, or null. */
export function findGroupFull(limits: StoreLimits, group: GroupGrowth): Rejection | null {
  if (group.series > limits.maxGroupSeries && group.series > group.seriesBefore)
    return groupFull("series", limits.maxGroupSeries, "store.max-group-series");
  if (group.sizeBytes > limits.maxGroupBytes && group.sizeBytes > group.sizeBytesBefore)
    return groupFull("bytes", limits.maxGroupBytes, "store.max-group-size");
  return null;
}
