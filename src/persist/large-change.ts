import { OWN_SEGMENT } from "../model/kept-group.ts";
import { sizeInRow } from "../rows/record.ts";
import {
  chunksIn,
  FILLED_BYTES,
  familiesOf,
  type GroupWriter,
  packed,
  ROW_BYTES,
  SMALL_BYTES,
  staysOwn,
  sumOf,
} from "./group-writer.ts";
import type { SegmentedGroup } from "./persisted-store.ts";
import { StagedNumbers } from "./staged.ts";

/** A segment that is larger is written in pieces of this size. */
const PIECE_BYTES = 64 << 10;
/** What one slice looks at: the families cost time, too. */
const SLICE_BYTES = 512 << 10;
const SLICE_FAMILIES = 1024;

/** A segment of one family that is being written piece by piece. */
interface Piecewise {
  readonly number: number;
  /** Pieces written, and bytes of the row. */
  count: number;
  at: number;
}

/** What a slice has written: the segments that were put, and whether the group is whole in the file with it. */
export interface Slice {
  readonly put: readonly number[];
  readonly isLast: boolean;
  /** How many families were looked at. */
  readonly familyCount: number;
}

/**
 * A change of one group that is too much for one commit, written in slices of bounded size with commits of others in
 * between. Its rows are staged (staged.ts) until the last slice, which writes the group as it is then: what changes
 * meanwhile, before or behind what was written already, is noted as changed by the store and written (again) before.
 * A slice that could not be committed is to be noted as changed again.
 */
export class LargeChange {
  private readonly segments: SegmentedGroup;
  private readonly staged = new StagedNumbers();
  /** The segments that count in the file and are none any more: they go with the last slice. */
  private readonly replaced = new Set<number>();
  private piecewise: Piecewise | null = null;
  /** Of the slice under way. */
  private put: number[] = [];
  private familyCount = 0;

  constructor(
    private readonly writer: GroupWriter,
    private readonly group: number,
  ) {
    this.segments = writer.store.splitGroup(group);
  }

  /** Writes a slice to the batch; null: the group is no more. */
  write(): Slice | null {
    const { batch, store } = this.writer;
    const group = store.groupRow(this.group);
    if (group === null) return null;
    this.put = [];
    this.familyCount = 0;
    batch.group(group.key);
    const endBytes = batch.sizeBytes + SLICE_BYTES;
    let isLast = false;
    while (!isLast && batch.sizeBytes < endBytes && this.familyCount < SLICE_FAMILIES) isLast = !this.step();
    if (isLast) {
      batch.put(group, this.writer.rowOf(this.segments, OWN_SEGMENT));
      for (const number of this.replaced) batch.dropSegment(number);
    }
    batch.stage(isLast ? NOTHING : this.staged.bytes());
    return { put: this.put, isLast, familyCount: this.familyCount };
  }

  /** The last slice is committed: the numbers of what it replaced can be used again. */
  finish(): void {
    this.segments.release([...this.replaced].sort((a, b) => a - b));
  }

  /** Writes a row, or a piece of one, or makes ready to; false: all that is left is the own row. */
  private step(): boolean {
    if (this.piecewise !== null) this.writePiece(this.piecewise);
    else {
      const number = this.segments.takeOneChanged();
      if (number === null) return this.spillOwn();
      this.rewrite(number);
    }
    return true;
  }

  /** Writes a segment that has changed, under a number that does not count yet. */
  private rewrite(number: number): void {
    const { segments } = this;
    const families = familiesOf(segments, number);
    this.familyCount += 1 + families.length;
    const sizeBytes = sumOf(families);
    if (sizeBytes < SMALL_BYTES) return this.replace(number, chunksIn(families), OWN_SEGMENT);
    const [first = [], ...others] = sizeBytes <= ROW_BYTES ? [families] : packed(families);
    for (const other of others) this.moveOut(chunksIn(other));
    if (this.staged.has(number)) return this.putSegment(number, sumOf(first));
    const staged = this.open();
    this.replace(number, chunksIn(first), staged);
    this.putSegment(staged, sumOf(first));
  }

  private putSegment(number: number, sizeBytes: number): void {
    this.put.push(number);
    if (sizeBytes > PIECE_BYTES) this.piecewise = { number, count: 0, at: 0 };
    else this.writer.batch.putSegment(number, this.writer.rowOf(this.segments, number));
  }

  /** Moves the chunks of a segment to another one; it goes with the last slice. */
  private replace(number: number, chunks: readonly number[], by: number): void {
    this.segments.move(chunks, by);
    this.segments.close(number);
    this.replaced.add(number);
  }

  private open(): number {
    const number = this.segments.open();
    this.staged.add(number);
    return number;
  }

  private moveOut(chunks: readonly number[]): void {
    const number = this.open();
    this.segments.move(chunks, number);
    this.segments.noteChanged(number);
  }

  /** Moves some families out of the own row where it is too large; false: it is not. */
  private spillOwn(): boolean {
    const { segments } = this;
    const chunks: number[] = [];
    let sizeBytes = 0;
    let keptBytes = 0;
    for (const chunk of segments.chunksOf(OWN_SEGMENT)) {
      const family = segments.family(chunk);
      this.familyCount++;
      if (staysOwn(family)) keptBytes += sizeInRow(family);
      else if (chunks.length > 0 && sizeBytes + sizeInRow(family) > FILLED_BYTES) {
        this.moveOut(chunks);
        return true;
      } else {
        chunks.push(chunk);
        sizeBytes += sizeInRow(family);
      }
    }
    if (sizeBytes + keptBytes <= ROW_BYTES) return false;
    this.moveOut(chunks);
    return true;
  }

  private writePiece(piecewise: Piecewise): void {
    const { segments, writer } = this;
    const { number, at } = piecewise;
    const [chunk] = segments.chunksOf(number);
    // What has changed since its first piece is written anew.
    if (chunk === undefined || segments.changed.has(number)) {
      this.piecewise = null;
      return;
    }
    const row = writer.rows.writePiece(segments.family(chunk), at, PIECE_BYTES);
    piecewise.at += row.exposition.length + row.parts.length;
    if (piecewise.at === at) this.piecewise = null;
    else if (piecewise.count === 0) writer.batch.putSegment(number, row);
    else writer.batch.putPiece(number, piecewise.count, row);
    piecewise.count++;
    this.put.push(number);
  }
}

const NOTHING = new Uint8Array(0);
