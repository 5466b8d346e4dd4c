import { decodeText } from "../bytes/utf8-text.ts";
import type { LabelPair } from "../model/view.ts";
import { isPackedKey } from "./native-fields.ts";
import { FieldCursor, readUint64, unzigzag } from "./wire.ts";

/** A Metric of metrics.proto. Messages that are absent are null; exemplars and created timestamps are not read. */
export interface SideMetric {
  readonly labels: LabelPair[];
  gauge: number | null;
  counter: number | null;
  untyped: number | null;
  summary: SideSummary | null;
  histogram: SideHistogram | null;
}

/** A Summary; a field that is absent reads as zero, as everywhere in protobuf. */
export interface SideSummary {
  sampleCount: bigint;
  sampleSum: number;
  readonly quantiles: SideQuantile[];
}

export interface SideQuantile {
  rank: number;
  value: number;
}

/** A Histogram: the classic buckets, and what makes it native. */
export interface SideHistogram {
  sampleCount: bigint;
  sampleCountFloat: number;
  sampleSum: number;
  readonly buckets: SideBucket[];
  schema: number;
  zeroThreshold: number;
  zeroCount: bigint;
  zeroCountFloat: number;
  readonly negative: SideBuckets;
  readonly positive: SideBuckets;
}

export interface SideBucket {
  cumulativeCount: bigint;
  cumulativeCountFloat: number;
  upperBound: number;
}

/** One half of a native histogram: where its buckets lie, and their counts as deltas or, for fractions, as they are. */
export interface SideBuckets {
  readonly spans: SideSpan[];
  readonly deltas: bigint[];
  readonly counts: number[];
}

export interface SideSpan {
  offset: number;
  length: number;
}

const FAMILY_METRIC = 0x22;
/** Fields, or bytes of them, that are read before a pause. */
const FIELDS_A_TURN = 256;
const BYTES_A_TURN = 64 * 1024;
/** Bytes of packed numbers that are read in one run. */
const BYTES_A_RUN = 1024;

function emptyMetric(): SideMetric {
  return { labels: [], gauge: null, counter: null, untyped: null, summary: null, histogram: null };
}

/** Reads the metrics of a family's `side` one by one: MetricFamily field 4 records. Bytes that are none throw. */
export class SideCursor {
  private readonly reader: SideReader;
  private readonly records = new FieldCursor();

  constructor(side: Uint8Array) {
    this.reader = new SideReader(side);
    this.records.open(side, 0, side.length);
  }

  /** Moves to the next metric; false if there is none. */
  next(): boolean {
    const { records } = this;
    if (!records.step()) {
      if (records.failed) throw new Error("reading stored protobuf: the bytes are no metrics");
      return false;
    }
    if (records.field * 8 + records.wire === FAMILY_METRIC) return true;
    throw new Error(`reading stored protobuf: expected metrics, found a field with the number ${records.field}`);
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

/** A Summary without fields. */
export function emptySummary(): SideSummary {
  return { sampleCount: 0n, sampleSum: 0, quantiles: [] };
}

/** A Histogram without fields. */
export function emptyHistogram(): SideHistogram {
  return {
    sampleCount: 0n,
    sampleCountFloat: 0,
    sampleSum: 0,
    buckets: [],
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0n,
    zeroCountFloat: 0,
    negative: { spans: [], deltas: [], counts: [] },
    positive: { spans: [], deltas: [], counts: [] },
  };
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
    while (fields.step()) visit(fields.field * 8 + fields.wire, fields);
    if (fields.failed) throw new Error(`reading stored protobuf: bytes ${start} to ${end} are not a message`);
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
      if (key === 0x22) {
        metric.summary ??= emptySummary();
        const { summary } = metric;
        return this.eachInTurns(fields.start, fields.end, (k, f) => {
          this.summaryField(k, f, summary);
          return null;
        });
      }
      if (key === 0x3a) {
        metric.histogram ??= emptyHistogram();
        const { histogram } = metric;
        return this.eachInTurns(fields.start, fields.end, (k, f) => {
          if (isPackedKey(k) && f.end - f.start > BYTES_A_RUN) return this.packedInTurns(f, histogram);
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
      const inner = visit(fields.field * 8 + fields.wire, fields);
      if (inner !== null) yield* inner;
      if (count % FIELDS_A_TURN !== 0 && fields.next - paused < BYTES_A_TURN) continue;
      paused = fields.next;
      yield null;
    }
    if (fields.failed) throw new Error(`reading stored protobuf: bytes ${start} to ${end} are not a message`);
  }

  private metricField(key: number, fields: FieldCursor, metric: SideMetric): void {
    if (key === 0x0a) metric.labels.push(this.label(fields));
    else if (key === 0x12) metric.gauge = this.value(fields, metric.gauge);
    else if (key === 0x1a) metric.counter = this.value(fields, metric.counter);
    else if (key === 0x22) metric.summary = this.summary(fields, metric.summary ?? emptySummary());
    else if (key === 0x2a) metric.untyped = this.value(fields, metric.untyped);
    else if (key === 0x3a) metric.histogram = this.histogram(fields, metric.histogram ?? emptyHistogram());
  }

  private label(at: FieldCursor): LabelPair {
    const label = { name: "", value: "" };
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === 0x0a) label.name = decodeText(this.bytes, fields.start, fields.end);
      else if (key === 0x12) label.value = decodeText(this.bytes, fields.start, fields.end);
    });
    return label;
  }

  /** The double in field 1 of a Gauge, Counter or Untyped. */
  private value(at: FieldCursor, before: number | null): number {
    let value = before ?? 0;
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === 0x09) value = this.double(fields.start);
    });
    return value;
  }

  private summary(at: FieldCursor, summary: SideSummary): SideSummary {
    this.eachField(at.start, at.end, (key, fields) => this.summaryField(key, fields, summary));
    return summary;
  }

  private summaryField(key: number, fields: FieldCursor, summary: SideSummary): void {
    if (key === 0x08) summary.sampleCount = fields.uint64();
    else if (key === 0x11) summary.sampleSum = this.double(fields.start);
    else if (key === 0x1a) summary.quantiles.push(this.quantile(fields));
  }

  private quantile(at: FieldCursor): SideQuantile {
    const quantile = { rank: 0, value: 0 };
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === 0x09) quantile.rank = this.double(fields.start);
      else if (key === 0x11) quantile.value = this.double(fields.start);
    });
    return quantile;
  }

  private histogram(at: FieldCursor, histogram: SideHistogram): SideHistogram {
    this.eachField(at.start, at.end, (key, fields) => this.histogramField(key, fields, histogram));
    return histogram;
  }

  private histogramField(key: number, fields: FieldCursor, histogram: SideHistogram): void {
    if (key === 0x08) histogram.sampleCount = fields.uint64();
    else if (key === 0x11) histogram.sampleSum = this.double(fields.start);
    else if (key === 0x1a) histogram.buckets.push(this.bucket(fields));
    else if (key === 0x21) histogram.sampleCountFloat = this.double(fields.start);
    else this.nativeField(key, fields, histogram);
  }

  private nativeField(key: number, fields: FieldCursor, histogram: SideHistogram): void {
    if (key === 0x28) histogram.schema = this.zigzag32(fields);
    else if (key === 0x31) histogram.zeroThreshold = this.double(fields.start);
    else if (key === 0x38) histogram.zeroCount = fields.uint64();
    else if (key === 0x41) histogram.zeroCountFloat = this.double(fields.start);
    else if (fields.field >= 9 && fields.field <= 11) this.half(key - (9 << 3), fields, histogram.negative);
    else if (fields.field >= 12 && fields.field <= 14) this.half(key - (12 << 3), fields, histogram.positive);
  }

  /** A span, deltas or counts, by `key` less 8 times the number of the half's first field; numbers may be packed. */
  private half(key: number, fields: FieldCursor, half: SideBuckets): void {
    if (key === 0x02) half.spans.push(this.span(fields));
    else if (key === 0x08) half.deltas.push(this.zigzag(fields));
    else if (key === 0x0a) this.packedDeltas(fields, half.deltas);
    else if (key === 0x11) half.counts.push(this.double(fields.start));
    else if (key === 0x12) for (let i = fields.start; i < fields.end; i += 8) half.counts.push(this.double(i));
  }

  private packedDeltas({ start, end }: FieldCursor, deltas: bigint[]): void {
    const read = this.deltasIn(start, end, deltas);
    if (read < end) throw new Error(`reading stored protobuf: the packed numbers at byte ${read} end early`);
  }

  /** Reads the whole ones of the packed numbers in bytes[start, end); returns where the rest begins. */
  private deltasIn(start: number, end: number, deltas: bigint[]): number {
    let from = start;
    for (let i = start; i < end; i++) {
      if ((this.bytes[i] as number) >= 0x80) continue;
      deltas.push(unzigzag(readUint64(this.bytes, from, i + 1)));
      from = i + 1;
    }
    return from;
  }

  /** Packed numbers of a half of a native histogram, over any number of turns. */
  private *packedInTurns({ field, start, end }: FieldCursor, histogram: SideHistogram): Generator<null> {
    const { deltas, counts } = field < 12 ? histogram.negative : histogram.positive;
    const isCounts = field === 11 || field === 14;
    let from = start;
    for (let stop = start; stop < end; yield null) {
      stop = Math.min(end, stop + BYTES_A_RUN);
      if (isCounts) for (; from < stop; from += 8) counts.push(this.double(from));
      else from = this.deltasIn(from, stop, deltas);
    }
    if (from < end) throw new Error(`reading stored protobuf: the packed numbers at byte ${from} end early`);
  }

  private bucket(at: FieldCursor): SideBucket {
    const bucket = { cumulativeCount: 0n, cumulativeCountFloat: 0, upperBound: 0 };
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === 0x08) bucket.cumulativeCount = fields.uint64();
      else if (key === 0x11) bucket.upperBound = this.double(fields.start);
      else if (key === 0x21) bucket.cumulativeCountFloat = this.double(fields.start);
    });
    return bucket;
  }

  private span(at: FieldCursor): SideSpan {
    const span = { offset: 0, length: 0 };
    this.eachField(at.start, at.end, (key, fields) => {
      if (key === 0x08) span.offset = this.zigzag32(fields);
      else if (key === 0x10) span.length = Number(BigInt.asUintN(32, fields.uint64()));
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
