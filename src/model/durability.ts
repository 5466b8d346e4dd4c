import type { PersistenceState } from "./persistence-state.ts";
import type { Rejection } from "./rejection.ts";

/** How far what is pushed outlives the process. */
export interface Durability {
  /** Why nothing can be pushed yet, or null. */
  readonly notReady: () => string | null;
  /** Why what is pushed is not durable at the moment, or null. */
  readonly fault: () => string | null;
  /**
   * Waits until what happened to a group, by the block of its key, is durable, and gives null or why it is not; the key
   * null: a wipe of all. Null at once where nobody has to wait.
   */
  readonly settled: (key: Uint8Array | null) => Promise<Rejection | null> | null;
  /** How the persistence file does; null where there is none. */
  readonly persistence: () => PersistenceState | null;
}
