import { Fault } from "../model/fault.ts";
import { NO_REVISION, type Revision } from "./revision.ts";

const NOTHING = new Uint8Array(0);

/**
 * Reads what somebody else wrote, piece by piece. The first piece that is not there, or not what it should be, is the
 * fault; all that is read behind it is 0, false or empty.
 */
export class EntryCursor {
  at = 0;
  fault: Fault | null = null;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the version, which all begins with; a Fault of its own where it is newer than the known one. */
  version(known: number): Fault | null {
    const version = this.byte();
    if (version > known) return new Fault(`it is of version ${version}, and this program knows ${known}: upgrade it`);
    if (version !== known) this.fail(`version ${known}, got ${version}`, 0);
    return null;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** All has been read: the fault, or null. */
  end(): Fault | null {
    if (!this.isAtEnd) this.fail("the end", this.at);
    return this.fault;
  }

  /** `expected` is what should be at a place. */
  fail(expected: string, at: number): void {
    this.fault ??= new Fault(`reading byte ${at} of ${this.bytes.length}: expected ${expected}`);
  }

  byte(): number {
    const at = this.step(1);
    return at < 0 ? 0 : this.view.getUint8(at);
  }

  flag(): boolean {
    const value = this.byte();
    if (value > 1) this.fail(`0 or 1, got ${value}`, this.at - 1);
    return value === 1;
  }

  uint32(): number {
    const at = this.step(4);
    return at < 0 ? 0 : this.view.getUint32(at, true);
  }

  double(): number {
    const at = this.step(8);
    return at < 0 ? 0 : this.view.getFloat64(at, true);
  }

  /** An integer from 0 to 2^53, as a double. */
  integer(): number {
    const value = this.double();
    if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) return value;
    this.fail(`an integer that is not negative, got ${value}`, this.at - 8);
    return 0;
  }

  revision(): Revision {
    const writerHigh = this.uint32();
    const writerLow = this.uint32();
    const number = this.integer();
    if (number > 0) return { writerHigh, writerLow, number };
    if (writerHigh + writerLow > 0) this.fail("no writer where there is no number", this.at);
    return NO_REVISION;
  }

  /** Bytes with their size before them: a part of all. */
  sized(): Uint8Array {
    const size = this.uint32();
    const at = this.step(size);
    return at < 0 ? NOTHING : this.bytes.subarray(at, at + size);
  }

  /** So many pieces; `read` moves on. */
  list<T>(count: number, read: () => T): T[] {
    const list: T[] = [];
    for (let i = 0; i < count && this.fault === null; i++) list.push(read());
    return list;
  }

  /** Where the next `size` bytes begin; -1: they are not all there. */
  private step(size: number): number {
    if (this.fault !== null) return -1;
    const { at } = this;
    if (size > this.bytes.length - at) {
      this.fail(`${size} bytes`, at);
      return -1;
    }
    this.at += size;
    return at;
  }
}
