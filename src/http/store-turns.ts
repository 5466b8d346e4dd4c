import { TURN_MS } from "../model/work.ts";
import type { StreamClock } from "../serialise/stream.ts";
import type { Store } from "../store/store.ts";

/** Work of the store that is too much for one turn of the loop goes on in many, with turns of others in between. */
export class StoreTurns {
  private changing: Promise<void> | null = null;
  private indexing: Promise<void> | null = null;

  constructor(
    private readonly store: Store,
    private readonly clock: StreamClock,
  ) {}

  /** Waits until no change is under way; null where none is. */
  settled(): Promise<void> | null {
    const { store } = this;
    if (this.changing === null && store.isChanging)
      this.changing = inTurns(this.clock, () => store.stepChange()).finally(() => (this.changing = null));
    return this.changing;
  }

  /** Waits until what pushes have to be held against is indexed; null where there is nothing of the kind. */
  indexed(): Promise<void> | null {
    const { store } = this;
    if (this.indexing === null && store.isIndexing)
      this.indexing = inTurns(this.clock, () => store.stepIndexing()).finally(() => (this.indexing = null));
    return this.indexing;
  }
}

/** Takes steps as long as there is one to take, in slices of time with a turn of the loop before each. */
export async function inTurns(clock: StreamClock, step: () => boolean): Promise<void> {
  for (;;) {
    await clock.turn();
    const startMs = clock.nowMs();
    do if (!step()) return;
    while (clock.nowMs() - startMs < TURN_MS);
  }
}
