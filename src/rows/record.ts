import { byteAt } from "../bytes/at.ts";
import { Broken } from "../bytes/broken.ts";
import { LINE_FEED } from "../bytes/characters.ts";
import { Writer } from "../bytes/writer.ts";
import type { GroupFamily, LabelPair } from "../model/view.ts";
import { type FamilyHead, FamilyHeads, headSize } from "./family-heads.ts";
import {
  HEAD_SIZE_AT,
  LINES_AT,
  METRICS_AT,
  NUMBERS_BYTES,
  PUSHED_AT,
  SIDE_SIZE_AT,
  SIZE_AT,
  START_AT,
} from "./parts-cursor.ts";

/** What a row says of families, as bytes. */
export interface EncodedRow {
  /** HELP, TYPE and lines of each family: what people read. */
  readonly exposition: Uint8Array;
  /** Where the families are in the exposition, and what it does not say; see `writePart`. */
  readonly parts: Uint8Array;
}

/** The size of a side that is not there. */
const NO_SIDE = -1;
/** Buffers that have grown beyond this are given back. */
const KEPT_BUFFER_BYTES = 1 << 20;

/** Writes families as rows. What it returns is lent until the next row. */
export class RowWriter {
  private readonly exposition = new Writer(65536);
  private readonly parts = new Writer(4096);
  readonly heads = new FamilyHeads();
  private readonly numbers = new DataView(new ArrayBuffer(NUMBERS_BYTES));
  private readonly numberBytes = new Uint8Array(this.numbers.buffer);

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.heads.sizeBytes + this.exposition.bytes.length + this.parts.bytes.length;
  }

  /** A row of these families, or null where it would be larger than about `limitBytes`. */
  write(families: readonly GroupFamily[], limitBytes = Infinity): EncodedRow | null {
    const { exposition, parts, heads } = this;
    this.trim();
    exposition.reset();
    parts.reset();
    let sizeBytes = 0;
    for (const family of families) {
      sizeBytes += sizeInRow(family);
      if (sizeBytes > limitBytes) return null;
      const head = heads.of(family);
      exposition.append(head.lines);
      this.writePart(family, head, exposition.length);
      if (family.side !== null) parts.append(family.side);
      exposition.append(family.lines);
    }
    return { exposition: exposition.view(), parts: parts.view() };
  }

  /**
   * A piece of the row of one family: of its bytes, those of the exposition before those of the parts, `sizeBytes` from
   * `from` on, or a little less so that a line of text is not cut; empty where there are none left.
   */
  writePiece(family: GroupFamily, from: number, sizeBytes: number): EncodedRow {
    const { exposition, parts, heads } = this;
    this.trim();
    exposition.reset();
    parts.reset();
    const head = heads.of(family);
    this.writePart(family, head, head.lines.length);
    const part = parts.finish();
    parts.reset();
    const end = from + sizeBytes - lineCut(family.lines, from - head.lines.length, sizeBytes);
    let at = 0;
    const append = (out: Writer, bytes: Uint8Array) => {
      const start = Math.max(from - at, 0);
      if (start < bytes.length && end > at) out.copy(bytes, start, Math.min(end - at, bytes.length));
      at += bytes.length;
    };
    append(exposition, head.lines);
    append(exposition, family.lines);
    append(parts, part);
    if (family.side !== null) append(parts, family.side);
    return { exposition: exposition.view(), parts: parts.view() };
  }

  /** A row of these families, whatever its size. */
  writeWhole(families: readonly GroupFamily[]): EncodedRow {
    const row = this.write(families);
    if (row === null) throw new Broken("writing a row without a limit: it is too large");
    return row;
  }

  private trim(): void {
    this.exposition.trim(KEPT_BUFFER_BYTES);
    this.parts.trim(KEPT_BUFFER_BYTES);
    this.heads.trim();
  }

  /**
   * Appends one family to `parts`, but for its side; numbers little-endian; `start` is where its lines stand in the
   * exposition:
   *
   *     f64 pushedMs | u32 metrics | u32 lines | u32 start | u32 size | i32 size of the side or -1 | u32 size of the head
   *     head:  u8 type | u8 flags of kept-group.ts | u32 size of the name | name | f64 age, if there is one | help
   *     side
   */
  private writePart(family: GroupFamily, head: FamilyHead, start: number): void {
    const { numbers, parts } = this;
    numbers.setFloat64(PUSHED_AT, family.pushedMs, true);
    numbers.setUint32(METRICS_AT, family.metricCount, true);
    numbers.setUint32(LINES_AT, family.lineCount, true);
    numbers.setUint32(START_AT, start, true);
    numbers.setUint32(SIZE_AT, family.lines.length, true);
    numbers.setInt32(SIDE_SIZE_AT, family.side?.length ?? NO_SIDE, true);
    numbers.setUint32(HEAD_SIZE_AT, head.bytes.length, true);
    parts.append(this.numberBytes);
    parts.append(head.bytes);
  }
}

/** How many bytes of lines[from, from+sizeBytes) are of a line that does not end there, unless they are very many. */
function lineCut(lines: Uint8Array, from: number, sizeBytes: number): number {
  const end = from + sizeBytes;
  if (end <= 0 || end >= lines.length) return 0;
  const lastLine = lines.lastIndexOf(LINE_FEED, end - 1) + 1;
  return lastLine > from && end - lastLine < sizeBytes / 2 ? end - lastLine : 0;
}

/** About how large a family is in a row. */
export function sizeInRow(family: GroupFamily): number {
  return NUMBERS_BYTES + headSize(family) + family.lines.length + (family.side?.length ?? 0);
}

/** The labels of a group as a JSON object, in the order of their names. */
export function labelsText(labels: readonly LabelPair[]): string {
  return JSON.stringify(Object.fromEntries(labels.map(({ name, value }) => [name, value])));
}

/** Reads sized pieces of a buffer one after the other; throws where it ends too early. */
export class PieceReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  take(size: number): Uint8Array {
    if (size > this.bytes.length - this.at) throw new Broken(`reading a row: ${size} bytes are missing at ${this.at}`);
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  sized(): Uint8Array {
    return this.take(this.uint32());
  }

  byte(): number {
    return byteAt(this.take(1), 0);
  }

  /** The next byte, which stays the next one. */
  peek(): number {
    const byte = byteAt(this.take(1), 0);
    this.at--;
    return byte;
  }

  uint32(): number {
    this.take(4);
    return this.view.getUint32(this.at - 4, true);
  }

  double(): number {
    this.take(8);
    return this.view.getFloat64(this.at - 8, true);
  }
}
