import type { GroupingKey } from "../exposition/grouping-key.ts";
import type { StoreWatcher } from "../model/store-watcher.ts";
import type { Table } from "./table/table.ts";

/** A group that a large push is under way to is looked at again after this time. */
const HELD_SECONDS = 1;

/** The store that groups go from. */
export interface ExpiringStore {
  readonly table: () => Table;
  readonly watcher: () => StoreWatcher | null;
  /** Whether a large push to the group of a key is under way. */
  readonly isHeld: (key: Pick<GroupingKey, "block">) => boolean;
  /** The chunks of a group that hold its push times. */
  readonly pushTimes: (group: number) => readonly number[];
  /** Called with the key of each group that has gone. */
  readonly expired: (key: Uint8Array) => void;
}

const NOT_LATE = (): number => 0;

/** Takes away the groups whose time is over, or their metrics where the push times stay. */
export class Expiry {
  /** How many groups went, so far. */
  expired = 0;

  constructor(
    private readonly store: ExpiringStore,
    /** Only the metrics of a group go. */
    readonly keepsPushTimes: boolean,
  ) {}

  /** When there may be something to do, in seconds since 1970; Infinity: as it is, never. */
  get nextSeconds(): number {
    return this.store.table().groups.lifetimes.firstSeconds;
  }

  /**
   * Looks at the group whose turn it is at an instant, and takes it away if its time is over; false: it is the turn of
   * none.
   */
  step(nowSeconds: number): boolean {
    const group = this.find(nowSeconds);
    if (group === null) return false;
    const key = group < 0 ? null : this.take(group);
    if (key !== null) this.note(key);
    return true;
  }

  /**
   * The group whose turn it is at an instant, if its time has been over for `lateSeconds` of its key, else -1: it is
   * looked at again when that may be so. null: it is the turn of none.
   */
  find(nowSeconds: number, lateSeconds: (key: Uint8Array) => number = NOT_LATE): number | null {
    const { groups } = this.store.table();
    const { lifetimes } = groups;
    const group = lifetimes.dueGroup(nowSeconds);
    if (group < 0) return null;
    const key = groups.table.key(group);
    const endSeconds = lifetimes.endSeconds(group) + lateSeconds(key);
    if (endSeconds > nowSeconds) lifetimes.postpone(group, endSeconds);
    else if (this.store.isHeld({ block: key })) lifetimes.postpone(group, nowSeconds + HELD_SECONDS);
    else return group;
    return -1;
  }

  /** Has a group looked at again at an instant. */
  postpone(group: number, seconds: number): void {
    this.store.table().groups.lifetimes.postpone(group, seconds);
  }

  /** Counts a group that has gone, and tells of it. */
  note(key: Uint8Array): void {
    this.expired++;
    this.store.expired(key);
  }

  /**
   * Takes away a group whose time is over, or what it has besides its push times. Returns its key, for who notes it;
   * null: there was nothing to take away.
   */
  take(group: number): Uint8Array | null {
    return this.keepsPushTimes ? this.takeMetrics(group) : this.takeGroup(group);
  }

  private takeGroup(group: number): Uint8Array {
    const table = this.store.table();
    const key = table.groups.table.key(group).slice();
    table.removeGroup(group);
    this.store.watcher()?.removed(group, key);
    return key;
  }

  /** Leaves a group its push times. Where it has nothing else it stays as it is, and does not go again. */
  private takeMetrics(group: number): Uint8Array | null {
    const table = this.store.table();
    const { groups } = table;
    groups.lifetimes.postpone(group, Infinity);
    const kept = this.store.pushTimes(group);
    if (kept.length === groups.chunkCount(group)) return null;
    groups.setForm(group, 0);
    groups.pushIds.remove(group);
    table.keepOnly(group, kept);
    groups.reaches.changed(group, false);
    this.store.watcher()?.changed(group);
    return groups.table.key(group).slice();
  }
}
