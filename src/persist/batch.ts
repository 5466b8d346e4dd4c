import { Writer } from "../bytes/writer.ts";
import type { GroupRow } from "../model/kept-group.ts";
import { appendSized } from "./family-heads.ts";
import { labelsText, PieceReader, type Row } from "./record.ts";

/**
 * Kinds of operations in a batch, in the order in which they are carried out: a wipe first, then removals, then rows.
 */
const WIPE = 0;
const REMOVE = 1;
const PUT = 2;
const PUT_SEGMENT = 3;
const DROP_SEGMENT = 4;

/** A batch that is larger is handed over without a copy, and the buffer with it. */
const COPIED_BYTES = 256 << 10;
const START_BYTES = 64 << 10;

/** `number` is that of a further segment of the group that was put last. */
export type Operation =
  | { readonly kind: "wipe" }
  | { readonly kind: "remove"; readonly key: Uint8Array }
  | {
      readonly kind: "put";
      readonly key: Uint8Array;
      readonly labels: Uint8Array;
      readonly succeededSeconds: number;
      readonly failedSeconds: number;
      readonly row: Row;
    }
  | { readonly kind: "put segment"; readonly key: Uint8Array; readonly number: number; readonly row: Row }
  | { readonly kind: "drop segment"; readonly key: Uint8Array; readonly number: number };

/** Puts operations into one buffer, which goes to the writing thread without being copied. */
export class BatchWriter {
  private readonly out = new Writer(START_BYTES);
  private readonly labels = new Writer(1024);
  private readonly doubles = new Float64Array(2);

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

  put({ key, labels, succeededSeconds, failedSeconds }: GroupRow, row: Row): void {
    const { out } = this;
    out.byte(PUT);
    appendSized(out, key);
    this.doubles[0] = succeededSeconds;
    this.doubles[1] = failedSeconds;
    out.append(new Uint8Array(this.doubles.buffer));
    this.labels.reset();
    this.labels.text(labelsText(labels));
    appendSized(out, this.labels.view());
    this.appendRow(row);
  }

  /** Puts a further segment of the group that was put last. */
  putSegment(key: Uint8Array, number: number, row: Row): void {
    this.segment(PUT_SEGMENT, key, number);
    this.appendRow(row);
  }

  dropSegment(key: Uint8Array, number: number): void {
    this.segment(DROP_SEGMENT, key, number);
  }

  private segment(kind: number, key: Uint8Array, number: number): void {
    this.out.byte(kind);
    appendSized(this.out, key);
    this.doubles[0] = number;
    this.out.append(new Uint8Array(this.doubles.buffer, 0, 8));
  }

  private appendRow({ exposition, parts }: Row): void {
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

/** The operations of a batch; what they hold are parts of it. */
export function* readBatch(batch: Uint8Array): Generator<Operation> {
  const reader = new PieceReader(batch);
  while (!reader.done) {
    const kind = reader.byte();
    if (kind === WIPE) yield { kind: "wipe" };
    else if (kind === REMOVE) yield { kind: "remove", key: reader.sized() };
    else if (kind === PUT) yield readPut(reader);
    else if (kind === PUT_SEGMENT)
      yield { kind: "put segment", key: reader.sized(), number: reader.double(), row: readRow(reader) };
    else yield { kind: "drop segment", key: reader.sized(), number: reader.double() };
  }
}

function readPut(reader: PieceReader): Operation {
  const key = reader.sized();
  const succeededSeconds = reader.double();
  const failedSeconds = reader.double();
  return { kind: "put", key, succeededSeconds, failedSeconds, labels: reader.sized(), row: readRow(reader) };
}

function readRow(reader: PieceReader): Row {
  return { exposition: reader.sized(), parts: reader.sized() };
}
