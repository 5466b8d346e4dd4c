import { Float64Column, Int32Column } from "../bytes/columns.ts";
import { sameBytes } from "../bytes/hash.ts";
import { Writer } from "../bytes/writer.ts";
import {
  HEAD_AGE_BYTES,
  HEAD_HAS_AGE,
  HEAD_HAS_HELP,
  HEAD_HELP_AT,
  HEAD_HELP_SIZE,
  HEAD_NAME_AT,
  HEAD_STRIDE,
  KEPT_AT,
  KEPT_FAMILY_STRIDE,
  KEPT_GROUP_STRIDE,
  KEPT_HEAD,
  KEPT_LINES,
  KEPT_METRICS,
  KEPT_SIDE_AT,
  KEPT_SIDE_SIZE,
  KEPT_SIZE,
  type KeptGroups,
} from "../model/kept-group.ts";
import { KeyTable } from "../store/key-table.ts";
import { NUMBERS_BYTES } from "./record.ts";

/** Type, flags and the size of the name, which a head begins with. */
const HEAD_NUMBERS_BYTES = 6;
const LAST_TYPE = 5;

/** The columns of a row that its group is restored from. */
export interface KeptRow {
  readonly key: Uint8Array;
  /** 0: the group's own row. */
  readonly segment: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly exposition: Uint8Array;
  readonly parts: Uint8Array;
}

/** Gathers rows into columns (kept-group.ts). A row that `RowWriter` did not write is an error. */
export class KeptColumns {
  private readonly bytes = new Writer(1 << 20);
  private readonly groups = new Int32Column();
  private readonly times = new Float64Column();
  private readonly families = new Int32Column();
  private readonly pushedMs = new Float64Column();
  private readonly heads = new Int32Column();
  /** The heads as they stand in rows; their ids are their numbers. */
  private readonly knownHeads = new KeyTable();
  /** The heads of the row before, in order: those of the next one are nearly always the same. */
  private guesses: number[] = [];
  rowCount = 0;
  private familyCount = 0;
  private headCount = 0;

  get sizeBytes(): number {
    return this.bytes.length;
  }

  add(row: KeptRow): void {
    const { bytes } = this;
    const keyAt = bytes.length;
    bytes.append(row.key);
    const start = bytes.length;
    bytes.append(row.exposition);
    const firstFamily = this.familyCount;
    this.addFamilies(row, start);
    this.groups.ensure((this.rowCount + 1) * KEPT_GROUP_STRIDE);
    const group = [keyAt, row.key.length, this.familyCount - firstFamily, row.segment];
    this.groups.rows.set(group, this.rowCount * KEPT_GROUP_STRIDE);
    this.times.ensure((this.rowCount + 1) * 2);
    this.times.rows[this.rowCount * 2] = row.succeeded;
    this.times.rows[this.rowCount * 2 + 1] = row.failed;
    this.rowCount++;
  }

  /** The groups so far, in arrays of their own; the next ones are begun. */
  finish(): KeptGroups {
    const { rowCount, familyCount, headCount } = this;
    const kept = {
      bytes: new Uint8Array(this.bytes.view()),
      groups: this.groups.rows.slice(0, rowCount * KEPT_GROUP_STRIDE),
      times: this.times.rows.slice(0, rowCount * 2),
      families: this.families.rows.slice(0, familyCount * KEPT_FAMILY_STRIDE),
      pushedMs: this.pushedMs.rows.slice(0, familyCount),
      heads: this.heads.rows.slice(0, headCount * HEAD_STRIDE),
    };
    this.bytes.reset();
    this.knownHeads.clear();
    this.guesses = [];
    this.rowCount = 0;
    this.familyCount = 0;
    this.headCount = 0;
    return kept;
  }

  /** Adds the families of a row whose exposition was copied to `start`. */
  private addFamilies({ parts, exposition }: KeptRow, start: number): void {
    const numbers = new DataView(parts.buffer, parts.byteOffset, parts.byteLength);
    for (let at = 0, place = 0; at < parts.length; place++) {
      if (parts.length - at < NUMBERS_BYTES) throw new Error(`reading a row: a family is cut short at ${at}`);
      const lines = numbers.getUint32(at + 16, true);
      const size = numbers.getUint32(at + 20, true);
      const sideSize = numbers.getInt32(at + 24, true);
      const headSize = numbers.getUint32(at + 28, true);
      const headAt = at + NUMBERS_BYTES;
      const end = headAt + headSize + Math.max(sideSize, 0);
      if (end > parts.length || lines + size > exposition.length)
        throw new Error(`reading a row: the family at ${at} is not whole`);
      const head = this.headOf(parts, headAt, headSize, place);
      this.pushFamily(numbers, at, head, start + lines, sideSize);
      if (sideSize > 0) this.bytes.append(parts.subarray(end - sideSize, end));
      at = end;
    }
  }

  private pushFamily(numbers: DataView, at: number, head: number, linesAt: number, sideSize: number): void {
    this.families.ensure((this.familyCount + 1) * KEPT_FAMILY_STRIDE);
    this.pushedMs.ensure(this.familyCount + 1);
    const { rows } = this.families;
    const row = this.familyCount * KEPT_FAMILY_STRIDE;
    rows[row + KEPT_HEAD] = head;
    rows[row + KEPT_METRICS] = numbers.getUint32(at + 8, true);
    rows[row + KEPT_LINES] = numbers.getUint32(at + 12, true);
    rows[row + KEPT_AT] = linesAt;
    rows[row + KEPT_SIZE] = numbers.getUint32(at + 20, true);
    rows[row + KEPT_SIDE_AT] = this.bytes.length;
    rows[row + KEPT_SIDE_SIZE] = sideSize;
    this.pushedMs.rows[this.familyCount++] = numbers.getFloat64(at, true);
  }

  /** The number of the head parts[at, at+size), which is that of the family at `place` in its row. */
  private headOf(parts: Uint8Array, at: number, size: number, place: number): number {
    const guess = this.guesses[place];
    if (guess !== undefined && this.isHead(guess, parts, at, size)) return guess;
    const known = this.knownHeads.find(parts, at, at + size);
    const head = known < 0 ? this.addHead(parts, at, size) : known;
    if (known < 0) this.knownHeads.add(parts, at, at + size);
    this.guesses[place] = head;
    return head;
  }

  /** Whether parts[at, at+size) is the head of a number; it stands in `bytes` as it stands in a row. */
  private isHead(head: number, parts: Uint8Array, at: number, size: number): boolean {
    const { rows } = this.heads;
    const row = head * HEAD_STRIDE;
    const start = (rows[row + HEAD_NAME_AT] as number) - HEAD_NUMBERS_BYTES;
    const end = (rows[row + HEAD_HELP_AT] as number) + Math.max(rows[row + HEAD_HELP_SIZE] as number, 0);
    return end - start === size && sameBytes(this.bytes.bytes, start, parts, at, size);
  }

  private addHead(parts: Uint8Array, at: number, size: number): number {
    const start = this.bytes.length;
    this.bytes.append(parts.subarray(at, at + size));
    const nameSize = size < HEAD_NUMBERS_BYTES ? size : readUint32(parts, at + 2);
    const [type = 0, flags = 0] = parts.subarray(at, at + 2);
    const ageSize = (flags & HEAD_HAS_AGE) !== 0 ? HEAD_AGE_BYTES : 0;
    const helpSize = size - HEAD_NUMBERS_BYTES - nameSize - ageSize;
    const hasHelp = (flags & HEAD_HAS_HELP) !== 0;
    if (type > LAST_TYPE || helpSize < 0 || (!hasHelp && helpSize > 0))
      throw new Error(`reading a row: the head of a family at ${at} is not whole`);
    this.heads.ensure((this.headCount + 1) * HEAD_STRIDE);
    const nameAt = start + HEAD_NUMBERS_BYTES;
    const head = [type, flags, nameAt, nameSize, nameAt + nameSize + ageSize, hasHelp ? helpSize : -1];
    this.heads.rows.set(head, this.headCount * HEAD_STRIDE);
    return this.headCount++;
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}
