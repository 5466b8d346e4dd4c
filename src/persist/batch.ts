import { Writer } from "../bytes/writer.ts";
import type { GroupRow } from "../model/kept-group.ts";
import { appendSized } from "../rows/family-heads.ts";
import { pushIdBytes } from "../rows/push-id-bytes.ts";
import { type EncodedRow, labelsText, PieceReader } from "../rows/record.ts";

/** Kinds of operations in a batch. A wipe is the first one; a removal is before the group of its key. */
const WIPE = 0;
const REMOVE = 1;
const GROUP = 2;
/** What is done to the rows of the group that was named last. */
const PUT = 3;
const PUT_SEGMENT = 4;
const PUT_PIECE = 5;
const DROP_SEGMENT = 6;
const STAGE = 7;

/** A batch that is larger is handed over without a copy, and the buffer with it. */
const COPIED_BYTES = 256 << 10;
const START_BYTES = 64 << 10;

/** What is done to a row of a group. Each is of one row, or says which segments are staged (staged.ts). */
export type RowOperation =
  | {
      readonly kind: "put";
      readonly labels: Uint8Array;
      readonly succeededSeconds: number;
      readonly failedSeconds: number;
      readonly ttlSeconds: number;
      /** As pushIdBytes writes them. */
      readonly pushIds: Uint8Array;
      readonly row: EncodedRow;
    }
  | { readonly kind: "put segment"; readonly number: number; readonly row: EncodedRow }
  | { readonly kind: "put piece"; readonly number: number; readonly piece: number; readonly row: EncodedRow }
  | { readonly kind: "drop segment"; readonly number: number }
  | { readonly kind: "stage"; readonly numbers: Uint8Array };

export type Operation =
  | { readonly kind: "wipe" }
  | { readonly kind: "remove"; readonly key: Uint8Array }
  | { readonly kind: "group"; readonly key: Uint8Array; readonly rows: readonly RowOperation[] };

/** Puts operations into one buffer, which goes to the writing thread without being copied. */
export class BatchWriter {
  private readonly out = new Writer(START_BYTES);
  private readonly labels = new Writer(1024);
  private readonly doubles = new Float64Array(3);

  get sizeBytes(): number {
    return this.out.length;
  }

  /** The memory that it takes up. */
  get keptBytes(): number {
    return this.out.bytes.length + this.labels.bytes.length;
  }

  wipe(): void {
    this.out.byte(WIPE);
  }

  remove(key: Uint8Array): void {
    this.out.byte(REMOVE);
    appendSized(this.out, key);
  }

  /** What follows is of the rows of this group, up to the next one. */
  group(key: Uint8Array): void {
    this.out.byte(GROUP);
    appendSized(this.out, key);
  }

  /** Puts the group's own row. */
  put({ labels, succeededSeconds, failedSeconds, ttlSeconds, pushIds }: GroupRow, row: EncodedRow): void {
    const { out } = this;
    out.byte(PUT);
    this.doubles[0] = succeededSeconds;
    this.doubles[1] = failedSeconds;
    this.doubles[2] = ttlSeconds;
    out.append(new Uint8Array(this.doubles.buffer));
    this.labels.reset();
    this.labels.text(labelsText(labels));
    appendSized(out, this.labels.view());
    appendSized(out, pushIdBytes(pushIds));
    this.row(row);
  }

  /** Puts a segment, or the first piece of one. */
  putSegment(number: number, row: EncodedRow): void {
    this.numbered(PUT_SEGMENT, number);
    this.row(row);
  }

  /** Puts a further piece of a segment; `piece` is its place among them, from 1 on. */
  putPiece(number: number, piece: number, row: EncodedRow): void {
    this.numbered(PUT_PIECE, number);
    this.double(piece);
    this.row(row);
  }

  dropSegment(number: number): void {
    this.numbered(DROP_SEGMENT, number);
  }

  /** From now on these segments of the group do not count, and all others do; as staged.ts writes them. */
  stage(numbers: Uint8Array): void {
    this.out.byte(STAGE);
    appendSized(this.out, numbers);
  }

  private numbered(kind: number, number: number): void {
    this.out.byte(kind);
    this.double(number);
  }

  private double(value: number): void {
    this.doubles[0] = value;
    this.out.append(new Uint8Array(this.doubles.buffer, 0, 8));
  }

  private row({ exposition, parts }: EncodedRow): void {
    appendSized(this.out, exposition);
    appendSized(this.out, parts);
  }

  /** The batch so far, in bytes of its own; the next one begins. */
  finish(): Uint8Array<ArrayBuffer> {
    const { out } = this;
    if (out.length <= COPIED_BYTES) {
      const batch = new Uint8Array(out.view());
      out.reset();
      return batch;
    }
    return out.release(START_BYTES);
  }
}

/** Whether a batch begins with a wipe; nowhere else is one. */
export const isWipe = (batch: Uint8Array): boolean => batch[0] === WIPE;

/** The operations of a batch; what they hold are parts of it. */
export function* readBatch(batch: Uint8Array): Generator<Operation> {
  const reader = new PieceReader(batch);
  while (!reader.done) {
    const kind = reader.byte();
    if (kind === WIPE) yield { kind: "wipe" };
    else if (kind === REMOVE) yield { kind: "remove", key: reader.sized() };
    else yield { kind: "group", key: reader.sized(), rows: readRows(reader) };
  }
}

function readRows(reader: PieceReader): RowOperation[] {
  const rows: RowOperation[] = [];
  while (!reader.done && reader.peek() >= PUT) rows.push(readRowOperation(reader));
  return rows;
}

function readRowOperation(reader: PieceReader): RowOperation {
  const kind = reader.byte();
  if (kind === PUT) return readPut(reader);
  if (kind === PUT_SEGMENT) return { kind: "put segment", number: reader.double(), row: readRow(reader) };
  if (kind === PUT_PIECE)
    return { kind: "put piece", number: reader.double(), piece: reader.double(), row: readRow(reader) };
  if (kind === DROP_SEGMENT) return { kind: "drop segment", number: reader.double() };
  return { kind: "stage", numbers: reader.sized() };
}

function readPut(reader: PieceReader): RowOperation {
  const succeededSeconds = reader.double();
  const failedSeconds = reader.double();
  const ttlSeconds = reader.double();
  const times = { succeededSeconds, failedSeconds, ttlSeconds };
  return { kind: "put", ...times, labels: reader.sized(), pushIds: reader.sized(), row: readRow(reader) };
}

function readRow(reader: PieceReader): EncodedRow {
  return { exposition: reader.sized(), parts: reader.sized() };
}
