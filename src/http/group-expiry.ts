import type { Clock } from "../model/clock.ts";
import type { Persistence } from "../model/persistence.ts";
import { MORE } from "../model/work.ts";
import type { Store } from "../store/store.ts";
import type { HeldMemory } from "./held-memory.ts";
import type { RemovalLog } from "./removal-log.ts";
import { type StoreTurns, stepInTurns } from "./store-turns.ts";
import type { Writes } from "./writes.ts";

/** Interval between looks at when the next group goes; and between two lines of the log. */
const LOOK_MS = 1000;
/** Between two passes, so that groups that go one by one do not each have their own. */
const PASS_GAP_MS = 100;

export interface GroupExpiryDeps {
  readonly clock: Clock;
  readonly persistence: Persistence;
  readonly store: Store;
  readonly storeTurns: StoreTurns;
  readonly heldMemory: HeldMemory;
  readonly removalLog: RemovalLog;
  readonly writes: Pick<Writes, "expire">;
}

/**
 * Has groups go when their time is over: by a timer that looks once a second, and another one for the instant if that
 * is within the next second. However many go at once, others have their turns of the loop in between.
 */
export class GroupExpiry {
  private isSet = false;
  /** How many groups had gone when it was logged. */
  private logged = 0;
  private loggedMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly deps: GroupExpiryDeps) {
    deps.clock.every(LOOK_MS, () => this.look());
    // What was over while the server was down must not be seen again.
    deps.persistence.beforeReady(() => this.pass());
  }

  private look(): void {
    this.log();
    if (this.deps.persistence.notReady() === null) this.schedule(0);
  }

  /** Sets the timer for the next instant at which a group goes, if that is near; at least `leastMs` from now. */
  private schedule(leastMs: number): void {
    const { clock } = this.deps;
    const waitMs = Math.max(Math.ceil(this.waitMs), leastMs);
    if (this.isSet || waitMs > LOOK_MS) return;
    this.isSet = true;
    clock.after(waitMs, () => void this.passOnce());
  }

  private async passOnce(): Promise<void> {
    await this.pass();
    this.isSet = false;
    this.schedule(PASS_GAP_MS);
  }

  /** Until the next group is to be looked at. */
  private get waitMs(): number {
    const { clock, store } = this.deps;
    return Math.max(store.expiry.nextSeconds * 1000 - clock.now(), 0);
  }

  /** Takes away every group whose time is over. */
  private async pass(): Promise<void> {
    if (this.waitMs > 0) return;
    const { heldMemory, storeTurns } = this.deps;
    while (await this.passUntilAwaited()) await storeTurns.snapshotsTaken();
    heldMemory.check();
    this.log();
  }

  /** True: those that wait for a snapshot come first; false: no group is left. */
  private passUntilAwaited(): Promise<boolean> {
    const { clock, storeTurns, writes } = this.deps;
    return stepInTurns(clock, () => {
      if (storeTurns.isAwaited) return true;
      const isMore = writes.expire(clock.now() / 1000);
      // What a large group holds may take some turns; only snapshots wait for it.
      storeTurns.goOn();
      return isMore ? MORE : false;
    });
  }

  /** One line a second, however they go. */
  private log(): void {
    const { clock, removalLog, store } = this.deps;
    const { expired } = store.expiry;
    const nowMs = clock.nowMs();
    if (expired === this.logged || nowMs - this.loggedMs < LOOK_MS) return;
    removalLog.expired(expired - this.logged);
    this.logged = expired;
    this.loggedMs = nowMs;
  }
}
