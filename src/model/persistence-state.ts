/** The state of the persistence file, for the API, the page and metrics. */
export interface PersistenceState {
  readonly file: string;
  /** memory-only: there is no file and none can be made. failing: the last commit failed, and pushes are refused. */
  readonly status: "restoring" | "kept" | "failing" | "memory-only";
  /** Why it is not kept; "" where it is. */
  readonly reason: string;
}
