import type { StreamClock } from "../serialise/stream.ts";
import type { Store } from "../store/store.ts";

/** Changes of the store that are too large for one turn of the loop go on so long before others get a turn. */
const TURN_MS = 2;

/** Brings large changes of the store to their end, with turns of the loop in between. */
export class StoreTurns {
  private running: Promise<void> | null = null;

  constructor(
    private readonly store: Store,
    private readonly clock: StreamClock,
  ) {}

  /** Waits until no change is under way; null where none is. */
  settled(): Promise<void> | null {
    if (this.running === null && this.store.isChanging) this.running = this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    const { store, clock } = this;
    try {
      do {
        await clock.turn();
        const startMs = clock.nowMs();
        while (store.stepChange() && clock.nowMs() - startMs < TURN_MS);
      } while (store.isChanging);
    } finally {
      this.running = null;
    }
  }
}
