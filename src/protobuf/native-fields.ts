import { byteAt } from "../bytes/at.ts";
import {
  HISTOGRAM_COUNT,
  HISTOGRAM_COUNT_FLOAT,
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
  keyOf,
  METRIC_HISTOGRAM,
  SPAN_LENGTH,
  SPAN_OFFSET,
} from "./field-numbers.ts";
import { FieldCursor, readUint64, unzigzag, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "./wire.ts";

/** A whole number of 64 bits: a bigint only where a double is not exact. */
export type Whole = number | bigint;

/** One half of a native histogram: where its buckets lie, and their counts as deltas or, for fractions, as they are. */
export interface NativeHalf {
  /** Two numbers a span: its offset from the end of the one before, and its length. */
  readonly spans: number[];
  readonly deltas: Whole[];
  readonly counts: number[];
}

/** Fields, or bytes of packed numbers, that are read in one turn. */
const FIELDS_A_TURN = 256;
const PACKED_A_TURN = 1024;

/** Whether a record is of a histogram's deltas or counts, all of a half together. */
export function isPackedHalf({ field, wire }: FieldCursor): boolean {
  return wire === WIRE_BYTES && (isDelta(field) || isCount(field));
}

/** Whether the field of this number of a histogram holds deltas. */
export const isDelta = (field: number): boolean =>
  field === HISTOGRAM_NEGATIVE_DELTA || field === HISTOGRAM_POSITIVE_DELTA;

/** Whether the field of this number of a histogram holds spans. */
export const isSpan = (field: number): boolean =>
  field === HISTOGRAM_NEGATIVE_SPAN || field === HISTOGRAM_POSITIVE_SPAN;

const isCount = (field: number): boolean => field === HISTOGRAM_NEGATIVE_COUNT || field === HISTOGRAM_POSITIVE_COUNT;

/** Whether the field of this number of a histogram is about its negative, or its positive half. */
export const isOfNegative = (field: number): boolean =>
  field >= HISTOGRAM_NEGATIVE_SPAN && field <= HISTOGRAM_NEGATIVE_COUNT;
export const isOfPositive = (field: number): boolean =>
  field >= HISTOGRAM_POSITIVE_SPAN && field <= HISTOGRAM_POSITIVE_COUNT;

/** Keys of the fields that make a histogram a native one. */
const COUNT = keyOf(HISTOGRAM_COUNT, WIRE_VARINT);
const SUM = keyOf(HISTOGRAM_SUM, WIRE_FIXED64);
const COUNT_FLOAT = keyOf(HISTOGRAM_COUNT_FLOAT, WIRE_FIXED64);
const SCHEMA = keyOf(HISTOGRAM_SCHEMA, WIRE_VARINT);
const ZERO_THRESHOLD = keyOf(HISTOGRAM_ZERO_THRESHOLD, WIRE_FIXED64);
const ZERO_COUNT = keyOf(HISTOGRAM_ZERO_COUNT, WIRE_VARINT);
const ZERO_COUNT_FLOAT = keyOf(HISTOGRAM_ZERO_COUNT_FLOAT, WIRE_FIXED64);

/**
 * What makes a Histogram of io.prometheus.client (metrics.proto) a native one. `read` takes one Metric message after
 * the other; they must have been checked to be messages. A field that is absent reads as 0.
 */
export class NativeFields {
  readonly negative: NativeHalf = { spans: [], deltas: [], counts: [] };
  readonly positive: NativeHalf = { spans: [], deltas: [], counts: [] };
  count: Whole = 0;
  floatCount = 0;
  sum = 0;
  schema = 0;
  zeroThreshold = 0;
  zeroCount: Whole = 0;
  zeroFloatCount = 0;

  private readonly metric = new FieldCursor();
  private readonly record = new FieldCursor();
  private readonly inner = new FieldCursor();
  private source: Uint8Array = new Uint8Array(0);
  private doubles: DataView = new DataView(new ArrayBuffer(0));

  /** Reads the histogram of the Metric at source[start, end), which may come in several parts. */
  read(source: Uint8Array, start: number, end: number): void {
    this.clear();
    this.source = source;
    this.doubles = new DataView(source.buffer, source.byteOffset, source.byteLength);
    const { metric, record } = this;
    metric.open(source, start, end);
    while (metric.step()) {
      if (metric.field !== METRIC_HISTOGRAM || metric.wire !== WIRE_BYTES) continue;
      record.open(source, metric.start, metric.end);
      while (record.step()) this.readField(keyOf(record.field, record.wire));
    }
  }

  /** As `read`, over any number of turns. */
  *readInTurns(source: Uint8Array, start: number, end: number): Generator<null> {
    this.clear();
    this.source = source;
    this.doubles = new DataView(source.buffer, source.byteOffset, source.byteLength);
    const { metric, record } = this;
    metric.open(source, start, end);
    for (let fields = 1; metric.step(); fields++) {
      if (fields % FIELDS_A_TURN === 0) yield null;
      if (metric.field !== METRIC_HISTOGRAM || metric.wire !== WIRE_BYTES) continue;
      record.open(source, metric.start, metric.end);
      for (let inner = 1; record.step(); inner++) {
        if (inner % FIELDS_A_TURN === 0) yield null;
        if (isPackedHalf(record) && record.end - record.start > PACKED_A_TURN) yield* this.readPackedInTurns();
        else this.readField(keyOf(record.field, record.wire));
      }
    }
  }

  private *readPackedInTurns(): Generator<null> {
    const { field, start, end } = this.record;
    const half = isOfNegative(field) ? this.negative : this.positive;
    if (isDelta(field))
      for (let from = start; from < end; yield null)
        from = this.readDeltas(from, end, half.deltas, Math.min(end, from + PACKED_A_TURN));
    else
      for (let at = start; at < end; at += 8) {
        half.counts.push(this.doubles.getFloat64(at, true));
        if (at % PACKED_A_TURN < 8) yield null;
      }
  }

  /** Prometheus takes a histogram for a native one by spans, even empty ones, or a zero bucket. */
  get isNative(): boolean {
    return (
      this.positive.spans.length > 0 || this.negative.spans.length > 0 || this.zeroThreshold > 0 || this.zeroCount > 0
    );
  }

  /** It is one of fractions if a fractional count says so. */
  get isFloat(): boolean {
    return this.floatCount > 0 || this.zeroFloatCount > 0;
  }

  private clear(): void {
    for (const { spans, deltas, counts } of [this.negative, this.positive])
      spans.length = deltas.length = counts.length = 0;
    this.count = this.floatCount = this.sum = this.schema = 0;
    this.zeroThreshold = this.zeroCount = this.zeroFloatCount = 0;
  }

  /** `key` is the number of a field times 8 plus its wire type. */
  private readField(key: number): void {
    const { record } = this;
    if (key === COUNT) this.count = wholeOf(record);
    else if (key === COUNT_FLOAT) this.floatCount = this.double(record);
    else if (key === SUM) this.sum = this.double(record);
    else if (key === SCHEMA) this.schema = signed32(record);
    else if (key === ZERO_THRESHOLD) this.zeroThreshold = this.double(record);
    else if (key === ZERO_COUNT) this.zeroCount = wholeOf(record);
    else if (key === ZERO_COUNT_FLOAT) this.zeroFloatCount = this.double(record);
    else if (isOfNegative(record.field)) this.readHalf(this.negative);
    else if (isOfPositive(record.field)) this.readHalf(this.positive);
  }

  /** A span, deltas or counts; numbers may be packed. */
  private readHalf(half: NativeHalf): void {
    const { field, wire, start, end } = this.record;
    if (isDelta(field)) {
      if (wire === WIRE_VARINT) half.deltas.push(signedOf(this.record));
      else if (wire === WIRE_BYTES) this.readDeltas(start, end, half.deltas, end);
    } else if (isCount(field)) {
      if (wire === WIRE_FIXED64) half.counts.push(this.double(this.record));
      else if (wire === WIRE_BYTES)
        for (let at = start; at < end; at += 8) half.counts.push(this.doubles.getFloat64(at, true));
    } else if (wire === WIRE_BYTES) this.readSpan(half);
  }

  private readSpan(half: NativeHalf): void {
    const { inner, record } = this;
    let offset = 0;
    let length = 0;
    inner.open(this.source, record.start, record.end);
    while (inner.step()) {
      if (inner.wire !== WIRE_VARINT) continue;
      if (inner.field === SPAN_OFFSET) offset = signed32(inner);
      else if (inner.field === SPAN_LENGTH) length = inner.value <= 0xffffffff ? inner.value : low32(inner);
    }
    half.spans.push(offset, length);
  }

  /** Reads packed numbers from `start` on until `stop` is reached or passed; returns where the next one begins. */
  private readDeltas(start: number, end: number, deltas: Whole[], stop: number): number {
    const { source } = this;
    let at = start;
    while (at < stop && at < end) {
      let next = at + 1;
      while (byteAt(source, next - 1) >= 0x80) next++;
      deltas.push(exactly(unzigzag(readUint64(source, at, next))));
      at = next;
    }
    return at;
  }

  private double(record: FieldCursor): number {
    return this.doubles.getFloat64(record.start, true);
  }
}

/**
 * `start` and the counts of buckets, from their deltas, added up as an unsigned number of 64 bits; over any number of
 * turns.
 */
export function* totalInTurns(start: Whole, deltas: readonly Whole[]): Generator<null, Whole> {
  let total = start;
  let count: Whole = 0;
  for (let i = 0; i < deltas.length; i++) {
    count = addWhole(count, deltas[i] as Whole, BigInt.asIntN);
    total = addWhole(total, count, BigInt.asUintN);
    if (i % PACKED_A_TURN === PACKED_A_TURN - 1) yield null;
  }
  return total;
}

/** The sum, made one of 64 bits where doubles are not exact. */
export function addWhole(a: Whole, b: Whole, wrap: (bits: number, value: bigint) => bigint): Whole {
  if (typeof a === "number" && typeof b === "number" && Number.isSafeInteger(a + b)) return a + b;
  return wrap(64, BigInt(a) + BigInt(b));
}

function exactly(value: bigint): Whole {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const wholeOf = (record: FieldCursor): Whole =>
  record.value <= Number.MAX_SAFE_INTEGER ? record.value : record.uint64();

function signedOf(record: FieldCursor): Whole {
  const { value } = record;
  if (value > Number.MAX_SAFE_INTEGER) return exactly(unzigzag(record.uint64()));
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

const low32 = (record: FieldCursor): number => Number(BigInt.asUintN(32, record.uint64()));

/** A sint32 is the low 32 bits of its varint. */
function signed32(record: FieldCursor): number {
  const value = record.value <= 0xffffffff ? record.value : low32(record);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
