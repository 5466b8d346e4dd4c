import { doubleAt } from "../bytes/at.ts";
import { keyOf, SPAN_LENGTH, SPAN_OFFSET } from "../protobuf/field-numbers.ts";
import { isDelta, isSpan } from "../protobuf/native-fields.ts";
import { type FieldCursor, unzigzag, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { isNone } from "./counts.ts";
import { eachField, eachVarint } from "./messages.ts";
import type { Count, NativeBuckets } from "./metric.ts";

const OFFSET = keyOf(SPAN_OFFSET, WIRE_VARINT);
const LENGTH = keyOf(SPAN_LENGTH, WIRE_VARINT);
const DOUBLE_BYTES = 8;

interface ReadSpan {
  offset: number;
  length: number;
}

/** The positive or the negative buckets of a native histogram, as their fields are read. */
export class HalfReading {
  private readonly spans: ReadSpan[] = [];
  private readonly deltas: bigint[] = [];
  private readonly counts: number[] = [];

  get hasSpans(): boolean {
    return this.spans.length > 0;
  }

  /** A span, or numbers, which may be packed. */
  take(source: Uint8Array, fields: FieldCursor): void {
    const { field, wire, start, end } = fields;
    const addDelta = (value: bigint) => this.deltas.push(unzigzag(value));
    if (isSpan(field)) {
      if (wire === WIRE_BYTES) this.spans.push(readSpan(source, start, end));
    } else if (isDelta(field)) {
      if (wire === WIRE_VARINT) addDelta(fields.uint64());
      else if (wire === WIRE_BYTES) eachVarint(source, start, end, addDelta);
    } else if (wire === WIRE_FIXED64 || wire === WIRE_BYTES)
      for (let at = start; at + DOUBLE_BYTES <= end; at += DOUBLE_BYTES) this.counts.push(doubleAt(source, at));
  }

  /** The buckets that are not empty; spans that speak of more buckets than there are counts end with the last one. */
  buckets(hasFractions: boolean): NativeBuckets {
    const counts = hasFractions && this.counts.length > 0 ? this.counts : this.wholeCounts(hasFractions);
    const buckets = new Map<number, Count>();
    let [at, index] = [0, 0];
    for (const { offset, length } of this.spans) {
      index = (index + offset) | 0;
      for (let i = 0; i < length && at < counts.length; i++, index = (index + 1) | 0) {
        const count = counts[at++] ?? 0;
        if (!isNone(count)) buckets.set(index, count);
      }
    }
    return buckets;
  }

  private wholeCounts(hasFractions: boolean): Count[] {
    let count = 0n;
    return this.deltas.map((delta) => {
      count = BigInt.asUintN(64, count + delta);
      return hasFractions ? Number(count) : count;
    });
  }
}

function readSpan(source: Uint8Array, start: number, end: number): ReadSpan {
  const span = { offset: 0, length: 0 };
  eachField(source, start, end, (key, fields) => {
    if (key === OFFSET) span.offset = Number(BigInt.asIntN(32, unzigzag(fields.uint64())));
    else if (key === LENGTH) span.length = fields.value;
  });
  return span;
}
