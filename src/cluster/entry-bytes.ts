import { Writer } from "../bytes/writer.ts";
import type { Revision } from "./revision.ts";

/** Writes the pieces of entries and snapshots; numbers are little-endian. EntryCursor reads them. */
export class EntryBytes {
  private readonly out: Writer;
  private readonly numbers = new DataView(new ArrayBuffer(8));
  private readonly numberBytes = new Uint8Array(this.numbers.buffer);

  constructor(private readonly startBytes: number) {
    this.out = new Writer(startBytes);
  }

  get length(): number {
    return this.out.length;
  }

  byte(value: number): void {
    this.out.byte(value);
  }

  uint32(value: number): void {
    this.numbers.setUint32(0, value, true);
    this.out.copy(this.numberBytes, 0, 4);
  }

  double(value: number): void {
    this.numbers.setFloat64(0, value, true);
    this.out.append(this.numberBytes);
  }

  revision({ writerHigh, writerLow, number }: Revision): void {
    this.uint32(writerHigh);
    this.uint32(writerLow);
    this.double(number);
  }

  /** Bytes with their size before them. */
  sized(bytes: Uint8Array): void {
    this.uint32(bytes.length);
    this.out.append(bytes);
  }

  /** What was written, with its buffer; the next begins. */
  release(): Uint8Array<ArrayBuffer> {
    return this.out.release(this.startBytes);
  }
}
