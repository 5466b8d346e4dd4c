import { MORE, TURN_MS } from "../model/work.ts";
import type { ChangeMark } from "../store/changes.ts";
import type { Store } from "../store/store.ts";
import type { StreamClock } from "./stream.ts";

/** Waits for the end of what was under way at some moment. */
interface Waiter {
  readonly mark: ChangeMark;
  readonly resolve: () => void;
}

/** Work of the store that is too much for one turn of the loop goes on in many, with turns of others in between. */
export class StoreTurns {
  private isRunning = false;
  private waiters: Waiter[] = [];
  private indexing: Promise<void> | null = null;
  private counting: Promise<void> | null = null;
  private large = Promise.withResolvers<void>();
  /** How many come next, after the large push. */
  private behind = 0;
  /** How many wait to take a snapshot. */
  private readers = 0;

  constructor(
    private readonly store: Store,
    private readonly clock: StreamClock,
  ) {}

  /** Waits until the changes that are under way now have come to their end; null where none is. */
  settled(): Promise<void> | null {
    if (!this.store.changes.isUnderWay) return null;
    this.goOn();
    return new Promise((resolve) => this.waiters.push({ mark: this.store.changes.mark(), resolve }));
  }

  /** Continues a change to its end, and the count of what is there, also if nobody waits for it. */
  goOn(): void {
    if (this.store.counting.isUnderWay) void this.counted();
    if (this.store.changes.isUnderWay && !this.isRunning) void this.run();
  }

  /**
   * For snapshots: waits until all is shown that can be by what is known now, and as `unbroken` does; null: it is so.
   */
  calm(): Promise<void> | null {
    return this.store.changes.isSettling ? this.asReader(() => this.waitForCalm()) : this.unbroken();
  }

  /** Waits until nothing is changed or stored by halves, and no large change begins before; null: nothing is. */
  unbroken(): Promise<void> | null {
    if (!this.store.isChanging && !this.store.isStoring) return null;
    return this.asReader(() => this.waitForUnbroken());
  }

  private asReader(wait: () => Promise<void>): Promise<void> {
    this.readers++;
    return wait().finally(() => this.readers--);
  }

  private async waitForCalm(): Promise<void> {
    await this.settled();
    await this.waitForUnbroken();
  }

  private async waitForUnbroken(): Promise<void> {
    for (;;) {
      if (this.store.isStoring) await this.largeOver();
      else if (this.store.isChanging) await this.settled();
      else return;
    }
  }

  /** Somebody waits to take a snapshot. */
  get isAwaited(): boolean {
    return this.readers > 0;
  }

  /** For large changes: waits until those that wait for a snapshot have had their turn; null if nobody waits. */
  snapshotsTaken(): Promise<void> | null {
    return this.readers === 0 ? null : this.waitForSnapshots();
  }

  private async waitForSnapshots(): Promise<void> {
    while (this.readers > 0) {
      await this.settled();
      await this.clock.turn();
    }
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    try {
      await stepInTurns(this.clock, () => (this.step() ? MORE : null));
    } finally {
      this.isRunning = false;
      this.tell(() => true);
    }
  }

  private step(): boolean {
    const isUnderWay = this.store.stepChange();
    if (this.waiters.length > 0) this.tell((mark) => this.store.changes.isOver(mark));
    return isUnderWay;
  }

  private tell(isOver: (mark: ChangeMark) => boolean): void {
    const { waiters } = this;
    this.waiters = waiters.filter(({ mark }) => !isOver(mark));
    for (const { mark, resolve } of waiters) if (isOver(mark)) resolve();
  }

  /** Waits until what pushes have to be held against is indexed; null where there is nothing of the kind. */
  indexed(): Promise<void> | null {
    const { store } = this;
    if (this.indexing === null && store.isIndexing) this.indexing = this.index().finally(() => (this.indexing = null));
    return this.indexing;
  }

  private async index(): Promise<void> {
    await stepInTurns(this.clock, () => (this.store.stepIndexing() ? MORE : null));
  }

  /** Waits until what counts for quotas is counted; null where it is. */
  counted(): Promise<void> | null {
    const { counting } = this.store;
    if (this.counting === null && counting.isUnderWay)
      this.counting = this.count().finally(() => (this.counting = null));
    return this.counting;
  }

  private async count(): Promise<void> {
    await stepInTurns(this.clock, () => (this.store.counting.step() ? MORE : null));
  }

  /** Waits until the large push that is being judged or stored is over. */
  largeOver(): Promise<void> {
    return this.store.hasLarge ? this.large.promise : Promise.resolve();
  }

  /**
   * Waits until it is over, and nobody waits for a snapshot any more. Whoever waited so is to go on at once: it comes
   * before the next large push.
   */
  async afterLarge(): Promise<void> {
    this.behind++;
    try {
      await this.largeOver();
      await this.snapshotsTaken();
    } finally {
      this.behind--;
    }
  }

  /** For large pushes, before they begin: waits until those that waited for the one before have had their turn. */
  async othersServed(): Promise<void> {
    while (this.behind > 0) await this.clock.turn();
  }

  /** It is over. */
  largeEnded(): void {
    this.large.resolve();
    this.large = Promise.withResolvers();
  }
}

/**
 * The result of something that pauses, with turns of the loop in between. Where `isGivenUp` holds after such a turn it
 * is ended, and there is none: null.
 */
export function toEnd<T>(clock: StreamClock, work: Generator<null, T>): Promise<T>;
export function toEnd<T>(clock: StreamClock, work: Generator<null, T>, isGivenUp: () => boolean): Promise<T | null>;
export async function toEnd<T>(
  clock: StreamClock,
  work: Generator<null, T>,
  isGivenUp: () => boolean = () => false,
): Promise<T | null> {
  for (let startMs = clock.nowMs(); ; ) {
    const step = work.next();
    if (step.done) return step.value;
    if (clock.nowMs() - startMs < TURN_MS) continue;
    await clock.turn();
    if (isGivenUp()) return null;
    startMs = clock.nowMs();
  }
}

/** Takes steps until one gives a result, in slices of time with a turn of the loop before each. */
export async function stepInTurns<T>(clock: StreamClock, step: () => T | typeof MORE): Promise<T> {
  for (;;) {
    await clock.turn();
    const startMs = clock.nowMs();
    do {
      const result = step();
      if (result !== MORE) return result;
    } while (clock.nowMs() - startMs < TURN_MS);
  }
}
