import { latin1Of } from "../../bytes/ascii.ts";
import { byteAt } from "../../bytes/at.ts";
import { SlicedCopy } from "../../bytes/sliced-copy.ts";
import { Writer } from "../../bytes/writer.ts";
import { LabelWalk } from "../../exposition/label-block.ts";
import { ABSENT, type PushColumns } from "../../model/columns.ts";
import { HAS_FLOAT_COUNTS } from "../../model/metric-rows.ts";
import { MetricType } from "../../model/metric-type.ts";
import { atOnce } from "../../model/turns.ts";
import { METRIC_UNITS, STEP_UNITS, type Work } from "../../model/work.ts";
import {
  BUCKET_BOUND,
  BUCKET_COUNT,
  BUCKET_COUNT_FLOAT,
  FAMILY_METRIC,
  HISTOGRAM_BUCKET,
  HISTOGRAM_COUNT,
  HISTOGRAM_COUNT_FLOAT,
  HISTOGRAM_NEGATIVE_COUNT,
  HISTOGRAM_NEGATIVE_DELTA,
  HISTOGRAM_POSITIVE_COUNT,
  HISTOGRAM_POSITIVE_DELTA,
  HISTOGRAM_SUM,
  METRIC_HISTOGRAM,
  METRIC_LABEL,
  PAIR_NAME,
  PAIR_VALUE,
  QUANTILE_RANK,
  QUANTILE_VALUE,
  SINGLE_VALUE,
  SUMMARY_COUNT,
  valueFieldOf,
} from "../../protobuf/field-numbers.ts";
import { appendBytesField, appendTag, appendVarint, DoubleWriter } from "../../protobuf/varint.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../../protobuf/wire.ts";
import type { Renderer } from "./render.ts";

/** The repeated numbers of a histogram, which may come packed: the wire type of one, by field. */
const PACKED_WIRES: Record<number, number> = {
  [HISTOGRAM_NEGATIVE_DELTA]: WIRE_VARINT,
  [HISTOGRAM_NEGATIVE_COUNT]: WIRE_FIXED64,
  [HISTOGRAM_POSITIVE_DELTA]: WIRE_VARINT,
  [HISTOGRAM_POSITIVE_COUNT]: WIRE_FIXED64,
};

const NOTHING = new Writer(0);

/** Bytes of a message, points, or bytes of packed numbers that are written before a pause. */
const BYTES_A_TURN = 16 * 1024;
const POINTS_A_TURN = 256;
const NUMBERS_A_TURN = 1024;

const isShort = (sizeBytes: number): boolean => sizeBytes <= BYTES_A_TURN;

/** Appends source[start, end). */
function* copyInTurns(out: Writer, source: Uint8Array, start: number, end: number): Generator<null> {
  while (!out.reserveOn(end - start, STEP_UNITS)) yield null;
  for (let at = start; at < end; at += STEP_UNITS) {
    out.copy(source, at, Math.min(end, at + STEP_UNITS));
    if (at + STEP_UNITS < end) yield null;
  }
}

/**
 * Writes the metrics of a family as MetricFamily field 4 records, with the labels as rendered: what is kept beside
 * lines that do not say everything. A metric that came as protobuf keeps every field but its labels.
 */
export class SideWriter {
  private readonly metric = new Writer(1024);
  private readonly value = new Writer(1024);
  private readonly part = new Writer(256);
  private readonly doubles = new DoubleWriter();
  /** Of the family that was begun: the records so far, the metric that is next, and what goes on with it, if begun. */
  private records = NOTHING;
  private next = -1;
  private writing: Generator<null> | null = null;
  private finished: SlicedCopy | null = null;
  private readonly labels = new LabelWalk();
  private readonly fields = new FieldCursor();
  /** Of the message being written. */
  private mostBytes = Infinity;

  /** Begins with a family that has been rendered. */
  begin(columns: PushColumns, family: number): void {
    this.records = new Writer(1024);
    this.next = columns.families.firstMetric(family);
    this.writing = null;
    this.finished = null;
  }

  /** Goes on with the records of the family until the turn is over: all of them in bytes of their own, or null. */
  writeOn(columns: PushColumns, family: number, renderer: Renderer): Uint8Array | null {
    const { records } = this;
    const { work } = columns;
    const type = columns.families.type(family);
    while (this.next >= 0) {
      if (work.isTurnOver) return null;
      this.writing ??= this.recordInTurns(columns, this.next, type, renderer);
      const isWhole = this.writing.next().done;
      work.charge(isWhole ? METRIC_UNITS + Math.min(this.metric.length, BYTES_A_TURN) : BYTES_A_TURN);
      if (!isWhole) continue;
      this.writing = null;
      this.next = columns.metrics.next(this.next);
    }
    return this.finishOn(records, work);
  }

  private finishOn(records: Writer, work: Work): Uint8Array | null {
    this.finished ??= new SlicedCopy(records.length);
    const { finished } = this;
    while (!finished.copyOn(records.bytes, 0, records.length, STEP_UNITS)) {
      work.charge(STEP_UNITS);
      if (work.isTurnOver) return null;
    }
    this.records = NOTHING;
    this.finished = null;
    return finished.target;
  }

  private *recordInTurns(columns: PushColumns, metric: number, type: MetricType, renderer: Renderer): Generator<null> {
    yield* this.messageInTurns(columns, metric, type, renderer, Infinity);
    appendTag(this.records, FAMILY_METRIC, WIRE_BYTES);
    appendVarint(this.records, this.metric.length);
    if (isShort(this.metric.length)) this.records.append(this.metric.view());
    else yield* copyInTurns(this.records, this.metric.bytes, 0, this.metric.length);
  }

  /**
   * One rendered metric of a family of this type as a Metric message; the bytes are lent until the next call. No field
   * is added once there are more than `mostBytes`.
   */
  message(columns: PushColumns, metric: number, type: MetricType, renderer: Renderer, mostBytes: number): Uint8Array {
    atOnce(this.messageInTurns(columns, metric, type, renderer, mostBytes));
    return this.metric.view();
  }

  private *messageInTurns(
    columns: PushColumns,
    metric: number,
    type: MetricType,
    renderer: Renderer,
    mostBytes: number,
  ): Generator<null> {
    this.mostBytes = mostBytes;
    this.metric.reset();
    this.appendLabels(columns, renderer, metric);
    if (columns.metrics.messageSize(metric) >= 0) yield* this.fieldsInTurns(columns, metric);
    else yield* this.valueInTurns(columns, metric, type);
  }

  private appendLabels(columns: PushColumns, renderer: Renderer, metric: number): void {
    const { labels, part } = this;
    const { out } = renderer;
    const partial = renderer.partialOf(metric);
    let next = 0;
    labels.open(out.bytes, renderer.blockStart(metric), renderer.blockEnd(metric));
    for (let i = 0; this.metric.length <= this.mostBytes && labels.step(); i++) {
      const name = labels.name();
      const value = labels.value();
      const own = partial[next];
      const isPartial = own !== undefined && partial[next + 1] === i;
      if (isPartial) next += 2;
      part.reset();
      if (!isPartial || columns.labels.nameAt(own) !== ABSENT) appendBytesField(part, PAIR_NAME, name, 0, name.length);
      if (!isPartial || columns.labels.valueAt(own) !== ABSENT)
        appendBytesField(part, PAIR_VALUE, value, 0, value.length);
      appendBytesField(this.metric, METRIC_LABEL, part.bytes, 0, part.length);
    }
  }

  private *fieldsInTurns(columns: PushColumns, metric: number): Generator<null> {
    const { fields } = this;
    const start = columns.metrics.messageAt(metric);
    let pauseAt = start + BYTES_A_TURN;
    fields.open(columns.body, start, start + columns.metrics.messageSize(metric));
    while (this.metric.length <= this.mostBytes && fields.step()) {
      if (fields.field === METRIC_LABEL && fields.wire === WIRE_BYTES) continue;
      if (fields.field === METRIC_HISTOGRAM && fields.wire === WIRE_BYTES) {
        yield* this.histogramInTurns(columns.body, fields);
        const appending = this.appendValue(METRIC_HISTOGRAM);
        if (appending !== null) yield* appending;
      } else if (isShort(fields.next - fields.tagStart)) this.metric.copy(columns.body, fields.tagStart, fields.next);
      else yield* copyInTurns(this.metric, columns.body, fields.tagStart, fields.next);
      if (fields.next < pauseAt) continue;
      pauseAt = fields.next + BYTES_A_TURN;
      yield null;
    }
  }

  /** Copies a histogram with packed numbers unpacked, one field a number, as Go writes them for this proto2 message. */
  private *histogramInTurns(body: Uint8Array, histogram: FieldCursor): Generator<null> {
    const fields = new FieldCursor();
    let pauseAt = histogram.start + BYTES_A_TURN;
    this.value.reset();
    fields.open(body, histogram.start, histogram.end);
    while (this.value.length <= this.mostBytes && fields.step()) {
      const wire = fields.wire === WIRE_BYTES ? PACKED_WIRES[fields.field] : undefined;
      if (wire !== undefined)
        for (let at = fields.start; at < fields.end && this.value.length <= this.mostBytes; ) {
          at = this.unpack(body, fields, wire, at, at + NUMBERS_A_TURN);
          if (at < fields.end) yield null;
        }
      else if (isShort(fields.next - fields.tagStart)) this.value.copy(body, fields.tagStart, fields.next);
      else yield* copyInTurns(this.value, body, fields.tagStart, fields.next);
      if (fields.next < pauseAt) continue;
      pauseAt = fields.next + BYTES_A_TURN;
      yield null;
    }
  }

  /** Unpacks numbers from `start` on until `stop` is reached or passed; returns where the next one begins. */
  private unpack(body: Uint8Array, { field, end }: FieldCursor, wire: number, start: number, stop: number): number {
    let at = start;
    while (at < stop && at < end) {
      let next = at + 8;
      if (wire === WIRE_VARINT) for (next = at + 1; byteAt(body, next - 1) >= 0x80; next++);
      appendTag(this.value, field, wire);
      this.value.copy(body, at, next);
      at = next;
    }
    return at;
  }

  private *valueInTurns(columns: PushColumns, metric: number, type: MetricType): Generator<null> {
    this.value.reset();
    if (type === MetricType.summary) yield* this.summaryInTurns(columns, metric);
    else if (type >= MetricType.histogram) yield* this.bucketsInTurns(columns, metric);
    else this.appendDouble(this.value, SINGLE_VALUE, sampleValue(columns, columns.metrics.firstPoint(metric)));
    const appending = this.appendValue(valueFieldOf(type));
    if (appending !== null) yield* appending;
  }

  /** Appends what was written of the value as a field of the metric. */
  private appendValue(field: number): Generator<null> | null {
    appendTag(this.metric, field, WIRE_BYTES);
    appendVarint(this.metric, this.value.length);
    if (!isShort(this.value.length)) return copyInTurns(this.metric, this.value.bytes, 0, this.value.length);
    this.metric.append(this.value.view());
    return null;
  }

  private *summaryInTurns(columns: PushColumns, metric: number): Generator<null> {
    const count = columns.metrics.countSample(metric);
    if (count >= 0) this.appendCount(this.value, SUMMARY_COUNT, sampleValue(columns, count));
    this.appendSum(columns, metric);
    yield* this.pointsInTurns(columns, metric, (sample) => {
      this.appendDouble(this.part, QUANTILE_RANK, columns.samples.bound(sample));
      this.appendDouble(this.part, QUANTILE_VALUE, sampleValue(columns, sample));
    });
  }

  /** With a fractional count anywhere all counts are fractional, as the reference makes them. */
  private *bucketsInTurns(columns: PushColumns, metric: number): Generator<null> {
    const isFloat = columns.metrics.has(metric, HAS_FLOAT_COUNTS);
    const count = columns.metrics.countSample(metric);
    if (isFloat) this.appendDouble(this.value, HISTOGRAM_COUNT_FLOAT, count < 0 ? 0 : sampleValue(columns, count));
    else if (count >= 0) this.appendCount(this.value, HISTOGRAM_COUNT, sampleValue(columns, count));
    this.appendSum(columns, metric);
    yield* this.pointsInTurns(columns, metric, (sample) => {
      const value = sampleValue(columns, sample);
      if (isFloat) this.appendDouble(this.part, BUCKET_COUNT_FLOAT, value);
      else this.appendCount(this.part, BUCKET_COUNT, value);
      this.appendDouble(this.part, BUCKET_BOUND, columns.samples.bound(sample));
    });
  }

  private appendSum(columns: PushColumns, metric: number): void {
    const sum = columns.metrics.sumSample(metric);
    if (sum >= 0) this.appendDouble(this.value, HISTOGRAM_SUM, sampleValue(columns, sum));
  }

  /** Appends a message (a bucket, or a quantile: its number is the same) for each point; `write` fills `part`. */
  private *pointsInTurns(columns: PushColumns, metric: number, write: (sample: number) => void): Generator<null> {
    let sample = columns.metrics.firstPoint(metric);
    for (let count = 1; sample >= 0 && this.value.length <= this.mostBytes; count++) {
      this.part.reset();
      write(sample);
      appendBytesField(this.value, HISTOGRAM_BUCKET, this.part.bytes, 0, this.part.length);
      sample = columns.samples.next(sample);
      if (count % POINTS_A_TURN === 0) yield null;
    }
  }

  private appendDouble(out: Writer, field: number, value: number): void {
    appendTag(out, field, WIRE_FIXED64);
    this.doubles.append(out, value);
  }

  private appendCount(out: Writer, field: number, value: number): void {
    appendTag(out, field, WIRE_VARINT);
    appendVarint(out, value);
  }
}

/** The number of a sample, read from its token if it has one. */
function sampleValue(columns: PushColumns, sample: number): number {
  const size = columns.samples.tokenSize(sample);
  if (size === 0) return columns.samples.value(sample);
  const at = columns.samples.tokenAt(sample);
  const token = latin1Of(columns.tokens, at, at + size);
  if (token.endsWith("Inf")) return token[0] === "-" ? -Infinity : Infinity;
  return Number(token);
}
