import { KeyTable } from "../bytes/key-table.ts";
import type { Rejection } from "../model/rejection.ts";
import type { BatchWriter } from "./batch.ts";

/** Who waits until something is committed; resolves to why it was not, or null. */
export type Waiters = PromiseWithResolvers<Rejection | null>;

/** A key of which the file may have rows that are to go. */
interface KeyRemoval {
  /** It is to be removed, and who waits for that. */
  isNoted: boolean;
  noted: Waiters | null;
  /** It is in the batch under way, and who waits for that. */
  isTaken: boolean;
  taken: Waiters | null;
}

/** A KeyRemoval, its place in a list and the list's in its owner: measured. */
const REMOVAL_BYTES = 120;

/**
 * The keys of groups that are gone, and that the file has, or has if the batch under way is committed. Whatever was
 * pushed and deleted while nothing could be written is not among them: so there are never more than the file has
 * groups.
 */
export class RemovedKeys {
  private readonly keys = new KeyTable();
  private readonly removals: (KeyRemoval | null)[] = [];
  private taken: number[] = [];
  /** Noted only because the batch under way has them. */
  private uncertain: number[] = [];

  get count(): number {
    return this.keys.count;
  }

  get sizeBytes(): number {
    return this.keys.sizeBytes + this.removals.length * REMOVAL_BYTES;
  }

  /**
   * Notes a key; `followers` wait for it from now on. `isCertain` false: the file has it only if the batch under way is
   * committed.
   */
  note(key: Uint8Array, isCertain: boolean, followers: Waiters | null): void {
    const known = this.keys.find(key, 0, key.length);
    const id = known < 0 ? this.keys.add(key, 0, key.length) : known;
    const removal = this.removals[id] ?? { isNoted: false, noted: null, isTaken: false, taken: null };
    this.removals[id] = removal;
    if (!isCertain && !removal.isNoted) this.uncertain.push(id);
    removal.isNoted = true;
    if (followers === null) return;
    removal.noted ??= Promise.withResolvers();
    followers.resolve(removal.noted.promise);
  }

  /** Waits for the removal of a key; null: it is not to be removed. */
  settled(key: Uint8Array): Promise<Rejection | null> | null {
    const removal = this.removals[this.keys.find(key, 0, key.length)];
    if (!removal) return null;
    const waiters = (removal.isNoted ? removal.noted : removal.taken) ?? Promise.withResolvers();
    if (removal.isNoted) removal.noted = waiters;
    else removal.taken = waiters;
    return waiters.promise;
  }

  /** Puts removals into a batch until it is larger than `limitBytes`. False: some are left. */
  take(batch: BatchWriter, limitBytes: number): boolean {
    for (let id = 0; id < this.keys.limit; id++) {
      const removal = this.removals[id];
      if (!removal?.isNoted) continue;
      if (batch.sizeBytes > limitBytes) return false;
      batch.remove(this.keys.key(id));
      removal.taken = removal.noted;
      removal.isTaken = true;
      removal.noted = null;
      removal.isNoted = false;
      this.taken.push(id);
    }
    return true;
  }

  /** The batch under way is committed, or is not for a reason; `isVoid`: a wipe since then does what it was to do. */
  settle(fault: Rejection | null, isVoid: boolean): void {
    const { taken, uncertain } = this;
    this.taken = [];
    this.uncertain = [];
    if (fault !== null) for (const id of uncertain) this.forget(id, fault);
    for (const id of taken) {
      const removal = this.removals[id];
      if (!removal) continue;
      removal.taken?.resolve(fault);
      removal.taken = null;
      removal.isTaken = false;
      if (fault !== null && !isVoid) removal.isNoted = true;
      else if (!removal.isNoted) this.drop(id);
    }
  }

  /** All who wait are told why nothing can be removed at the moment; it stays noted. */
  reject(fault: Rejection): void {
    for (const removal of this.removals) {
      removal?.noted?.resolve(fault);
      if (removal) removal.noted = null;
    }
  }

  /** Nothing is to be removed any more; who waits for it waits for `instead`. */
  clear(instead: Promise<Rejection | null>): void {
    this.uncertain = [];
    for (let id = 0; id < this.keys.limit; id++) {
      const removal = this.removals[id];
      if (!removal) continue;
      removal.noted?.resolve(instead);
      removal.noted = null;
      removal.isNoted = false;
      if (!removal.isTaken) this.drop(id);
    }
  }

  private forget(id: number, fault: Rejection): void {
    const removal = this.removals[id];
    if (!removal) return;
    removal.noted?.resolve(fault);
    removal.noted = null;
    removal.isNoted = false;
    if (!removal.isTaken) this.drop(id);
  }

  private drop(id: number): void {
    this.keys.remove(id);
    this.removals[id] = null;
    if (this.removals.length > this.keys.limit) this.removals.length = this.keys.limit;
  }
}
