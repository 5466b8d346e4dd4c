import { type GroupRow, type KeyedGroup, OWN_SEGMENT } from "../model/kept-group.ts";
import type { GroupFamily } from "../model/view.ts";
import type { GroupSegments } from "../store/table/segments.ts";
import { BatchWriter } from "./batch.ts";
import { type Row, RowWriter, sizeInRow } from "./record.ts";

/** A row is not larger than this, unless one family is; larger ones are split. Two pages of the database. */
export const ROW_BYTES = 16 << 10;
/** How far the rows are filled that it is split into. */
export const FILLED_BYTES = ROW_BYTES / 2;
/** A segment that has become smaller than this goes back into the row of its group. */
const SMALL_BYTES = ROW_BYTES / 8;
/** Every group's own row has at least the families of the two push times. */
const OWN_FAMILIES = 2;
const NO_SEGMENTS: readonly number[] = [];

interface Piece {
  readonly chunk: number;
  readonly family: GroupFamily;
  readonly sizeBytes: number;
}

/** What has to be done with the segments of a group. */
interface Work {
  readonly put: Set<number>;
  readonly drop: number[];
}

/** What the writer needs of the store that it writes groups of. */
export interface WrittenStore {
  /** The group of an id, or null if it is gone. */
  readonly keyedGroup: (group: number) => KeyedGroup | null;
  /** The same without its families. */
  readonly groupRow: (group: number) => GroupRow | null;
  /** How a group is spread over rows, or null where it is kept whole. */
  readonly segmentsOf: (group: number) => GroupSegments | null;
  readonly splitGroup: (group: number) => GroupSegments;
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

  constructor(private readonly store: WrittenStore) {}

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.batch.keptBytes + this.rows.sizeBytes;
  }

  /** Writes a group and returns the numbers of the segments that it wrote; null: there is no such group. */
  write(group: number): readonly number[] | null {
    const segments = this.store.segmentsOf(group);
    return segments === null ? this.writeWhole(group) : this.writeSegments(group, segments);
  }

  private writeWhole(id: number): readonly number[] | null {
    const group = this.store.keyedGroup(id);
    if (group === null) return null;
    const row = this.rows.write(group.view.families, ROW_BYTES, OWN_FAMILIES);
    if (row === null) return this.writeSegments(id, this.store.splitGroup(id));
    this.batch.put(group, row);
    return NO_SEGMENTS;
  }

  private writeSegments(id: number, segments: GroupSegments): readonly number[] | null {
    const group = this.store.groupRow(id);
    if (group === null) return null;
    const work: Work = { put: new Set(), drop: [] };
    for (const number of segments.takeChanged()) settle(segments, number, work);
    settleOwn(segments, work);
    this.batch.put(group, this.rowOf(segments, OWN_SEGMENT));
    for (const number of work.drop) this.batch.dropSegment(group.key, number);
    for (const number of work.put) this.batch.putSegment(group.key, number, this.rowOf(segments, number));
    return [...work.drop, ...work.put];
  }

  private rowOf(segments: GroupSegments, number: number): Row {
    return this.rows.writeWhole(piecesOf(segments, number).map(({ family }) => family));
  }
}

/** The families of a segment, sorted by name. */
function piecesOf(segments: GroupSegments, number: number): Piece[] {
  const pieces = segments.chunksOf(number).map((chunk) => {
    const family = segments.family(chunk);
    return { chunk, family, sizeBytes: sizeInRow(family) };
  });
  return pieces.sort((a, b) => (a.family.name < b.family.name ? -1 : 1));
}

const sumOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
const chunksIn = (pieces: readonly Piece[]): number[] => pieces.map(({ chunk }) => chunk);

function settle(segments: GroupSegments, number: number, work: Work): void {
  const pieces = piecesOf(segments, number);
  const sizeBytes = sumOf(pieces);
  if (sizeBytes < SMALL_BYTES) {
    segments.move(chunksIn(pieces), OWN_SEGMENT);
    segments.close(number);
    work.drop.push(number);
    return;
  }
  work.put.add(number);
  if (sizeBytes <= ROW_BYTES) return;
  const [, ...others] = packed(pieces);
  for (const other of others) moveOut(segments, other, work);
}

function settleOwn(segments: GroupSegments, work: Work): void {
  const pieces = piecesOf(segments, OWN_SEGMENT);
  if (sumOf(pieces) <= ROW_BYTES) return;
  for (const pack of packed(pieces.filter(({ chunk }) => !segments.isPushTime(chunk)))) moveOut(segments, pack, work);
}

function moveOut(segments: GroupSegments, pieces: readonly Piece[], work: Work): void {
  const number = segments.open();
  segments.move(chunksIn(pieces), number);
  work.put.add(number);
}

/** Puts pieces into runs, each filled as far as a row is to be, or of one piece. */
function packed(pieces: readonly Piece[]): Piece[][] {
  const packs: Piece[][] = [];
  let sizeBytes = Infinity;
  for (const piece of pieces) {
    if (sizeBytes + piece.sizeBytes > FILLED_BYTES) {
      packs.push([]);
      sizeBytes = 0;
    }
    packs.at(-1)?.push(piece);
    sizeBytes += piece.sizeBytes;
  }
  return packs;
}
