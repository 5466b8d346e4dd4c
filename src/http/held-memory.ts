import type { Store } from "../store/store.ts";
import type { LongAnswers } from "./long-answers.ts";

export interface HeldMemoryDeps {
  readonly store: Store;
  readonly longAnswers: LongAnswers;
  /** Beyond as much as the store takes up, or took up when the last reader began: one alone may hold it. */
  readonly maxBytes: number;
  readonly countLimit: () => void;
}

/**
 * Bounds the memory of what was replaced or deleted and is kept for answers that are still being sent. Otherwise slow
 * readers that began at several moments could hold as many copies of the store.
 */
export class HeldMemory {
  constructor(private readonly deps: HeldMemoryDeps) {}

  /** To be called after what is stored has changed: ends answers where they hold too much. */
  check(): void {
    const { store, longAnswers, maxBytes, countLimit } = this.deps;
    if (store.heldBytes <= maxBytes) return;
    const isEnough = () => store.heldBytes <= maxBytes + store.stats.memoryBytes;
    if (isEnough()) return;
    countLimit();
    longAnswers.endUntil(isEnough);
  }
}
