import { mustBe, mustHold } from "../../bytes/broken.ts";
import { OWN_SEGMENT } from "../../model/kept-group.ts";
import type { StoreWatcher } from "../../model/store-watcher.ts";
import type { GroupFamily } from "../../model/view.ts";
import { chunkView } from "./group-view.ts";
import type { SegmentWatch } from "./segment-watch.ts";
import type { Table } from "./table.ts";

/** A group of more chunks is spread over rows: whoever wants to keep it whole need not look further. */
const WHOLE_CHUNKS = 256;
/** The entry of a set, and the objects of one: measured. */
const CHUNK_BYTES = 50;
const SEGMENT_BYTES = 400;

/**
 * How the families of large groups are spread over the rows that the persister keeps them in. A group that is not here
 * is kept whole in its own row. The table notifies it of every change; the copy asks it what to write.
 */
export class Segments implements SegmentWatch {
  private readonly groups = new Map<number, GroupSegments>();
  private readonly tally = { sizeBytes: 0 };

  constructor(
    private readonly table: Table,
    /** Who has the groups written. */
    private readonly watcher: StoreWatcher,
  ) {}

  /** About the memory that it takes up, and what writing does. */
  get sizeBytes(): number {
    return this.tally.sizeBytes + this.watcher.sizeBytes;
  }

  familyRemoved(family: number): void {
    this.watcher.familyRemoved(family);
  }

  /** The segments of a group, or null where it is kept whole. */
  of(group: number): GroupSegments | null {
    return this.groups.size === 0 ? null : (this.groups.get(group) ?? null);
  }

  /** From now on a group may have several rows; all its chunks are in the own one, but those that say otherwise. */
  split(group: number): GroupSegments {
    const known = this.groups.get(group) ?? new GroupSegments(this.table, group, this.tally);
    this.groups.set(group, known);
    return known;
  }

  inserted(group: number, chunk: number): void {
    const segments = this.of(group);
    if (segments !== null) segments.enter(chunk, OWN_SEGMENT);
    else if (this.table.groups.chunkCount(group) > WHOLE_CHUNKS) this.split(group);
  }

  restored(group: number, chunk: number, segment: number): void {
    this.split(group).move([chunk], segment);
  }

  changed(group: number, segment: number): void {
    this.of(group)?.noteChanged(segment);
  }

  /** Chunks that are not in `kept` are taken out of their group. Costs what is kept. */
  keptOnly(group: number, kept: readonly number[]): void {
    this.of(group)?.keepOnly(kept);
  }

  removed(group: number): void {
    this.groups.get(group)?.end();
    this.groups.delete(group);
  }

  /** Throws where a group's segments and what is counted of them differ. */
  verify(): void {
    let sizeBytes = 0;
    for (const segments of this.groups.values()) sizeBytes += segments.verify();
    mustBe(this.tally.sizeBytes, sizeBytes, "segments: bytes");
  }
}

/** The segments of one group, each with its chunks, and those that are to be written. */
export class GroupSegments {
  private readonly chunks = new Map<number, Set<number>>();
  /** The segments that have changed since they were taken, but for the own one. */
  readonly changed = new Set<number>();
  /** Numbers below `next` that no segment has. */
  private readonly free = new Set<number>();
  private next = OWN_SEGMENT + 1;
  private chunkCount = 0;
  private countedBytes = 0;

  constructor(
    private readonly table: Table,
    readonly group: number,
    /** What the segments of all groups take up. */
    private readonly tally: { sizeBytes: number },
  ) {
    const { chunks } = table;
    let chunk = table.groups.firstChunk(group);
    for (; chunk >= 0; chunk = chunks.next(chunk)) this.enter(chunk, table.chunks.segmentOf(chunk));
  }

  /** To be called after chunks or segments came or went. */
  private recount(): void {
    const sizeBytes = this.chunkCount * CHUNK_BYTES + (this.chunks.size + 1) * SEGMENT_BYTES;
    this.tally.sizeBytes += sizeBytes - this.countedBytes;
    this.countedBytes = sizeBytes;
  }

  /** The group is no more. */
  end(): void {
    this.tally.sizeBytes -= this.countedBytes;
    this.countedBytes = 0;
  }

  enter(chunk: number, segment: number): void {
    const known = this.chunks.get(segment);
    if (known === undefined) this.chunks.set(segment, new Set([chunk]));
    else known.add(chunk);
    if (segment >= this.next) this.next = segment + 1;
    this.chunkCount++;
    this.recount();
    this.table.chunks.setSegment(chunk, segment);
  }

  keepOnly(kept: readonly number[]): void {
    for (const segment of this.chunks.keys()) {
      if (segment !== OWN_SEGMENT) this.changed.add(segment);
      this.chunks.set(segment, new Set());
    }
    for (const chunk of kept) this.chunks.get(this.table.chunks.segmentOf(chunk))?.add(chunk);
    this.chunkCount = kept.length;
    this.recount();
  }

  noteChanged(segment: number): void {
    this.changed.add(segment);
  }

  takeChanged(): number[] {
    const changed = [...this.changed];
    this.changed.clear();
    return changed;
  }

  /** Takes one of them; null: there is none. */
  takeOneChanged(): number | null {
    for (const segment of this.changed) {
      this.changed.delete(segment);
      return segment;
    }
    return null;
  }

  /** The chunks of a segment; none where there is no such segment any more. */
  chunksOf(segment: number): ReadonlySet<number> {
    return this.chunks.get(segment) ?? NO_CHUNKS;
  }

  /** A family of the group, by its chunk: borrowed, valid until something is written. */
  family(chunk: number): GroupFamily {
    return chunkView(this.table, chunk);
  }

  /** Moves chunks to another segment. */
  move(chunks: readonly number[], segment: number): void {
    for (const chunk of chunks) {
      if (this.chunks.get(this.table.chunks.segmentOf(chunk))?.delete(chunk)) this.chunkCount--;
      this.enter(chunk, segment);
    }
  }

  /** A number for a new segment. */
  open(): number {
    const segment = this.takeFree() ?? this.next++;
    this.chunks.set(segment, new Set());
    this.recount();
    return segment;
  }

  private takeFree(): number | null {
    for (const segment of this.free) {
      this.free.delete(segment);
      return segment;
    }
    return null;
  }

  /** A segment that has no chunks any more is none; its number is not used again until it is released. */
  close(segment: number): void {
    if (this.chunks.get(segment)?.size !== 0) return;
    this.chunks.delete(segment);
    this.recount();
  }

  /** These numbers, where no segment has them, can be used again. */
  release(segments: readonly number[]): void {
    for (const segment of segments) if (!this.chunks.has(segment)) this.free.add(segment);
  }

  /** Throws where segments, chunks and counts differ; returns what is counted of it. */
  verify(): number {
    const what = `the segments of group ${this.group}`;
    const { chunks } = this.table;
    let count = 0;
    for (const [segment, set] of this.chunks) {
      mustHold(segment < this.next && !this.free.has(segment), `${what}: segment ${segment} is not in use`);
      for (const chunk of set) mustBe(chunks.segmentOf(chunk), segment, `${what}: that of chunk ${chunk}`);
      count += set.size;
    }
    mustBe(this.chunkCount, count, `${what}: chunks`);
    mustBe(this.table.groups.chunkCount(this.group), count, `${what}: chunks of the group`);
    return this.countedBytes;
  }
}

const NO_CHUNKS: ReadonlySet<number> = new Set();
