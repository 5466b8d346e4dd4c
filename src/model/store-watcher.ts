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
