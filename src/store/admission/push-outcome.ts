import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME, type PushTime, type PushTimeName } from "../../model/push-times.ts";
import type { PushTimes } from "../table/push-times.ts";
import type { Table } from "../table/table.ts";
import type { Admitted } from "./admitted.ts";
import type { DuplicateSearch } from "./duplicates.ts";
import type { PushRequest } from "./push-request.ts";

/** Notes in groups when pushes to them succeeded and failed. */
export class PushOutcome {
  constructor(
    private readonly table: Table,
    private readonly times: PushTimes,
    /** Finds out whether a push time is a series of another group; null where that does not matter. */
    private readonly duplicates: DuplicateSearch | null,
  ) {}

  /** A push was stored in its group. */
  succeeded(group: number, { key, receivedMs }: PushRequest, admitted: Admitted): void {
    const { times, table } = this;
    const seconds = Math.max(receivedMs / 1000, table.groups.failedSeconds(group));
    times.set(PUSH_TIME, group, admitted.succeeded, key, seconds, receivedMs);
    table.groups.setSucceeded(group, seconds);
    if (admitted.failed < 0 && this.chunkOf(PUSH_FAILURE_TIME, group) < 0)
      times.set(PUSH_FAILURE_TIME, group, -1, key, 0, receivedMs);
  }

  /** A push to a group was refused. */
  failed(group: number, { key, receivedMs, columns }: PushRequest): void {
    const { table, times } = this;
    // Whichever came last must be seen to be the later one, within the same millisecond too.
    const seconds = Math.max(receivedMs / 1000, table.groups.succeededSeconds(group) + 1e-6);
    table.groups.setFailed(group, seconds);
    columns.work.beginTurn(Infinity);
    if (!this.isTakenElsewhere(key, group))
      times.set(PUSH_FAILURE_TIME, group, this.chunkOf(PUSH_FAILURE_TIME, group), key, seconds, receivedMs);
    if (this.chunkOf(PUSH_TIME, group) < 0) times.set(PUSH_TIME, group, -1, key, 0, receivedMs);
  }

  /** Whether another group was pushed a failure time that is the very series of this group's. */
  private isTakenElsewhere(key: GroupingKey, group: number): boolean {
    const { duplicates, table } = this;
    const family = this.times.family(PUSH_FAILURE_TIME);
    if (family === null || duplicates === null) return false;
    const pushed = table.groups.pushedGroup(group, key);
    return duplicates.findElsewhere(key.full, 0, key.full.length, pushed, family) >= 0 || duplicates.isIncomplete;
  }

  /** As Store.setPushTimes. */
  set(group: number, key: GroupingKey, succeeded: PushTime, failed: PushTime | null): void {
    this.setTime(PUSH_TIME, group, key, succeeded);
    if (failed !== null) this.setTime(PUSH_FAILURE_TIME, group, key, failed);
    this.table.groups.setSucceeded(group, succeeded.seconds);
    this.table.groups.setFailed(group, failed?.seconds ?? 0);
  }

  private setTime(name: PushTimeName, group: number, key: GroupingKey, { seconds, pushedMs }: PushTime): void {
    this.times.set(name, group, this.chunkOf(name, group), key, seconds, pushedMs);
  }

  /** Whether a group that is there has both push times. */
  hasBoth(group: number): boolean {
    return this.chunksOf(group).length === 2;
  }

  /** The chunks of both push times of a group, as far as it has them. */
  chunksOf(group: number): number[] {
    return [this.chunkOf(PUSH_TIME, group), this.chunkOf(PUSH_FAILURE_TIME, group)].filter((chunk) => chunk >= 0);
  }

  /** The chunk of a push time in a group, or -1. */
  private chunkOf(name: PushTimeName, group: number): number {
    const { table } = this;
    const family = this.times.family(name);
    const chunk = family === null ? -1 : table.chunkOf(group, family.id);
    if (chunk >= 0 || table.contradictions === null) return chunk;
    const further = table.contradictions.eachOf(Buffer.from(name), ({ id }) => table.chunkOf(group, id) >= 0);
    return further === null ? -1 : table.chunkOf(group, further.id);
  }
}
