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
}

/** Takes away the groups whose time is over, or their metrics where the push times stay. */
export class Expiry {
  /** How many groups went, so far. */
  expired = 0;

  constructor(
    private readonly store: ExpiringStore,
    private readonly keepsPushTimes: boolean,
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
    const { groups } = this.store.table();
    const { lifetimes } = groups;
    const group = lifetimes.dueGroup(nowSeconds);
    if (group < 0) return false;
    const endSeconds = lifetimes.endSeconds(group);
    if (endSeconds > nowSeconds) lifetimes.postpone(group, endSeconds);
    else if (this.store.isHeld({ block: groups.table.key(group) }))
      lifetimes.postpone(group, nowSeconds + HELD_SECONDS);
    else if (this.keepsPushTimes) this.takeMetrics(group);
    else this.takeGroup(group);
    return true;
  }

  private takeGroup(group: number): void {
    const table = this.store.table();
    const key = table.groups.table.key(group).slice();
    table.removeGroup(group);
    this.store.watcher()?.removed(group, key);
    this.expired++;
  }

  /** Leaves a group its push times. Where it has nothing else it stays as it is, and does not go again. */
  private takeMetrics(group: number): void {
    const table = this.store.table();
    const { groups } = table;
    groups.lifetimes.postpone(group, Infinity);
    const kept = this.store.pushTimes(group);
    if (kept.length === groups.chunkCount(group)) return;
    groups.setForm(group, 0);
    table.keepOnly(group, kept);
    this.store.watcher()?.changed(group);
    this.expired++;
  }
}
