import type { StoreStats } from "../../model/store-stats.ts";
import type { Table } from "./table.ts";

/** What a store tells of its table alone. */
export function figuresOf(
  table: Table,
): Omit<StoreStats, "expiredGroups" | "forgottenPushIds" | "heldBytes" | "lookups"> {
  return {
    groups: table.groups.count,
    families: table.familyCount,
    series: table.seriesCount,
    chunkBytes: table.chunkBytes,
    pageBytes: table.pages.sizeBytes,
    sizeBytes: table.size.countedBytes,
    memoryBytes: table.size.memoryBytes,
    snapshots: table.pages.heldBySnapshots,
    conflictingFamilies: table.leftOutCount,
    pushIds: table.groups.pushIds.count,
  };
}
