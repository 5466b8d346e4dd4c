import { Broken } from "../bytes/broken.ts";
import { Rejection } from "../model/rejection.ts";
import { GroupIds } from "./group-ids.ts";
import { GroupWriter, type WrittenSegments } from "./group-writer.ts";
import { LargeChange } from "./large-change.ts";
import type { RefusedGroup } from "./messages.ts";
import type { PersistedStore } from "./persisted-store.ts";
import { RemovedKeys, type Waiters } from "./removals.ts";

/**
 * At most so much is handed over at once, so that neither the loop nor a commit is held: what is left goes with the
 * next batch. Large changes have a share of their own: they do not keep up others, nor others them.
 */
const BATCH_GROUPS = 256;
const BATCH_REMOVALS = 256;
const BATCH_BYTES = 1 << 20;
const LARGE_BYTES = 512 << 10;
const LARGE_FAMILIES = 1024;
/** The entry of a group that waits to be written: measured. */
const ENTRY_BYTES = 60;

/** A group of which rows are in a batch. */
interface WrittenGroup {
  readonly id: number;
  /** The segments among the rows. */
  readonly segments: WrittenSegments;
  /** The file has had nothing of it. */
  readonly isNew: boolean;
  /** null: the group is whole in the batch. */
  readonly large: LargeChange | null;
  readonly isLast: boolean;
  waiters: Waiters | null;
}

/** What is in a batch. */
export interface WrittenBatch {
  /** How many changes of groups come to their end with it. */
  count: number;
  /** In the order of the batch. */
  readonly groups: WrittenGroup[];
  /** Those that are what they were when the batch was written, by id. */
  readonly current: Map<number, WrittenGroup>;
  readonly isWipe: boolean;
  wipe: Waiters | null;
  /** The store was wiped since it was written. */
  isVoid: boolean;
}

interface PendingLarge {
  readonly change: LargeChange;
  waiters: Waiters | null;
}

/**
 * What has changed in the store and is not handed over yet, with those who wait for it. Small changes are written in
 * the order in which they came, 1 MiB at a time; of the large ones each has a slice in its turn. So a small change is
 * behind two batches at most for each MiB of small ones before it, whatever the large ones bring, and however many
 * groups are removed.
 */
export class PendingChanges {
  readonly writer: GroupWriter;
  private readonly small = new Map<number, Waiters | null>();
  private readonly large = new Map<number, PendingLarge>();
  private readonly removals = new RemovedKeys();
  private isWiped = false;
  wipe: Waiters | null = null;
  /** The groups that the file has rows of, or has if the batch under way is committed. */
  private readonly inFile = new GroupIds();

  /** What it takes up with nothing in it. */
  private readonly emptyBytes: number;

  constructor(private readonly store: PersistedStore) {
    this.writer = new GroupWriter(store);
    this.emptyBytes = this.allBytes;
  }

  get count(): number {
    return this.small.size + this.large.size + this.removals.count + (this.isWiped ? 1 : 0);
  }

  /** Nothing but small changes waits. */
  get isInStep(): boolean {
    return this.large.size === 0 && !this.isWiped;
  }

  /** The memory that it takes up for what it holds. */
  get sizeBytes(): number {
    return this.allBytes - this.emptyBytes;
  }

  private get allBytes(): number {
    const entries = (this.small.size + this.large.size) * ENTRY_BYTES;
    return this.writer.sizeBytes + this.removals.sizeBytes + this.inFile.sizeBytes + entries;
  }

  /** The file has all groups of the store, whose ids are below `limit`. */
  restored(limit: number): void {
    this.inFile.addBelow(limit);
  }

  changed(group: number): void {
    if (!this.small.has(group) && !this.large.has(group)) this.small.set(group, null);
  }

  removed(group: number, key: Uint8Array, underWay: WrittenBatch | null): void {
    const waiters = this.take(group);
    const written = underWay?.current.get(group);
    underWay?.current.delete(group);
    if (this.inFile.has(group)) this.removals.note(key, !written?.isNew, waiters);
    else waiters?.resolve(this.wipeSettled(underWay));
    this.inFile.remove(group);
  }

  wiped(underWay: WrittenBatch | null): void {
    const wipe: Waiters = this.wipe ?? Promise.withResolvers();
    for (const waiters of this.allWaiters()) if (waiters !== wipe) waiters.resolve(wipe.promise);
    this.wipe = wipe;
    this.isWiped = true;
    this.small.clear();
    this.large.clear();
    this.removals.clear(wipe.promise);
    this.inFile.clear();
    this.writer.rows.heads.clear();
    if (underWay === null) return;
    underWay.isVoid = true;
    underWay.current.clear();
  }

  /** Waits for what happened to a group last, or, the key being null, for a wipe; null: it is in the file. */
  settled(key: Uint8Array | null, underWay: WrittenBatch | null): Promise<Rejection | null> | null {
    if (key === null) return this.wipeSettled(underWay);
    const group = this.store.groupOf(key);
    if (group < 0) return this.removals.settled(key) ?? this.wipeSettled(underWay);
    if (this.small.has(group)) {
      const waiters = this.small.get(group) ?? Promise.withResolvers();
      this.small.set(group, waiters);
      return waiters.promise;
    }
    const entry = this.large.get(group) ?? underWay?.current.get(group);
    if (entry === undefined) return null;
    entry.waiters ??= Promise.withResolvers();
    return entry.waiters.promise;
  }

  private wipeSettled(underWay: WrittenBatch | null): Promise<Rejection | null> | null {
    const wiping = this.isWiped ? this : underWay?.isWipe ? underWay : null;
    if (wiping === null) return null;
    wiping.wipe ??= Promise.withResolvers();
    return wiping.wipe.promise;
  }

  /** Writes as much as goes with one commit to the batch. */
  write(): WrittenBatch {
    const { batch } = this.writer;
    const { isWiped: isWipe, wipe } = this;
    const written = { count: 0, groups: [], current: new Map(), isWipe, wipe, isVoid: false };
    if (isWipe) batch.wipe();
    this.isWiped = false;
    this.wipe = null;
    this.removals.take(batch, BATCH_REMOVALS);
    this.writeSmall(written);
    this.writeLarge(written);
    return written;
  }

  /** Those that wait longest first. */
  private writeSmall(written: WrittenBatch): void {
    const { writer } = this;
    let taken = 0;
    for (const [id, waiters] of this.small) {
      if (this.store.isBeingStored(id)) continue;
      if (taken++ === BATCH_GROUPS || writer.batch.sizeBytes > BATCH_BYTES) return;
      this.removeBefore(id);
      const segments = writer.write(id);
      this.small.delete(id);
      if (segments === "large") this.large.set(id, { change: new LargeChange(writer, id), waiters });
      else if (segments === null) written.count++;
      else this.note(written, { id, segments, large: null, isLast: true, waiters });
    }
  }

  /** A group may have the key of one that is still to be removed: that comes before its rows. */
  private removeBefore(id: number): void {
    const key = this.removals.areLeft ? this.store.groupRow(id)?.key : undefined;
    if (key !== undefined) this.removals.takeKey(this.writer.batch, key);
  }

  /** One slice each, those first that have waited longest since their last one. */
  private writeLarge(written: WrittenBatch): void {
    const { batch } = this.writer;
    const endBytes = batch.sizeBytes + LARGE_BYTES;
    let families = 0;
    for (const id of firstOf(this.large.keys(), this.large.size)) {
      if (batch.sizeBytes > endBytes || families > LARGE_FAMILIES) return;
      if (this.store.isBeingStored(id)) continue;
      families += this.writeSlice(id, written);
    }
  }

  /** Gives how many families were looked at. */
  private writeSlice(id: number, written: WrittenBatch): number {
    const pending = this.large.get(id);
    this.removeBefore(id);
    const slice = pending?.change.write();
    this.large.delete(id);
    if (pending === undefined || !slice) return 0;
    const { put, isLast } = slice;
    this.note(written, {
      id,
      segments: { put, dropped: [] },
      isLast,
      large: pending.change,
      waiters: isLast ? pending.waiters : null,
    });
    if (!isLast) this.large.set(id, pending);
    return slice.familyCount;
  }

  private note(written: WrittenBatch, group: Omit<WrittenGroup, "isNew">): void {
    const isNew = !this.inFile.has(group.id);
    const noted = { ...group, isNew };
    this.inFile.add(group.id);
    written.groups.push(noted);
    written.current.set(group.id, noted);
    if (group.isLast) written.count++;
  }

  /** All of a batch is in the file but for what was refused before. */
  committed({ groups, current, isVoid, wipe }: WrittenBatch): void {
    this.removals.settle(null, isVoid);
    wipe?.resolve(null);
    for (const group of groups) {
      group.waiters?.resolve(null);
      if (group.isLast && current.get(group.id) === group) this.release(group);
    }
  }

  /** The numbers of segments that the file has no more can be used again. */
  private release({ id, large, segments }: WrittenGroup): void {
    large?.finish();
    if (segments.dropped.length > 0) this.store.segmentsOf(id)?.release(segments.dropped);
  }

  /** Nothing of a batch is in the file: it is noted again, and all who wait are told why. */
  failed(batch: WrittenBatch, fault: Rejection): void {
    for (const waiters of [batch.wipe, ...batch.groups.map((group) => group.waiters), ...this.allWaiters()])
      waiters?.resolve(fault);
    for (const id of this.small.keys()) this.small.set(id, null);
    for (const pending of this.large.values()) pending.waiters = null;
    this.wipe = null;
    this.removals.settle(fault, batch.isVoid);
    this.removals.reject(fault);
    this.isWiped ||= batch.isWipe;
    for (const group of batch.groups) if (batch.current.get(group.id) === group) this.takeBack(group);
  }

  private takeBack({ id, isNew, isLast, large, segments }: WrittenGroup): void {
    if (isNew) this.inFile.remove(id);
    const known = this.store.segmentsOf(id);
    for (const segment of [...segments.dropped, ...segments.put]) known?.noteChanged(segment);
    if (large === null) return this.changed(id);
    if (!isLast) return;
    this.small.delete(id);
    this.large.set(id, { change: large, waiters: null });
  }

  /** A group of a batch could not be written: it becomes what the file has of it, whatever was pushed since. */
  refuse({ groups, current }: WrittenBatch, { index, reason, before }: RefusedGroup): void {
    const group = groups[index];
    if (group === undefined) throw new Broken(`group ${index} of a batch was refused, which has ${groups.length}`);
    const fault = new Rejection("too-large", `the group cannot be written to the persistence file: ${reason}`);
    group.waiters?.resolve(fault);
    if (current.get(group.id) !== group) return;
    current.delete(group.id);
    this.take(group.id)?.resolve(fault);
    this.inFile.remove(group.id);
    const kept = this.store.putBack(group.id, before);
    if (kept >= 0) this.inFile.add(kept);
  }

  /** Notes a group no more, and gives those who wait for it. */
  private take(group: number): Waiters | null {
    const waiters = this.small.get(group) ?? this.large.get(group)?.waiters ?? null;
    this.small.delete(group);
    this.large.delete(group);
    return waiters;
  }

  private *allWaiters(): Generator<Waiters> {
    for (const waiters of this.small.values()) if (waiters !== null) yield waiters;
    for (const { waiters } of this.large.values()) if (waiters !== null) yield waiters;
    if (this.wipe !== null) yield this.wipe;
  }
}

function* firstOf<T>(values: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const value of values) {
    if (left-- === 0) return;
    yield value;
  }
}
