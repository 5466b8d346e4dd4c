/** Called, within the turn, for what changed in the store; groups by their id. */
export interface StoreWatcher {
  changed(group: number): void;
  /** Another group may have the id from now on; the key is borrowed. */
  removed(group: number, key: Uint8Array): void;
  wiped(): void;
  /** No group has the family of this id any more; another one may get it. */
  familyRemoved(family: number): void;
  /** The memory of what it holds because of these calls; it counts for the limit of the store's size. */
  readonly sizeBytes: number;
}

/** Called, within the turn, before a group changes or comes or goes: what it is called for is still as it was. */
export interface BeforeChange {
  /**
   * `group` is the id, -1 where there is none of the key yet; the key is borrowed. `grows`: the change may bring what
   * another group could contradict: a group, family, type or label set that was not there. Other values and removals
   * do not. A wipe is not told.
   */
  mayChange(group: number, key: Uint8Array, grows: boolean): void;
}
