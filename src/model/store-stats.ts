/** How large the store is at this moment. */
export interface StoreStats {
  readonly groups: number;
  readonly families: number;
  /** Groups that went because their time was over, since the start. */
  readonly expiredGroups: number;
  /** Exposition lines. */
  readonly series: number;
  readonly chunkBytes: number;
  readonly pageBytes: number;
  /**
   * What counts for the limit of the store's size: the memory of all that is kept, and help texts as often as they are
   * shown.
   */
  readonly sizeBytes: number;
  /** Of that the memory. */
  readonly memoryBytes: number;
  /** Memory of pages that are none any more but for readers that go on. */
  readonly heldBytes: number;
  /** Snapshots that have not been released; a wipe forgets those from before it. */
  readonly snapshots: number;
  /** Look-ups of groups in search of duplicate series, so far; from 0 after a wipe. */
  readonly lookups: number;
  /** Ids of pushes that are remembered (push-id.ts), and that were forgotten before their time, so far. */
  readonly pushIds: number;
  readonly forgottenPushIds: number;
  /** Families of groups that are not in the exposition, for they contradict what is; up to date after `snapshot`. */
  readonly conflictingFamilies: number;
}
