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
  /** How many are noted and in no batch yet, and from where on the next ones are looked for. */
  private notedCount = 0;
  private next = 0;
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
    this.setNoted(removal, true);
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

  private setNoted(removal: KeyRemoval, isNoted: boolean): void {
    if (removal.isNoted !== isNoted) this.notedCount += isNoted ? 1 : -1;
    removal.isNoted = isNoted;
  }

  /** Whether some are in no batch yet. */
  get areLeft(): boolean {
    return this.notedCount > 0;
  }

  /** Puts up to so many removals into a batch: those that wait longest, more or less. */
  take(batch: BatchWriter, most: number): void {
    for (let left = Math.min(most, this.notedCount); left > 0; ) {
      if (this.next >= this.keys.limit) this.next = 0;
      if (this.takeOne(batch, this.next++)) left--;
    }
  }

  /** Puts the removal of a key into a batch, if it is in none yet: before the key has rows again. */
  takeKey(batch: BatchWriter, key: Uint8Array): void {
    const id = this.keys.find(key, 0, key.length);
    if (id >= 0) this.takeOne(batch, id);
  }

  private takeOne(batch: BatchWriter, id: number): boolean {
    const removal = this.removals[id];
    if (!removal?.isNoted) return false;
    batch.remove(this.keys.key(id));
    removal.taken = removal.noted;
    removal.isTaken = true;
    removal.noted = null;
    this.setNoted(removal, false);
    this.taken.push(id);
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
      if (fault !== null && !isVoid) this.setNoted(removal, true);
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
      this.setNoted(removal, false);
      if (!removal.isTaken) this.drop(id);
    }
  }

  private forget(id: number, fault: Rejection): void {
    const removal = this.removals[id];
    if (!removal) return;
    removal.noted?.resolve(fault);
    removal.noted = null;
    this.setNoted(removal, false);
    if (!removal.isTaken) this.drop(id);
  }

  private drop(id: number): void {
    this.keys.remove(id);
    this.removals[id] = null;
    if (this.removals.length > this.keys.limit) this.removals.length = this.keys.limit;
  }
}
