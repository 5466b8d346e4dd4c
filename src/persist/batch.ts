import { Writer } from "../bytes/writer.ts";
import { appendSized, PieceReader, type Row } from "./record.ts";

/** Kinds of operations in a batch, in the order in which they are carried out: a wipe first, then removals, then rows. */
const WIPE = 0;
const REMOVE = 1;
const PUT = 2;

export type Operation =
  | { readonly kind: "wipe" }
  | { readonly kind: "remove"; readonly key: Uint8Array }
  | {
      readonly kind: "put";
      readonly key: Uint8Array;
      readonly succeededSeconds: number;
      readonly failedSeconds: number;
      readonly row: Row;
    };

/** Puts operations into one buffer, which goes to the writing thread without being copied. */
export class BatchWriter {
  private readonly out = new Writer(1 << 16);
  private readonly doubles = new Float64Array(2);

  get sizeBytes(): number {
    return this.out.length;
  }

  wipe(): void {
    this.out.byte(WIPE);
  }

  remove(key: Uint8Array): void {
    this.out.byte(REMOVE);
    appendSized(this.out, key);
  }

  put(key: Uint8Array, succeededSeconds: number, failedSeconds: number, row: Row): void {
    const { out } = this;
    out.byte(PUT);
    appendSized(out, key);
    this.doubles[0] = succeededSeconds;
    this.doubles[1] = failedSeconds;
    out.append(new Uint8Array(this.doubles.buffer));
    appendSized(out, row.labels);
    appendSized(out, row.exposition);
    appendSized(out, row.parts);
  }

  /** The batch so far, in bytes of its own; the next one is begun. */
  finish(): Uint8Array<ArrayBuffer> {
    const batch = new Uint8Array(this.out.view());
    this.out.reset();
    return batch;
  }
}

/** The operations of a batch; what they hold are parts of it. */
export function* readBatch(batch: Uint8Array): Generator<Operation> {
  const reader = new PieceReader(batch);
  while (!reader.done) {
    const kind = reader.byte();
    if (kind === WIPE) yield { kind: "wipe" };
    else if (kind === REMOVE) yield { kind: "remove", key: reader.sized() };
    else {
      const key = reader.sized();
      const succeededSeconds = reader.double();
      const failedSeconds = reader.double();
      const row = { labels: reader.sized(), exposition: reader.sized(), parts: reader.sized() };
      yield { kind: "put", key, succeededSeconds, failedSeconds, row };
    }
  }
}
