import { byteAt } from "../bytes/at.ts";
import { Broken } from "../bytes/broken.ts";
import { decodeText } from "../bytes/utf8-text.ts";
import type { LabelPair } from "../model/view.ts";
import {
  BUCKET_BOUND,
  BUCKET_COUNT,
  BUCKET_COUNT_FLOAT,
  FAMILY_METRIC,
  HISTOGRAM_BUCKET,
  HISTOGRAM_COUNT,
  HISTOGRAM_COUNT_FLOAT,
  HISTOGRAM_SCHEMA,
  HISTOGRAM_SUM,
  HISTOGRAM_ZERO_COUNT,
  HISTOGRAM_ZERO_COUNT_FLOAT,
  HISTOGRAM_ZERO_THRESHOLD,
  keyOf,
  METRIC_COUNTER,
  METRIC_GAUGE,
  METRIC_HISTOGRAM,
  METRIC_LABEL,
  METRIC_SUMMARY,
  METRIC_UNTYPED,
  PAIR_NAME,
  PAIR_VALUE,
  QUANTILE_RANK,
  QUANTILE_VALUE,
  SINGLE_VALUE,
  SPAN_LENGTH,
  SPAN_OFFSET,
  SUMMARY_COUNT,
  SUMMARY_QUANTILE,
  SUMMARY_SUM,
} from "./field-numbers.ts";
import {
  emptyHistogram,
  emptyMetric,
  emptySummary,
  type SideBucket,
  type SideBuckets,
  type SideHistogram,
  type SideMetric,
  type SideQuantile,
  type SideSpan,
  type SideSummary,
} from "./metric-messages.ts";
import { isDelta, isOfNegative, isOfPositive, isPackedHalf, isSpan } from "./native-fields.ts";
import { FieldCursor, readUint64, unzigzag, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "./wire.ts";

/** Keys of fields, by message. */
const FAMILY_METRICS = keyOf(FAMILY_METRIC, WIRE_BYTES);
const LABEL = keyOf(METRIC_LABEL, WIRE_BYTES);
const GAUGE = keyOf(METRIC_GAUGE, WIRE_BYTES);
const COUNTER = keyOf(METRIC_COUNTER, WIRE_BYTES);
const SUMMARY = keyOf(METRIC_SUMMARY, WIRE_BYTES);
const UNTYPED = keyOf(METRIC_UNTYPED, WIRE_BYTES);
const HISTOGRAM = keyOf(METRIC_HISTOGRAM, WIRE_BYTES);
const LABEL_NAME = keyOf(PAIR_NAME, WIRE_BYTES);
const LABEL_VALUE = keyOf(PAIR_VALUE, WIRE_BYTES);
const VALUE = keyOf(SINGLE_VALUE, WIRE_FIXED64);
const OF_SUMMARY = {
  count: keyOf(SUMMARY_COUNT, WIRE_VARINT),
  sum: keyOf(SUMMARY_SUM, WIRE_FIXED64),
  quantile: keyOf(SUMMARY_QUANTILE, WIRE_BYTES),
};
const OF_QUANTILE = { rank: keyOf(QUANTILE_RANK, WIRE_FIXED64), value: keyOf(QUANTILE_VALUE, WIRE_FIXED64) };
const OF_HISTOGRAM = {
  count: keyOf(HISTOGRAM_COUNT, WIRE_VARINT),
  sum: keyOf(HISTOGRAM_SUM, WIRE_FIXED64),
  bucket: keyOf(HISTOGRAM_BUCKET, WIRE_BYTES),
  countFloat: keyOf(HISTOGRAM_COUNT_FLOAT, WIRE_FIXED64),
  schema: keyOf(HISTOGRAM_SCHEMA, WIRE_VARINT),
  zeroThreshold: keyOf(HISTOGRAM_ZERO_THRESHOLD, WIRE_FIXED64),
  zeroCount: keyOf(HISTOGRAM_ZERO_COUNT, WIRE_VARINT),
  zeroCountFloat: keyOf(HISTOGRAM_ZERO_COUNT_FLOAT, WIRE_FIXED64),
};
const OF_BUCKET = {
  count: keyOf(BUCKET_COUNT, WIRE_VARINT),
  bound: keyOf(BUCKET_BOUND, WIRE_FIXED64),
  countFloat: keyOf(BUCKET_COUNT_FLOAT, WIRE_FIXED64),
};
const OF_SPAN = { offset: keyOf(SPAN_OFFSET, WIRE_VARINT), length: keyOf(SPAN_LENGTH, WIRE_VARINT) };

/** Fields, or bytes of them, that are read before a pause. */
const FIELDS_A_TURN = 256;
const BYTES_A_TURN = 64 * 1024;
/** Bytes of packed numbers that are read in one run. */
const BYTES_A_RUN = 1024;

/** Reads the metrics of a family's `side` one by one: MetricFamily field 4 records. Bytes that are none throw. */
export class SideCursor {
  private readonly reader: SideReader;
  private readonly records = new FieldCursor();

  constructor(side: Uint8Array) {
    this.reader = new SideReader(side);
    this.records.open(side, 0, side.length);
  }

  /** Moves to the next metric; false if there is none. */
  step(): boolean {
    const { records } = this;
    if (!records.step()) {
      if (records.failed) throw new Broken("reading stored protobuf: the bytes are no metrics");
      return false;
    }
    if (keyOf(records.field, records.wire) === FAMILY_METRICS) return true;
    throw new Broken(`reading stored protobuf: expected metrics, found a field with the number ${records.field}`);
  }

  /** The bytes of the metric. */
  get sizeBytes(): number {
    return this.records.end - this.records.start;
  }

  metric(): SideMetric {
    return this.reader.metric(this.records);
  }

  /** As `metric`, over any number of turns. */
  metricInTurns(): Generator<null, SideMetric> {
    return this.reader.metricInTurns(this.records);
  }
}

/**
 * Reads messages out of `bytes`. Fields are known by their key: the number times 8 plus the wire type; unknown ones are
 * skipped. A message that comes in several parts is merged, and of a single field the last one counts.
 */
class SideReader {
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Calls `visit` for each field of the message in bytes[start, end). */
  eachField(start: number, end: number, visit: (key: number, fields: FieldCursor) => void): void {
    const fields = new FieldCursor();
    fields.open(this.bytes, start, end);
    while (fields.step()) visit(keyOf(fields.field, fields.wire), fields);
    if (fields.failed) throw new Broken(`reading stored protobuf: bytes ${start} to ${end} are not a message`);
  }

  metric(at: FieldCursor): SideMetric {
    const metric = emptyMetric();
    this.eachField(at.start, at.end, (key, fields) => this.metricField(key, fields, metric));
    return metric;
  }

  *metricInTurns(at: FieldCursor): Generator<null, SideMetric> {
    const metric = emptyMetric();
    const { start, end } = at;
    yield* this.eachInTurns(start, end, (key, fields) => {
      if (key === SUMMARY) {
        metric.summary ??= emptySummary();
        const { summary } = metric;
        return this.eachInTurns(fields.start, fields.end, (k, f) => {
          this.summaryField(k, f, summary);
          return null;
        });
      }
      if (key === HISTOGRAM) {
        metric.histogram ??= emptyHistogram();
        const { histogram } = metric;
        return this.eachInTurns(fields.start, fields.end, (k, f) => {
          if (isPackedHalf(f) && f.end - f.start > BYTES_A_RUN) return this.packedInTurns(f, histogram);
          this.histogramField(k, f, histogram);
          return null;
        });
      }
      this.metricField(key, fields, metric);
      return null;
    });
    return metric;
  }

  /** As `eachField`, with a pause after some fields or bytes; what `visit` returns is run to its end first. */
  private *eachInTurns(
    start: number,
    end: number,
    visit: (key: number, fields: FieldCursor) => Generator<null> | null,
  ): Generator<null> {
    const fields = new FieldCursor();
    fields.open(this.bytes, start, end);
    let paused = start;
    for (let count = 1; fields.step(); count++) {
      const inner = visit(keyOf(fields.field, fields.wire), fields);
      if (inner !== null) yield* inner;
      if (count % FIELDS_A_TURN !== 0 && fields.next - paused < BYTES_A_TURN) continue;
      paused = fields.next;
      yield null;
    }
    if (fields.failed) throw new Broken(`reading stored protobuf: bytes ${start} to ${end} are not a message`);
  }

  private metricField(key: number, fields: FieldCursor, metric: SideMetric): void {
    if (key === LABEL) metric.labels.push(this.label(fields));
    else if (key === GAUGE) metric.gauge = this.value(fields, metric.gauge);
    else if (key === COUNTER) metric.counter = this.value(fields, metric.counter);
    else if (key === SUMMARY) metric.summary = this.summary(fields, metric.summary ?? emptySummary());
    else if (key === UNTYPED) metric.untyped = this.value(fields, metric.untyped);
    else if (key === HISTOGRAM) metric.histogram = this.histogram(fields, metric.histogram ?? emptyHistogram());
  }

  private label(at: FieldCursor): LabelPair {
    const label = { name: "", value: "" };
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === LABEL_NAME) label.name = decodeText(this.bytes, fields.start, fields.end);
      else if (key === LABEL_VALUE) label.value = decodeText(this.bytes, fields.start, fields.end);
    });
    return label;
  }

  /** The double in field 1 of a Gauge, Counter or Untyped. */
  private value(at: FieldCursor, before: number | null): number {
    let value = before ?? 0;
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === VALUE) value = this.double(fields.start);
    });
    return value;
  }

  private summary(at: FieldCursor, summary: SideSummary): SideSummary {
    this.eachField(at.start, at.end, (key, fields) => this.summaryField(key, fields, summary));
    return summary;
  }

  private summaryField(key: number, fields: FieldCursor, summary: SideSummary): void {
    if (key === OF_SUMMARY.count) summary.sampleCount = fields.uint64();
    else if (key === OF_SUMMARY.sum) summary.sampleSum = this.double(fields.start);
    else if (key === OF_SUMMARY.quantile) summary.quantiles.push(this.quantile(fields));
  }

  private quantile(at: FieldCursor): SideQuantile {
    const quantile = { rank: 0, value: 0 };
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === OF_QUANTILE.rank) quantile.rank = this.double(fields.start);
      else if (key === OF_QUANTILE.value) quantile.value = this.double(fields.start);
    });
    return quantile;
  }

  private histogram(at: FieldCursor, histogram: SideHistogram): SideHistogram {
    this.eachField(at.start, at.end, (key, fields) => this.histogramField(key, fields, histogram));
    return histogram;
  }

  private histogramField(key: number, fields: FieldCursor, histogram: SideHistogram): void {
    if (key === OF_HISTOGRAM.count) histogram.sampleCount = fields.uint64();
    else if (key === OF_HISTOGRAM.sum) histogram.sampleSum = this.double(fields.start);
    else if (key === OF_HISTOGRAM.bucket) histogram.buckets.push(this.bucket(fields));
    else if (key === OF_HISTOGRAM.countFloat) histogram.sampleCountFloat = this.double(fields.start);
    else this.nativeField(key, fields, histogram);
  }

  private nativeField(key: number, fields: FieldCursor, histogram: SideHistogram): void {
    if (key === OF_HISTOGRAM.schema) histogram.schema = this.zigzag32(fields);
    else if (key === OF_HISTOGRAM.zeroThreshold) histogram.zeroThreshold = this.double(fields.start);
    else if (key === OF_HISTOGRAM.zeroCount) histogram.zeroCount = fields.uint64();
    else if (key === OF_HISTOGRAM.zeroCountFloat) histogram.zeroCountFloat = this.double(fields.start);
    else if (isOfNegative(fields.field)) this.half(fields, histogram.negative);
    else if (isOfPositive(fields.field)) this.half(fields, histogram.positive);
  }

  /** A span, deltas or counts; numbers may be packed. */
  private half(fields: FieldCursor, half: SideBuckets): void {
    const { field, wire, start, end } = fields;
    if (isSpan(field)) {
      if (wire === WIRE_BYTES) half.spans.push(this.span(fields));
    } else if (isDelta(field)) {
      if (wire === WIRE_VARINT) half.deltas.push(this.zigzag(fields));
      else if (wire === WIRE_BYTES) this.packedDeltas(fields, half.deltas);
    } else if (wire === WIRE_FIXED64) half.counts.push(this.double(start));
    else if (wire === WIRE_BYTES) for (let i = start; i < end; i += 8) half.counts.push(this.double(i));
  }

  private packedDeltas({ start, end }: FieldCursor, deltas: bigint[]): void {
    const read = this.deltasIn(start, end, deltas);
    if (read < end) throw new Broken(`reading stored protobuf: the packed numbers at byte ${read} end early`);
  }

  /** Reads the whole ones of the packed numbers in bytes[start, end); returns where the rest begins. */
  private deltasIn(start: number, end: number, deltas: bigint[]): number {
    let from = start;
    for (let i = start; i < end; i++) {
      if (byteAt(this.bytes, i) >= 0x80) continue;
      deltas.push(unzigzag(readUint64(this.bytes, from, i + 1)));
      from = i + 1;
    }
    return from;
  }

  /** Packed numbers of a half of a native histogram, over any number of turns. */
  private *packedInTurns({ field, start, end }: FieldCursor, histogram: SideHistogram): Generator<null> {
    const { deltas, counts } = isOfNegative(field) ? histogram.negative : histogram.positive;
    const isCounts = !isDelta(field);
    let from = start;
    for (let stop = start; stop < end; yield null) {
      stop = Math.min(end, stop + BYTES_A_RUN);
      if (isCounts) for (; from < stop; from += 8) counts.push(this.double(from));
      else from = this.deltasIn(from, stop, deltas);
    }
    if (from < end) throw new Broken(`reading stored protobuf: the packed numbers at byte ${from} end early`);
  }

  private bucket(at: FieldCursor): SideBucket {
    const bucket = { cumulativeCount: 0n, cumulativeCountFloat: 0, upperBound: 0 };
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === OF_BUCKET.count) bucket.cumulativeCount = fields.uint64();
      else if (key === OF_BUCKET.bound) bucket.upperBound = this.double(fields.start);
      else if (key === OF_BUCKET.countFloat) bucket.cumulativeCountFloat = this.double(fields.start);
    });
    return bucket;
  }

  private span(at: FieldCursor): SideSpan {
    const span = { offset: 0, length: 0 };
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === OF_SPAN.offset) span.offset = this.zigzag32(fields);
      else if (key === OF_SPAN.length) span.length = Number(BigInt.asUintN(32, fields.uint64()));
    });
    return span;
  }

  /** The eight bytes at `start`; a packed run whose last number is cut off throws. */
  private double(start: number): number {
    return this.view.getFloat64(start, true);
  }

  private zigzag(at: FieldCursor): bigint {
    return unzigzag(at.uint64());
  }

  /** A sint32, which is the low 32 bits of its varint. */
  private zigzag32(at: FieldCursor): number {
    return Number(unzigzag(BigInt.asUintN(32, at.uint64())));
  }
}
