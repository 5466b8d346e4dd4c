import { doubleAt } from "../bytes/at.ts";
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
  HISTOGRAM_SCHEMA,
  HISTOGRAM_SUM,
  HISTOGRAM_ZERO_COUNT,
  HISTOGRAM_ZERO_COUNT_FLOAT,
  HISTOGRAM_ZERO_THRESHOLD,
  keyOf,
  SINGLE_VALUE,
  SUMMARY_COUNT,
  SUMMARY_CREATED,
  SUMMARY_SUM,
} from "../protobuf/field-numbers.ts";
import { isOfNegative, isOfPositive } from "../protobuf/native-fields.ts";
import { type FieldCursor, unzigzag, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { HalfReading } from "./half-reading.ts";
import { eachField } from "./messages.ts";
import type { ClassicBucket, Count, HistogramValue, NativePart, SingleValue, SummaryValue } from "./metric.ts";

const VALUE = keyOf(SINGLE_VALUE, WIRE_FIXED64);
const EXEMPLAR = keyOf(COUNTER_EXEMPLAR, WIRE_BYTES);
const CREATED = keyOf(COUNTER_CREATED, WIRE_BYTES);
const OF_SUMMARY = {
  count: keyOf(SUMMARY_COUNT, WIRE_VARINT),
  sum: keyOf(SUMMARY_SUM, WIRE_FIXED64),
  created: keyOf(SUMMARY_CREATED, WIRE_BYTES),
};
const COUNT = keyOf(HISTOGRAM_COUNT, WIRE_VARINT);
const COUNT_FLOAT = keyOf(HISTOGRAM_COUNT_FLOAT, WIRE_FIXED64);
const SUM = keyOf(HISTOGRAM_SUM, WIRE_FIXED64);
const BUCKET = keyOf(HISTOGRAM_BUCKET, WIRE_BYTES);
const SCHEMA = keyOf(HISTOGRAM_SCHEMA, WIRE_VARINT);
const ZERO_THRESHOLD = keyOf(HISTOGRAM_ZERO_THRESHOLD, WIRE_FIXED64);
const ZERO_COUNT = keyOf(HISTOGRAM_ZERO_COUNT, WIRE_VARINT);
const ZERO_COUNT_FLOAT = keyOf(HISTOGRAM_ZERO_COUNT_FLOAT, WIRE_FIXED64);
const HISTOGRAM_TIME = keyOf(HISTOGRAM_CREATED, WIRE_BYTES);
const NATIVE_EXEMPLAR = keyOf(HISTOGRAM_EXEMPLAR, WIRE_BYTES);
const OF_BUCKET = {
  count: keyOf(BUCKET_COUNT, WIRE_VARINT),
  countFloat: keyOf(BUCKET_COUNT_FLOAT, WIRE_FIXED64),
  bound: keyOf(BUCKET_BOUND, WIRE_FIXED64),
  exemplar: keyOf(BUCKET_EXEMPLAR, WIRE_BYTES),
};

/** The Counter, Gauge or Untyped in source[start, end). */
export function readSingle(source: Uint8Array, start: number, end: number): SingleValue {
  const single: SingleValue = { value: 0, exemplar: null, created: null };
  eachField(source, start, end, (key, fields) => {
    if (key === VALUE) single.value = doubleAt(source, fields.start);
    else if (key === EXEMPLAR) single.exemplar = contentOf(source, fields);
    else if (key === CREATED) single.created = contentOf(source, fields);
  });
  return single;
}

/** The Summary in source[start, end). */
export function readSummary(source: Uint8Array, start: number, end: number): SummaryValue {
  const summary: SummaryValue = { count: 0n, sum: 0, created: null };
  eachField(source, start, end, (key, fields) => {
    if (key === OF_SUMMARY.count) summary.count = fields.uint64();
    else if (key === OF_SUMMARY.sum) summary.sum = doubleAt(source, fields.start);
    else if (key === OF_SUMMARY.created) summary.created = contentOf(source, fields);
  });
  return summary;
}

const contentOf = (source: Uint8Array, { start, end }: FieldCursor): Uint8Array => source.subarray(start, end);

/** A bucket with both of its counts. */
interface ReadBucket {
  bound: number;
  count: bigint;
  countFloat: number;
  exemplar: Uint8Array | null;
}

/** What is read of a Histogram, with whole and fractional counts. */
class ReadHistogram {
  count = 0n;
  countFloat = 0;
  zeroCount = 0n;
  zeroCountFloat = 0;
  sum = 0;
  schema = 0;
  zeroThreshold = 0;
  created: Uint8Array | null = null;
  readonly buckets: ReadBucket[] = [];
  readonly exemplars: Uint8Array[] = [];
  readonly positive = new HalfReading();
  readonly negative = new HalfReading();

  constructor(private readonly source: Uint8Array) {}

  take(key: number, fields: FieldCursor): void {
    const { source } = this;
    if (key === COUNT) this.count = fields.uint64();
    else if (key === COUNT_FLOAT) this.countFloat = doubleAt(source, fields.start);
    else if (key === SUM) this.sum = doubleAt(source, fields.start);
    else if (key === BUCKET) this.buckets.push(readBucket(source, fields));
    else if (key === HISTOGRAM_TIME) this.created = contentOf(source, fields);
    else this.takeNative(key, fields);
  }

  private takeNative(key: number, fields: FieldCursor): void {
    const { source } = this;
    if (key === SCHEMA) this.schema = Number(BigInt.asIntN(32, unzigzag(fields.uint64())));
    else if (key === ZERO_THRESHOLD) this.zeroThreshold = doubleAt(source, fields.start);
    else if (key === ZERO_COUNT) this.zeroCount = fields.uint64();
    else if (key === ZERO_COUNT_FLOAT) this.zeroCountFloat = doubleAt(source, fields.start);
    else if (key === NATIVE_EXEMPLAR) this.exemplars.push(contentOf(source, fields));
    else if (isOfNegative(fields.field)) this.negative.take(source, fields);
    else if (isOfPositive(fields.field)) this.positive.take(source, fields);
  }

  /** Some count is a fraction, and so all of them are. */
  private get hasFractions(): boolean {
    if (this.countFloat !== 0 || this.zeroCountFloat !== 0) return true;
    return this.buckets.some(({ countFloat }) => countFloat !== 0);
  }

  finish(): HistogramValue {
    const { sum, created, exemplars, hasFractions } = this;
    const countOf = (count: bigint, fraction: number): Count =>
      hasFractions ? (fraction !== 0 ? fraction : Number(count)) : count;
    const buckets = this.buckets.map(
      ({ bound, count, countFloat, exemplar }): ClassicBucket => ({
        bound,
        count: countOf(count, countFloat),
        exemplar,
      }),
    );
    const zeroCount = countOf(this.zeroCount, this.zeroCountFloat);
    const native = this.isNative ? this.native(zeroCount, hasFractions) : null;
    return { count: countOf(this.count, this.countFloat), sum, buckets, native, exemplars, created };
  }

  private get isNative(): boolean {
    return this.positive.hasSpans || this.negative.hasSpans;
  }

  private native(zeroCount: Count, hasFractions: boolean): NativePart {
    const { schema, zeroThreshold, positive, negative } = this;
    return {
      schema,
      zeroThreshold,
      zeroCount,
      positive: positive.buckets(hasFractions),
      negative: negative.buckets(hasFractions),
    };
  }
}

/** The Histogram in source[start, end). */
export function readHistogram(source: Uint8Array, start: number, end: number): HistogramValue {
  const read = new ReadHistogram(source);
  eachField(source, start, end, (key, fields) => read.take(key, fields));
  return read.finish();
}

function readBucket(source: Uint8Array, { start, end }: FieldCursor): ReadBucket {
  const bucket: ReadBucket = { bound: 0, count: 0n, countFloat: 0, exemplar: null };
  eachField(source, start, end, (key, fields) => {
    if (key === OF_BUCKET.count) bucket.count = fields.uint64();
    else if (key === OF_BUCKET.countFloat) bucket.countFloat = doubleAt(source, fields.start);
    else if (key === OF_BUCKET.bound) bucket.bound = doubleAt(source, fields.start);
    else if (key === OF_BUCKET.exemplar) bucket.exemplar = contentOf(source, fields);
  });
  return bucket;
}
