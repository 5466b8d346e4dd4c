import { OWN_SEGMENT } from "../model/kept-group.ts";
import { isPushTimeName } from "../model/push-times.ts";
import type { GroupFamily } from "../model/view.ts";
import { type EncodedRow, RowWriter, sizeInRow } from "../rows/record.ts";
import { BatchWriter } from "./batch.ts";
import type { SegmentedGroup, WrittenStore } from "./persisted-store.ts";

/** A row is not larger than this, unless one family is; larger ones are split. Two pages of the database. */
export const ROW_BYTES = 16 << 10;
/** How far the rows are filled that it is split into. */
export const FILLED_BYTES = ROW_BYTES / 2;
/** A segment that has become smaller than this goes back into the row of its group. */
export const SMALL_BYTES = ROW_BYTES / 8;
/** A change of a group that takes more than this is written in slices, by a LargeChange. */
const LARGE_BYTES = 128 << 10;

/** The segments that were written of a group, by their numbers. */
export interface WrittenSegments {
  readonly put: readonly number[];
  /** Their rows are deleted. The file has them until that is committed: then the numbers are to be released. */
  readonly dropped: readonly number[];
}

const NO_SEGMENTS: WrittenSegments = { put: [], dropped: [] };

interface SegmentFamily {
  readonly chunk: number;
  readonly family: GroupFamily;
  readonly sizeBytes: number;
}

/** What has to be done with the segments of a group. */
interface SegmentChanges {
  readonly put: Set<number>;
  readonly drop: number[];
}

/**
 * Writes groups to a batch. A group of ordinary size is one row. A large one is spread over segments: the own row,
 * which changes with each push, and further ones, of which those are written that have changed. Segments that have
 * grown are split, those that have shrunk are taken into the own row: so what is written is what has changed, and for
 * each changed family at most a row.
 */
export class GroupWriter {
  readonly batch = new BatchWriter();
  readonly rows = new RowWriter();

  constructor(readonly store: WrittenStore) {}

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.batch.keptBytes + this.rows.sizeBytes;
  }

  /**
   * Writes a group and gives the segments that it wrote; null: there is no such group. A large change is not written
   * but said to be one.
   */
  write(group: number): WrittenSegments | "large" | null {
    const segments = this.store.segmentsOf(group);
    if (segments === null) return this.writeWhole(group);
    return isLarge(segments) ? "large" : this.writeSegments(group, segments);
  }

  private writeWhole(id: number): WrittenSegments | "large" | null {
    const group = this.store.keyedGroup(id);
    if (group === null) return null;
    const row = this.rows.write(group.view.families, ROW_BYTES);
    if (row === null) {
      this.store.splitGroup(id);
      return this.write(id);
    }
    this.batch.group(group.key);
    this.batch.put(group, row);
    return NO_SEGMENTS;
  }

  private writeSegments(id: number, segments: SegmentedGroup): WrittenSegments | null {
    const { batch } = this;
    const group = this.store.groupRow(id);
    if (group === null) return null;
    const changes: SegmentChanges = { put: new Set(), drop: [] };
    for (const number of segments.takeChanged()) settle(segments, number, changes);
    settleOwn(segments, changes);
    batch.group(group.key);
    batch.put(group, this.rowOf(segments, OWN_SEGMENT));
    for (const number of changes.drop) batch.dropSegment(number);
    for (const number of changes.put) batch.putSegment(number, this.rowOf(segments, number));
    return { put: [...changes.put], dropped: changes.drop };
  }

  /** The row of a segment. */
  rowOf(segments: SegmentedGroup, number: number): EncodedRow {
    return this.rows.writeWhole(familiesOf(segments, number).map(({ family }) => family));
  }
}

/** Whether so much of a group has changed that it is to be written in slices. Looks at no more than that. */
function isLarge(segments: SegmentedGroup): boolean {
  let sizeBytes = 0;
  for (const number of [OWN_SEGMENT, ...segments.changed])
    for (const chunk of segments.chunksOf(number)) {
      sizeBytes += sizeInRow(segments.family(chunk));
      if (sizeBytes > LARGE_BYTES) return true;
    }
  return false;
}

/** The families of a segment, sorted by name. */
export function familiesOf(segments: SegmentedGroup, number: number): SegmentFamily[] {
  const families = Array.from(segments.chunksOf(number), (chunk) => {
    const family = segments.family(chunk);
    return { chunk, family, sizeBytes: sizeInRow(family) };
  });
  return families.sort((a, b) => (a.family.name < b.family.name ? -1 : 1));
}

export const sumOf = (families: readonly SegmentFamily[]): number =>
  families.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
export const chunksIn = (families: readonly SegmentFamily[]): number[] => families.map(({ chunk }) => chunk);

function settle(segments: SegmentedGroup, number: number, changes: SegmentChanges): void {
  const families = familiesOf(segments, number);
  const sizeBytes = sumOf(families);
  if (sizeBytes < SMALL_BYTES) {
    segments.move(chunksIn(families), OWN_SEGMENT);
    segments.close(number);
    changes.drop.push(number);
    return;
  }
  changes.put.add(number);
  if (sizeBytes <= ROW_BYTES) return;
  const [, ...others] = packed(families);
  for (const other of others) moveOut(segments, other, changes);
}

function settleOwn(segments: SegmentedGroup, changes: SegmentChanges): void {
  const families = familiesOf(segments, OWN_SEGMENT);
  if (sumOf(families) <= ROW_BYTES) return;
  for (const pack of packed(families.filter(({ family }) => !staysOwn(family)))) moveOut(segments, pack, changes);
}

/** The push times change with each push: unless they are large, moving them would only have them written twice. */
export const staysOwn = (family: GroupFamily): boolean =>
  isPushTimeName(family.name) && sizeInRow(family) < SMALL_BYTES;

function moveOut(segments: SegmentedGroup, families: readonly SegmentFamily[], changes: SegmentChanges): void {
  const number = segments.open();
  segments.move(chunksIn(families), number);
  changes.put.add(number);
}

/** Puts families into runs, each filled as far as a row is to be, or of one family. */
export function packed(families: readonly SegmentFamily[]): SegmentFamily[][] {
  const packs: SegmentFamily[][] = [];
  let sizeBytes = Infinity;
  for (const item of families) {
    if (sizeBytes + item.sizeBytes > FILLED_BYTES) {
      packs.push([]);
      sizeBytes = 0;
    }
    packs.at(-1)?.push(item);
    sizeBytes += item.sizeBytes;
  }
  return packs;
}
