import type { Clock } from "../model/clock.ts";

/** How often it is looked at what memory is in use. */
const LOOK_MS = 5_000;
/** Who took less of a core since the last look is calm. */
const CALM_LOAD = 0.5;
/** There may be garbage where so much more is in use than after the last collection: a part of it, and bytes. */
const GROWN = 1 / 32;
const GROWN_BYTES = 2 * 1024 * 1024;
/** Collections take this part of the time at most. */
const MOST_LOAD = 0.01;

/** Of the process. */
export interface ProcessMemory {
  /** What it takes up of the machine's memory. */
  readonly residentBytes: () => number;
  /** Processor time so far. */
  readonly cpuSeconds: () => number;
  /** Collects the garbage of this thread; the loop waits meanwhile. */
  readonly collect: () => void;
}

/**
 * Collects garbage once the program is calm again after it needed more memory. A busy one collects by itself; a calm
 * one makes too little garbage for it (docs/workarounds.md, `calm-gc`).
 */
export function collectWhenCalm(memory: ProcessMemory, clock: Pick<Clock, "nowMs" | "every">): void {
  let lookedMs = clock.nowMs();
  let cpuSeconds = memory.cpuSeconds();
  /** What was in use after the last collection; no more than at any look since. */
  let keptBytes = 0;
  let isCollected = false;
  let notBeforeMs = 0;

  clock.every(LOOK_MS, () => {
    const nowMs = clock.nowMs();
    const load = ((memory.cpuSeconds() - cpuSeconds) * 1000) / (nowMs - lookedMs);
    const bytes = memory.residentBytes();
    keptBytes = isCollected ? bytes : Math.min(keptBytes, bytes);
    isCollected = load < CALM_LOAD && nowMs >= notBeforeMs && bytes > keptBytes * (1 + GROWN) + GROWN_BYTES;
    if (isCollected) {
      memory.collect();
      notBeforeMs = nowMs + (clock.nowMs() - nowMs) / MOST_LOAD;
    }
    lookedMs = nowMs;
    cpuSeconds = memory.cpuSeconds();
  });
}
