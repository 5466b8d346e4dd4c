import { mustHold } from "../bytes/broken.ts";
import { KeyTable } from "../bytes/key-table.ts";
import type { BatchContent, Expiring, SeedStep } from "./entry.ts";
import type { Applied } from "./replica-deps.ts";
import { NO_REVISION, type Revision } from "./revision.ts";
import type { WaitingRequest } from "./waiting.ts";

/** What goes with one batch at most; a single group may be larger. */
const MAX_GROUPS = 1000;
const MAX_BYTES = 900 << 10;

/** A put in the making. */
export interface OwnPut {
  readonly key: Uint8Array;
  readonly basis: Revision;
  readonly grows: boolean;
  /** The group as it was before it grew; null: there was none. Of a put that does not grow nothing is kept. */
  readonly before: Uint8Array | null;
  /** Made when the batch is closed. */
  row: Uint8Array;
  /** The own store does not have it any more: it is void, or the store is another one. */
  isLost: boolean;
}

/** A request of a batch, and where the batch has what it did. */
export interface BatchMember<Request, Answer> {
  readonly waiting: WaitingRequest<Request>;
  /** Of a push. */
  readonly applied: Applied<Answer> | null;
  /** Its put or its removal; -1: it changed nothing, or is a wipe. */
  readonly place: number;
  /** Of a push that is refused: nothing can make this another answer. */
  readonly isFinal: boolean;
}

/** Finds the puts and removals of a batch by their keys; used by one batch after the other. */
export class OwnKeys {
  readonly puts = new KeyTable();
  readonly removals = new KeyTable();
}

const NO_ROW = new Uint8Array(0);

/**
 * What a replica changes in one turn, while it is made and until it is folded. A group is put in it once, whatever was
 * pushed; nothing that was put in it is removed in it.
 */
export class OwnBatch<Request, Answer> {
  readonly puts: OwnPut[] = [];
  readonly removals: Uint8Array[] = [];
  readonly expiries: Expiring[] = [];
  readonly members: BatchMember<Request, Answer>[] = [];
  seed: SeedStep | null = null;
  isWipe = false;
  /** A put in it grows. */
  hasGrown = false;
  private sizeBytes = 0;

  constructor(
    readonly id: Revision,
    /** The growth that was folded when it was begun. */
    readonly growth: Revision,
    private readonly keys: OwnKeys,
  ) {
    keys.puts.clear();
    keys.removals.clear();
  }

  get isFull(): boolean {
    const { puts, removals, expiries } = this;
    return puts.length + removals.length + expiries.length >= MAX_GROUPS || this.sizeBytes >= MAX_BYTES;
  }

  /** Nothing of it is to be done by others. */
  get isWithoutChange(): boolean {
    return this.seed === null && !this.isWipe && this.puts.length + this.removals.length + this.expiries.length === 0;
  }

  putOf(key: Uint8Array): OwnPut | null {
    return this.puts[this.placeOfPut(key)] ?? null;
  }

  hasRemoved(key: Uint8Array): boolean {
    return this.keys.removals.find(key, 0, key.length) >= 0;
  }

  /** The group's revision at the place of a put in this batch; `folded` is the one that was folded. */
  basisOf(key: Uint8Array, folded: Revision): Revision {
    return this.isWipe || this.hasRemoved(key) ? NO_REVISION : folded;
  }

  /** The group is put, once; the key is copied. */
  put({ key, basis, grows, before }: Pick<OwnPut, "key" | "basis" | "grows" | "before">, rowBytes: number): void {
    this.keys.puts.add(key, 0, key.length);
    this.puts.push({ key: key.slice(), basis, grows, before, row: NO_ROW, isLost: false });
    this.hasGrown ||= grows;
    this.sizeBytes += key.length + rowBytes;
  }

  /** Where the put of a group is; -1: it is not put. */
  placeOfPut(key: Uint8Array): number {
    return this.keys.puts.find(key, 0, key.length);
  }

  /** The group goes; the place of its removal. */
  remove(key: Uint8Array): number {
    const known = this.keys.removals.find(key, 0, key.length);
    if (known >= 0) return known;
    this.sizeBytes += key.length;
    this.removals.push(key);
    return this.keys.removals.add(key, 0, key.length);
  }

  /** Notes a request whose removal is at this place. */
  addRemoval(waiting: WaitingRequest<Request>, place: number): void {
    this.members.push({ waiting, applied: null, place, isFinal: true });
  }

  /** All groups go. */
  wipe(waiting: WaitingRequest<Request>): void {
    this.isWipe = true;
    this.expiries.length = 0;
    this.addRemoval(waiting, -1);
  }

  /** The group goes if it is still the one of `basis`. */
  expire(key: Uint8Array, basis: Revision): void {
    this.keepFromExpiring(key);
    this.expiries.push({ key, basis });
    this.sizeBytes += key.length;
  }

  /** A group that is put or removed in it does not expire in it. */
  keepFromExpiring(key: Uint8Array): void {
    const place = this.expiries.findIndex((expiry) => Buffer.compare(expiry.key, key) === 0);
    if (place >= 0) this.expiries.splice(place, 1);
  }

  /** Gives each put its row. */
  close(rowOf: (key: Uint8Array) => Uint8Array | null): BatchContent {
    for (const put of this.puts) {
      const row = rowOf(put.key);
      mustHold(row !== null, `closing a batch: the group {${Buffer.from(put.key)}} is gone`);
      put.row = row;
    }
    return this;
  }
}
