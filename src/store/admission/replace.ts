import type { Table } from "../table/table.ts";
import type { GroupChunks } from "./group-chunks.ts";
import type { JudgedFamilies } from "./judged-family.ts";

/** Families of every group that no push takes away. */
const PUSH_TIME_FAMILIES = 2;

/** Takes out of a group what a PUT does not bring again, but for the push times. */
export function removeOthers(table: Table, group: number, families: JudgedFamilies, chunks: GroupChunks): void {
  const kept: number[] = [];
  for (let i = 0; i < families.count; i++) {
    const { chunk, stored } = families.at(i);
    if (chunk >= 0 && !stored?.isPushTime) kept.push(chunk);
  }
  if (kept.length + PUSH_TIME_FAMILIES >= chunks.count) return;
  for (const chunk of [chunks.succeeded, chunks.failed]) if (chunk >= 0) kept.push(chunk);
  table.keepOnly(group, kept);
}
