import { Writer } from "../bytes/writer.ts";
import {
  BUCKET_BOUND,
  BUCKET_COUNT,
  BUCKET_COUNT_FLOAT,
  BUCKET_EXEMPLAR,
  COUNTER_CREATED,
  COUNTER_EXEMPLAR,
  HISTOGRAM_BUCKET,
  HISTOGRAM_COUNT,
  HISTOGRAM_COUNT_FLOAT,
  HISTOGRAM_CREATED,
  HISTOGRAM_EXEMPLAR,
  HISTOGRAM_NEGATIVE_COUNT,
  HISTOGRAM_NEGATIVE_DELTA,
  HISTOGRAM_NEGATIVE_SPAN,
  HISTOGRAM_POSITIVE_COUNT,
  HISTOGRAM_POSITIVE_DELTA,
  HISTOGRAM_POSITIVE_SPAN,
  HISTOGRAM_SCHEMA,
  HISTOGRAM_SUM,
  HISTOGRAM_ZERO_COUNT,
  HISTOGRAM_ZERO_COUNT_FLOAT,
  HISTOGRAM_ZERO_THRESHOLD,
  SINGLE_VALUE,
  SPAN_LENGTH,
  SPAN_OFFSET,
  SUMMARY_COUNT,
  SUMMARY_CREATED,
  SUMMARY_SUM,
} from "../protobuf/field-numbers.ts";
import { appendBytesField, appendTag, appendUint64, DoubleWriter } from "../protobuf/varint.ts";
import { WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { isFraction } from "./counts.ts";
import type { Count, HistogramValue, NativeBuckets, NativePart, SingleValue, SummaryValue } from "./metric.ts";

const OF_POSITIVE = {
  span: HISTOGRAM_POSITIVE_SPAN,
  delta: HISTOGRAM_POSITIVE_DELTA,
  count: HISTOGRAM_POSITIVE_COUNT,
};
const OF_NEGATIVE = {
  span: HISTOGRAM_NEGATIVE_SPAN,
  delta: HISTOGRAM_NEGATIVE_DELTA,
  count: HISTOGRAM_NEGATIVE_COUNT,
};

/** Writes what was added as the message of its type. */
export class ValueWriter {
  /** The message written last; lent until the next one. */
  readonly out = new Writer(1024);
  private readonly part = new Writer(64);
  private readonly doubles = new DoubleWriter();
  /** Of the histogram at hand: all counts are written as fractions. */
  private hasFractions = false;

  single({ value, exemplar, created }: SingleValue): void {
    this.out.reset();
    this.double(this.out, SINGLE_VALUE, value);
    this.message(COUNTER_EXEMPLAR, exemplar);
    this.message(COUNTER_CREATED, created);
  }

  summary({ count, sum, created }: SummaryValue): void {
    const { out } = this;
    out.reset();
    appendTag(out, SUMMARY_COUNT, WIRE_VARINT);
    appendUint64(out, count);
    this.double(out, SUMMARY_SUM, sum);
    this.message(SUMMARY_CREATED, created);
  }

  histogram(histogram: HistogramValue): void {
    const { out } = this;
    const { count, sum, buckets, native, exemplars, created } = histogram;
    out.reset();
    this.hasFractions = hasFractions(histogram);
    this.count(out, HISTOGRAM_COUNT, HISTOGRAM_COUNT_FLOAT, count);
    this.double(out, HISTOGRAM_SUM, sum);
    for (const bucket of buckets) {
      const { part } = this;
      part.reset();
      this.count(part, BUCKET_COUNT, BUCKET_COUNT_FLOAT, bucket.count);
      this.double(part, BUCKET_BOUND, bucket.bound);
      if (bucket.exemplar !== null) appendBytesField(part, BUCKET_EXEMPLAR, bucket.exemplar, 0, bucket.exemplar.length);
      appendBytesField(out, HISTOGRAM_BUCKET, part.bytes, 0, part.length);
    }
    if (native !== null) this.native(native);
    this.message(HISTOGRAM_CREATED, created);
    for (const exemplar of exemplars) this.message(HISTOGRAM_EXEMPLAR, exemplar);
  }

  private native({ schema, zeroThreshold, zeroCount, positive, negative }: NativePart): void {
    const { out } = this;
    this.signed(out, HISTOGRAM_SCHEMA, BigInt(schema));
    this.double(out, HISTOGRAM_ZERO_THRESHOLD, zeroThreshold);
    this.count(out, HISTOGRAM_ZERO_COUNT, HISTOGRAM_ZERO_COUNT_FLOAT, zeroCount);
    this.half(OF_NEGATIVE, negative);
    this.half(OF_POSITIVE, positive);
    // What tells a native histogram without buckets from a classic one.
    if (negative.size + positive.size === 0) this.span(HISTOGRAM_POSITIVE_SPAN, 0, 0);
  }

  private half(fields: typeof OF_POSITIVE, buckets: NativeBuckets): void {
    const sorted = [...buckets].sort(([a], [b]) => a - b);
    let end = 0;
    for (let from = 0, to = 0; from < sorted.length; from = to) {
      const first = sorted[from]?.[0] ?? 0;
      while (to < sorted.length && sorted[to]?.[0] === first + to - from) to++;
      this.span(fields.span, (first - end) | 0, to - from);
      end = first + to - from;
    }
    let before = 0n;
    for (const [, count] of sorted) {
      if (this.hasFractions || isFraction(count)) this.double(this.out, fields.count, Number(count));
      else {
        this.signed(this.out, fields.delta, BigInt.asIntN(64, count - before));
        before = count;
      }
    }
  }

  private span(field: number, offset: number, length: number): void {
    const { part } = this;
    part.reset();
    this.signed(part, SPAN_OFFSET, BigInt(offset));
    appendTag(part, SPAN_LENGTH, WIRE_VARINT);
    appendUint64(part, BigInt(length));
    appendBytesField(this.out, field, part.bytes, 0, part.length);
  }

  private message(field: number, message: Uint8Array | null): void {
    if (message !== null) appendBytesField(this.out, field, message, 0, message.length);
  }

  private count(out: Writer, field: number, fractionField: number, count: Count): void {
    if (this.hasFractions || isFraction(count)) return this.double(out, fractionField, Number(count));
    appendTag(out, field, WIRE_VARINT);
    appendUint64(out, count);
  }

  private signed(out: Writer, field: number, value: bigint): void {
    appendTag(out, field, WIRE_VARINT);
    appendUint64(out, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
  }

  private double(out: Writer, field: number, value: number): void {
    appendTag(out, field, WIRE_FIXED64);
    this.doubles.append(out, value);
  }
}

/** Whether some count is a fraction: then all of them are. */
function hasFractions({ count, buckets, native }: HistogramValue): boolean {
  if (isFraction(count) || buckets.some((bucket) => isFraction(bucket.count))) return true;
  if (native === null) return false;
  const { zeroCount, positive, negative } = native;
  return isFraction(zeroCount) || [...positive.values(), ...negative.values()].some(isFraction);
}
