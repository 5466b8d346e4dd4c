import type { ClusterState } from "../model/cluster-state.ts";
import type { Store } from "../store/store.ts";
import type { HeldMemory } from "./held-memory.ts";
import type { PushApplying } from "./push-applying.ts";
import type { StoreTurns } from "./store-turns.ts";
import type { Writes } from "./writes.ts";

/** What changes the store, for who decides when. */
export interface WriteTools {
  readonly store: Store;
  readonly storeTurns: StoreTurns;
  readonly heldMemory: HeldMemory;
  readonly applying: PushApplying;
}

/** What joins this server to others that hold the same, as the surfaces need it. */
export interface Cluster {
  /** Takes over all writing; called once. */
  readonly takeOver: (tools: WriteTools) => Writes;
  readonly state: () => ClusterState;
  /** Why pushes cannot be taken at the moment, or null. */
  readonly fault: () => string | null;
}
