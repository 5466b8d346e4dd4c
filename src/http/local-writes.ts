import { GroupingKey } from "../exposition/grouping-key.ts";
import type { Persistence } from "../model/persistence.ts";
import { Rejection } from "../model/rejection.ts";
import { MORE } from "../model/work.ts";
import type { Store } from "../store/store.ts";
import type { HeldMemory } from "./held-memory.ts";
import type { PushApplying } from "./push-applying.ts";
import { type StoreTurns, stepInTurns } from "./store-turns.ts";
import type { StreamClock } from "./stream.ts";
import type { FoundGroups, PushResult, Removed, Writes, WrittenPush } from "./writes.ts";

export interface LocalWritesDeps {
  readonly clock: StreamClock;
  readonly persistence: Pick<Persistence, "settled">;
  readonly store: Store;
  readonly storeTurns: StoreTurns;
  readonly heldMemory: HeldMemory;
  readonly applying: PushApplying;
}

/** Changes come into the store at once; who made them waits until they are durable, where somebody has to. */
export class LocalWrites implements Writes {
  constructor(private readonly deps: LocalWritesDeps) {}

  push(push: WrittenPush, body: Uint8Array, bodyRead?: () => void): PushResult | Promise<PushResult> {
    const outcome = this.deps.applying.apply(push, body);
    return outcome instanceof Promise ? this.settleLater(push, outcome, bodyRead) : this.settle(push, outcome);
  }

  /** A body is not kept until the file is written: that takes longer, and there may be many. */
  private async settleLater(
    push: WrittenPush,
    applied: Promise<PushResult>,
    bodyRead?: () => void,
  ): Promise<PushResult> {
    const outcome = await applied;
    bodyRead?.();
    return this.settle(push, outcome);
  }

  private settle({ keyed }: WrittenPush, outcome: PushResult): PushResult | Promise<PushResult> {
    const settling = keyed instanceof Rejection ? null : this.deps.persistence.settled(keyed.key.block);
    return settling === null ? outcome : settling.then((fault) => fault ?? outcome);
  }

  async delete(key: Pick<GroupingKey, "block">): Promise<Removed> {
    const { heldMemory, persistence, store, storeTurns } = this.deps;
    const isLarge = store.isLarge(key);
    if (isLarge) await storeTurns.snapshotsTaken();
    while (store.isHeld(key)) await storeTurns.afterLarge();
    const wasThere = store.delete(key);
    const settling = persistence.settled(key.block);
    // A request that removes much waits until it is gone, but not for what others remove.
    if (isLarge) await storeTurns.settled();
    else storeTurns.goOn();
    heldMemory.check();
    return { groups: wasThere ? 1 : 0, leftAlone: 0, fault: await settling };
  }

  async wipe(): Promise<Removed> {
    const { persistence, store } = this.deps;
    const { groups } = store.stats;
    store.wipe();
    return { groups, leftAlone: 0, fault: await persistence.settled(null) };
  }

  /** Group after group, with turns of others in between, as long as the store is not wiped. */
  async deleteSelected({ ids, matched, wipes }: FoundGroups, asOfSeconds: number): Promise<Removed> {
    const { clock, persistence, heldMemory, store, storeTurns } = this.deps;
    const settling = new Settling();
    let [next, groups, leftAlone] = [0, 0, 0];
    await storeTurns.snapshotsTaken();
    await stepInTurns(clock, () => {
      if (next === matched || store.wipes !== wipes) return null;
      const row = store.groupRow(ids.at(next++));
      if (row === null) return MORE;
      const key = new GroupingKey(row.labels);
      if (Math.max(row.succeededSeconds, row.failedSeconds) > asOfSeconds || store.isHeld(key)) leftAlone++;
      else if (store.delete(key)) {
        groups++;
        settling.add(persistence.settled(key.block));
      }
      return MORE;
    });
    await storeTurns.settled();
    heldMemory.check();
    return { groups, leftAlone, fault: await settling.all() };
  }

  expire(nowSeconds: number): boolean {
    return this.deps.store.expiry.step(nowSeconds);
  }
}

/** Waits for many changes, and keeps nothing of each. */
class Settling {
  private readonly end = Promise.withResolvers<Rejection | null>();
  private fault: Rejection | null = null;
  private left = 1;

  add(change: Promise<Rejection | null> | null): void {
    if (change === null) return;
    this.left++;
    void change.then(this.settle);
  }

  /** To be called once, behind the last `add`: resolves to one of the faults, or null. */
  all(): Promise<Rejection | null> {
    this.settle(null);
    return this.end.promise;
  }

  private readonly settle = (fault: Rejection | null): void => {
    this.fault ??= fault;
    if (--this.left === 0) this.end.resolve(this.fault);
  };
}
