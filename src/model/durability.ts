import type { PersistenceState } from "./persistence-state.ts";
import type { Settlement } from "./settlement.ts";

/** How far what is pushed outlives the process. */
export interface Durability {
  /** Why nothing can be pushed yet, or null. */
  readonly notReady: () => string | null;
  /** Why what is pushed is not durable at the moment, or null. */
  readonly fault: () => string | null;
  /** Waits until all changes up to now are durable, and says which are not. Null at once where nobody has to wait. */
  readonly settled: () => Promise<Settlement> | null;
  /** The state of the persistence file; null if there is none. */
  readonly persistence: () => PersistenceState | null;
}
