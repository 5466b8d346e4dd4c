import type { KeyTable } from "../../bytes/key-table.ts";
import type { GroupReach } from "../../model/principal.ts";
import { ReachedGroups } from "./reached-groups.ts";

/** Reaches whose groups are remembered: those that were asked for last. */
const MAX_REACHES = 64;
/** So often groups are judged step by step where others take the place of the reach; then all are judged at once. */
const MAX_BEGINNINGS = 8;

/** Which groups the reaches cover that are in use, as groups come and go. */
export class Reaches {
  /** The one that was asked for last comes last. */
  private readonly known = new Map<GroupReach, ReachedGroups>();

  constructor(private readonly keys: KeyTable) {}

  get sizeBytes(): number {
    let sizeBytes = 0;
    for (const reached of this.known.values()) sizeBytes += reached.sizeBytes;
    return sizeBytes;
  }

  /** The groups of a reach, as far as they were judged. */
  of(reach: GroupReach): ReachedGroups {
    const reached = this.known.get(reach) ?? new ReachedGroups(this.keys, reach);
    this.known.delete(reach);
    this.known.set(reach, reached);
    if (this.known.size > MAX_REACHES) this.leaveOldest();
    return reached;
  }

  private leaveOldest(): void {
    for (const [reach, reached] of this.known) {
      reached.leave();
      this.known.delete(reach);
      return;
    }
  }

  /**
   * Calls `take` when all groups that are there have been judged, within the same turn. null: a turn of the loop may be
   * taken.
   */
  *judged<T>(reach: GroupReach, take: (reached: ReachedGroups) => T): Generator<null, T> {
    let reached: ReachedGroups | null = null;
    for (let beginnings = 0; ; ) {
      const now = this.of(reach);
      if (now !== reached) beginnings++;
      reached = now;
      const isMore = reached.judgeOn();
      if (!isMore) return take(reached);
      if (beginnings < MAX_BEGINNINGS) yield null;
    }
  }

  added(group: number): void {
    if (this.known.size > 0) for (const reached of this.known.values()) reached.added(group);
  }

  removed(group: number): void {
    if (this.known.size > 0) for (const reached of this.known.values()) reached.removed(group);
  }

  changed(group: number, byPush: boolean): void {
    if (this.known.size > 0) for (const reached of this.known.values()) reached.changed(group, byPush);
  }

  /** Throws where what is remembered is not what the reaches say. */
  verify(): void {
    for (const reached of this.known.values()) reached.verify();
  }
}
