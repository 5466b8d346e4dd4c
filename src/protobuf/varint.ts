import { UINT64_LIMIT } from "../bytes/float.ts";
import type { Writer } from "../bytes/writer.ts";
import { WIRE_BYTES } from "./wire.ts";

const INT32_LIMIT = 2 ** 31;

/** The bytes that `appendVarint` takes for `value`: 1 to 10. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80 && size < 10; rest /= 128) size++;
  return size;
}

/**
 * Appends an unsigned varint. `value` is a whole number from 0; every double below 2^64 is exact, larger ones become
 * 2^64-1.
 */
export function appendVarint(out: Writer, value: number): void {
  if (value >= INT32_LIMIT) {
    appendLongVarint(out, value);
    return;
  }
  let rest = value;
  while (rest >= 0x80) {
    out.byte((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.byte(rest);
}

function appendLongVarint(out: Writer, value: number): void {
  if (value >= UINT64_LIMIT) {
    for (let i = 0; i < 9; i++) out.byte(0xff);
    out.byte(1);
    return;
  }
  let rest = value;
  while (rest >= 0x80) {
    out.byte((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  out.byte(rest);
}

/** Appends an unsigned varint of up to 64 bits. */
export function appendUint64(out: Writer, value: bigint): void {
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) out.byte(Number(rest & 0x7fn) | 0x80);
  out.byte(Number(rest));
}

/** Appends the key of a field: its number and the wire type of what follows. */
export function appendTag(out: Writer, field: number, wireType: number): void {
  appendVarint(out, field * 8 + wireType);
}

/** Appends a length-delimited field that holds source[start, end). */
export function appendBytesField(out: Writer, field: number, source: Uint8Array, start: number, end: number): void {
  appendTag(out, field, WIRE_BYTES);
  appendVarint(out, end - start);
  out.copy(source, start, end);
}

/**
 * Appends doubles in little-endian order. Keeps the eight bytes that take a number apart, so keep one and use it again.
 */
export class DoubleWriter {
  private readonly view = new DataView(new ArrayBuffer(8));
  private readonly octets = new Uint8Array(this.view.buffer);

  append(out: Writer, value: number): void {
    this.view.setFloat64(0, value, true);
    out.copy(this.octets, 0, 8);
  }
}
