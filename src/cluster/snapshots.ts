import { mustHold } from "../bytes/broken.ts";
import { MORE, TURN_MS } from "../model/work.ts";
import { EntryBytes } from "./entry-bytes.ts";
import type { Fold } from "./fold.ts";
import type { StorePort } from "./replica-deps.ts";

/** The version of the format of chunks. */
export const SNAPSHOT_VERSION = 1;

/** A chunk is handed on once it has so many bytes; a single group may be larger. */
const CHUNK_BYTES = 2 << 20;
const START_BYTES = 64 << 10;

/** What a chunk begins with: its version and kind. */
export const CHUNK_HEAD = 0;
export const CHUNK_GROUPS = 1;

/**
 * The exact state at a position, written while everything goes on: a group that is about to change is written before.
 * It is begun when the store is what was folded, and nothing else.
 *
 *     head     u8 version | u8 0 | f64 position | revision growth | u32 groups | u32 writers, then of each its last batch:
 *              revision | f64 position
 *     groups   u8 version | u8 1 | groups up to the end of the chunk: revision | u32 size | key | u32 size | row
 */
export class SnapshotTaking {
  readonly position: number;
  private readonly limit: number;
  /** A bit a group that is written, by its id, or that is not of this snapshot. */
  private readonly done: Uint8Array;
  private readonly finished: Uint8Array<ArrayBuffer>[];
  private readonly out = new EntryBytes(START_BYTES);
  /** Groups below it are written. */
  private next = 0;
  /** The whole state goes, before all of it is written: nothing comes of it. */
  isAbandoned = false;

  constructor(
    private readonly fold: Fold,
    private readonly store: Pick<StorePort<never, unknown>, "row">,
    private readonly nowMs: () => number,
    /** Whether the store is at work: nothing is read from it meanwhile. */
    private readonly isBusy: () => boolean,
  ) {
    this.position = fold.position;
    this.limit = fold.revisions.limit;
    this.done = new Uint8Array((this.limit + 7) >> 3);
    this.finished = [this.head()];
  }

  private head(): Uint8Array<ArrayBuffer> {
    const { out } = this;
    const { growth, lastNumbers, position, revisions } = this.fold;
    out.byte(SNAPSHOT_VERSION);
    out.byte(CHUNK_HEAD);
    out.double(position);
    out.revision(growth);
    out.uint32(revisions.count);
    const writers = lastNumbers.all(position);
    out.uint32(writers.length);
    for (const { id, position: at } of writers) {
      out.revision(id);
      out.double(at);
    }
    return out.release();
  }

  /** Goes on for a moment: gives a chunk that is ready, MORE, or null: that was all, or it was abandoned. */
  readOn(): Uint8Array<ArrayBuffer> | typeof MORE | null {
    const endMs = this.nowMs() + TURN_MS;
    while (!this.isAbandoned && this.finished.length === 0 && this.next < this.limit && !this.isBusy()) {
      const id = this.next++;
      if (this.fold.revisions.has(id) && !this.isDone(id)) this.write(id);
      if (this.nowMs() >= endMs) break;
    }
    if (this.isAbandoned) return null;
    if (this.next === this.limit && this.out.length > 0) this.finishChunk();
    return this.finished.shift() ?? (this.next < this.limit ? MORE : null);
  }

  /** Before the group of a key, or with null every group, changes, comes or goes. */
  mayChange(key: Uint8Array | null): void {
    if (key === null) this.isAbandoned = true;
    if (key === null || this.isAbandoned) return;
    const id = this.fold.revisions.find(key);
    if (id < this.next || id >= this.limit || this.isDone(id)) return;
    this.write(id);
    this.noteDone(id);
  }

  /** A group has come, with this id: it is not of this snapshot. */
  added(id: number): void {
    if (id < this.limit) this.noteDone(id);
  }

  private isDone(id: number): boolean {
    return ((this.done[id >> 3] ?? 0) & (1 << (id & 7))) !== 0;
  }

  private noteDone(id: number): void {
    this.done[id >> 3] = (this.done[id >> 3] ?? 0) | (1 << (id & 7));
  }

  private write(id: number): void {
    const { out } = this;
    const { revisions } = this.fold;
    const key = revisions.key(id);
    const row = this.store.row(key);
    mustHold(row !== null, `taking a snapshot: the group {${Buffer.from(key)}} is not in the store`);
    if (out.length === 0) {
      out.byte(SNAPSHOT_VERSION);
      out.byte(CHUNK_GROUPS);
    }
    out.revision(revisions.at(id));
    out.sized(key);
    out.sized(row);
    if (out.length >= CHUNK_BYTES) this.finishChunk();
  }

  private finishChunk(): void {
    this.finished.push(this.out.release());
  }
}
