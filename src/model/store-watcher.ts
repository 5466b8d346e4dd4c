/** Called, within the turn, for what changed in the store; groups by their id. */
export interface StoreWatcher {
  readonly changed: (group: number) => void;
  /** The key is borrowed. */
  readonly removed: (key: Uint8Array) => void;
  readonly wiped: () => void;
  /** No group has the family of this id any more; another one may get it. */
  readonly familyRemoved: (family: number) => void;
}
