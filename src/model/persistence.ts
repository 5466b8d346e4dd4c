import type { PersistenceState } from "./persistence-state.ts";
import type { Rejection } from "./rejection.ts";

/** Whether and how what is pushed outlives the process. */
export interface Persistence {
  /** Why nothing can be pushed yet, or null. */
  readonly notReady: () => string | null;
  /** Has something done, once, when what was kept is restored and before anything is taken or answered. */
  readonly beforeReady: (run: () => Promise<void>) => void;
  /** Why what is pushed is not durable at the moment, or null. */
  readonly fault: () => string | null;
  /**
   * Waits until what happened to a group, by the block of its key, is durable; resolves to null, or to why it is not.
   * The key null: a wipe of all. Returns null if nobody has to wait.
   */
  readonly settled: (key: Uint8Array | null) => Promise<Rejection | null> | null;
  /** The state of the persistence file; null if there is none. */
  readonly state: () => PersistenceState | null;
}
