import { Fold } from "../cluster/fold.ts";
import type { SharedLog, SnapshotReader } from "../cluster/log.ts";
import { SnapshotLoading } from "../cluster/snapshot-loading.ts";
import { Fault } from "../model/fault.ts";
import { MORE } from "../model/work.ts";
import type { ReplicatedStore } from "./replicated-store.ts";

/** A state that was loaded, and the store that has it. */
export interface LoadedState {
  readonly fold: Fold;
  readonly store: ReplicatedStore;
  /** null: there was no snapshot, and this is the state before the first entry. */
  readonly snapshot: SnapshotReader | null;
  /** What its chunks have, unpacked. */
  readonly sizeBytes: number;
}

export interface LoadingDeps {
  readonly log: Pick<SharedLog, "loadSnapshot">;
  /** One with nothing in it. */
  readonly newStore: () => ReplicatedStore;
  readonly turn: () => Promise<void>;
}

/** Loads the newest snapshot into a store of its own. A snapshot of a log that is no more counts as none. */
export async function loadState(deps: LoadingDeps): Promise<LoadedState | Fault> {
  for (;;) {
    const snapshot = await deps.log.loadSnapshot();
    if (snapshot instanceof Fault) return snapshot;
    const store = deps.newStore();
    if (snapshot === null || !snapshot.isOfThisLog) return { fold: new Fold(), store, snapshot: null, sizeBytes: 0 };
    const loaded = await loadChunks(deps, snapshot, store);
    if (loaded !== "gone") return loaded;
  }
}

async function loadChunks(
  { turn }: LoadingDeps,
  snapshot: SnapshotReader,
  store: ReplicatedStore,
): Promise<LoadedState | Fault | "gone"> {
  const loading = new SnapshotLoading(store);
  let sizeBytes = 0;
  // The next chunk is on its way while one is put into the store.
  let coming = snapshot.chunks > 0 ? snapshot.chunk(0) : null;
  for (let index = 0; coming !== null; index++) {
    const chunk = await coming;
    if (chunk === "gone" || chunk instanceof Fault) return chunk;
    coming = index + 1 < snapshot.chunks ? snapshot.chunk(index + 1) : null;
    sizeBytes += chunk.length;
    const fault = loading.take(chunk) ?? (await putAll(loading, turn));
    if (fault !== null) return fault;
  }
  const fold = loading.finish();
  return fold instanceof Fault ? fold : { fold, store, snapshot, sizeBytes };
}

async function putAll(loading: SnapshotLoading, turn: () => Promise<void>): Promise<Fault | null> {
  for (;;) {
    const put = await loading.putOn();
    if (put !== MORE) return put;
    await turn();
  }
}
