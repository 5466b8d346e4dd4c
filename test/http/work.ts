import { Writer } from "../../src/bytes/writer.ts";
import { LineCursor } from "../../src/exposition/line-cursor.ts";
import { FieldCursor } from "../../src/protobuf/wire.ts";
import { GzipStitcher } from "../../src/serialise/gzip.ts";
import { GroupReading } from "../../src/store/table/group-reading.ts";
import { Removals } from "../../src/store/table/removals.ts";
import { Table } from "../../src/store/table/table.ts";

/** What noting or taking out one chunk counts, as bytes, and what is put into a list. */
const CHUNK_BYTES = 256;
const ITEM_BYTES = 32;

/**
 * Counts work, in bytes, of everything that answers are made with: lines and protobuf fields that were read, bytes that
 * were written or deflated, chunks that were noted or taken out, things that were put into lists. It hooks into the
 * classes until it is stopped.
 */
export class WorkCounter {
  private readonly undo: (() => void)[] = [];
  private sinceTurn = 0;
  /** The most work between two turns, and all of it. */
  most = 0;
  total = 0;

  constructor() {
    this.hook(LineCursor.prototype, "step", (cursor, run) => {
      const before = Math.max(cursor.lineEnd, Reflect.get(cursor, "at"));
      const result = run();
      this.add(Math.max(cursor.lineEnd, Reflect.get(cursor, "at")) - before);
      return result;
    });
    this.hook(FieldCursor.prototype, "step", (fields, run) => {
      const before = fields.next;
      const result = run();
      // A message is stepped over and then into.
      if (fields.wire !== 2) this.add(fields.next - before);
      return result;
    });
    // What was written is taken out, or forgotten because only its size was wanted.
    const taken = new WeakMap<Writer, number>();
    this.hook(Writer.prototype, "finish", (out, run) => {
      this.add(out.length - (taken.get(out) ?? 0));
      taken.set(out, out.length);
      return run();
    });
    this.hook(Writer.prototype, "reset", (out, run) => {
      this.add(out.length - (taken.get(out) ?? 0));
      taken.set(out, 0);
      return run();
    });
    this.hook(GzipStitcher.prototype, "deflateStep", (stitcher, run) => {
      const before = stitcher.deflatedBytes;
      const result = run();
      this.add(stitcher.deflatedBytes - before);
      return result;
    });
    this.hook(GroupReading.prototype, "note", (reading, run) => {
      const result = run();
      this.add((Reflect.get(reading, "chunks") as unknown[]).length * CHUNK_BYTES);
      return result;
    });
    this.hook(Table.prototype, "chunkOf", (_, run) => {
      this.add(ITEM_BYTES);
      return run();
    });
    this.hook(Table.prototype, "takeOut", (_, run) => {
      this.add(CHUNK_BYTES);
      return run();
    });
    this.hook(Array.prototype as unknown[], "push", (_, run) => {
      this.add(ITEM_BYTES);
      return run();
    });
    this.hook(Array.prototype as unknown[], "map", (list, run) => {
      this.add(list.length * ITEM_BYTES);
      return run();
    });
    this.hook(Removals.prototype, "finish", (_, run) => run());
  }

  /** A turn of the loop was taken. */
  turn(): void {
    this.most = Math.max(this.most, this.sinceTurn);
    this.sinceTurn = 0;
  }

  stop(): void {
    this.turn();
    for (const undo of this.undo) undo();
  }

  private add(bytes: number): void {
    this.sinceTurn += bytes;
    this.total += bytes;
  }

  private hook<T extends object>(prototype: T, name: string, around: (self: T, run: () => unknown) => unknown): void {
    const original = Reflect.get(prototype, name) as (...values: unknown[]) => unknown;
    const hooked = function (this: T, ...values: unknown[]) {
      return around(this, () => Reflect.apply(original, this, values));
    };
    Reflect.set(prototype, name, hooked);
    this.undo.push(() => Reflect.set(prototype, name, original));
  }
}
