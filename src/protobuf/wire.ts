import { byteAt } from "../bytes/at.ts";
/** Wire types of the protobuf encoding (https://protobuf.dev/programming-guides/encoding/). */
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
const WIRE_GROUP = 3;
const WIRE_GROUP_END = 4;
export const WIRE_FIXED32 = 5;

/** Groups may be nested so deep in fields that nobody knows. */
const MAX_DEPTH = 100;

/**
 * Walks the fields of one message: `step` moves to a field and returns whether there is one. A range that is not a
 * message ends the walk with `failed` set; nothing is ever read outside source[start, end).
 */
export class FieldCursor {
  field = 0;
  wire = 0;
  /** Of a varint: its value, exact up to 2^53 and rounded above. */
  value = 0;
  /** Of everything but varints: where the content starts and ends. */
  start = 0;
  end = 0;
  /** Where the field's tag starts and where the next field's does. */
  tagStart = 0;
  next = 0;
  failed = false;

  private source: Uint8Array = new Uint8Array(0);
  private limit = 0;

  open(source: Uint8Array, start: number, end: number): void {
    this.source = source;
    this.next = start;
    this.limit = end;
    this.failed = false;
  }

  /** Steps to the next field; false at the end of the message and where it is broken. */
  step(): boolean {
    if (this.next >= this.limit) return false;
    this.tagStart = this.next;
    if (!this.readVarint(this.next)) return false;
    const tag = this.value;
    this.wire = tag & 7;
    this.field = Math.floor(tag / 8);
    if (tag > 0xffffffff || this.field === 0) return this.fail();
    return this.readContent();
  }

  /** Of a varint that `step` has come to: all 64 bits of its value. */
  uint64(): bigint {
    if (this.value <= Number.MAX_SAFE_INTEGER) return BigInt(this.value);
    // The bytes of a varint before its last one, and they alone, have the high bit set.
    let start = this.next - 1;
    while (start > this.tagStart && byteAt(this.source, start - 1) >= 0x80) start--;
    return readUint64(this.source, start, this.next);
  }

  private readContent(): boolean {
    if (this.wire === WIRE_VARINT) return this.readVarint(this.next);
    if (this.wire === WIRE_FIXED64) return this.take(this.next, 8);
    if (this.wire === WIRE_FIXED32) return this.take(this.next, 4);
    if (this.wire === WIRE_BYTES) return this.readVarint(this.next) && this.take(this.next, this.value);
    return this.wire === WIRE_GROUP ? this.skipGroup() : this.fail();
  }

  private take(start: number, size: number): boolean {
    if (size > this.limit - start) return this.fail();
    this.start = start;
    this.end = start + size;
    this.next = this.end;
    return true;
  }

  private fail(): false {
    this.failed = true;
    return false;
  }

  private readVarint(at: number): boolean {
    const next = this.scanVarint(at);
    if (next < 0) return this.fail();
    this.next = next;
    return true;
  }

  /** Sets `value` from the varint at `at`; returns the offset behind it, or -1. */
  private scanVarint(at: number): number {
    const source = this.source;
    let value = 0;
    let scale = 1;
    for (let i = at; i < this.limit && i < at + 10; i++) {
      const byte = byteAt(source, i);
      if (i === at + 9 && byte > 1) return -1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.value = value;
        return i + 1;
      }
      scale *= 128;
    }
    return -1;
  }

  /** Skips a group, which only a field that nobody knows can be, to behind its end tag. */
  private skipGroup(): boolean {
    const field = this.field;
    const tagStart = this.tagStart;
    const open = [field];
    while (open.length > 0) {
      if (this.next >= this.limit || !this.readVarint(this.next)) return this.fail();
      this.wire = this.value & 7;
      this.field = Math.floor(this.value / 8);
      if (this.field === 0 || this.value > 0xffffffff) return this.fail();
      if (this.wire === WIRE_GROUP) {
        if (open.push(this.field) > MAX_DEPTH) return this.fail();
      } else if (this.wire === WIRE_GROUP_END) {
        if (open.pop() !== this.field) return this.fail();
      } else if (!this.readContent()) return false;
    }
    this.tagStart = tagStart;
    this.field = field;
    this.wire = WIRE_GROUP;
    return true;
  }
}

/** The low 64 bits of the varint source[start, end). */
export function readUint64(source: Uint8Array, start: number, end: number): bigint {
  let value = 0n;
  for (let at = end - 1; at >= start; at--) value = (value << 7n) | BigInt(byteAt(source, at) & 0x7f);
  return BigInt.asUintN(64, value);
}

/** The number that a zigzag varint encodes. */
export function unzigzag(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}
