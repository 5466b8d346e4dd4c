import type { Clock } from "../model/clock.ts";
import { MORE } from "../model/work.ts";
import type { Store } from "../store/store.ts";
import { stepInTurns } from "./store-turns.ts";

const LOOK_MS = 60_000;

/** Once a minute gives back the memory of the ids of pushes that count no more, in slices. */
export class PushIdExpiry {
  private isRunning = false;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {
    clock.every(LOOK_MS, () => void this.pass());
  }

  private async pass(): Promise<void> {
    const { clock, store } = this;
    if (this.isRunning || store.stats.pushIds === 0) return;
    this.isRunning = true;
    await stepInTurns(clock, () => (store.knownPushes.stepForgetting(clock.now() / 1000) ? MORE : null));
    this.isRunning = false;
  }
}
