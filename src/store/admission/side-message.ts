import { latin1Of } from "../../bytes/ascii.ts";
import { byteAt } from "../../bytes/at.ts";
import { RunCopy } from "../../bytes/run-copy.ts";
import { Writer } from "../../bytes/writer.ts";
import { LabelWalk } from "../../exposition/label-block.ts";
import type { AsideRows } from "../../model/aside-rows.ts";
import { ABSENT, offsetOf, PushColumns } from "../../model/columns.ts";
import { HAS_FLOAT_COUNTS } from "../../model/metric-rows.ts";
import { MetricType } from "../../model/metric-type.ts";
import { STEP_UNITS } from "../../model/work.ts";
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
  HISTOGRAM_NEGATIVE_COUNT,
  HISTOGRAM_NEGATIVE_DELTA,
  HISTOGRAM_POSITIVE_COUNT,
  HISTOGRAM_POSITIVE_DELTA,
  HISTOGRAM_SUM,
  METRIC_HISTOGRAM,
  METRIC_LABEL,
  METRIC_TIMESTAMP_MS,
  PAIR_NAME,
  PAIR_VALUE,
  QUANTILE_RANK,
  QUANTILE_VALUE,
  SINGLE_VALUE,
  SUMMARY_CREATED,
  valueFieldOf,
} from "../../protobuf/field-numbers.ts";
import { appendBytesField, appendTag, appendUint64, appendVarint, DoubleWriter } from "../../protobuf/varint.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../../protobuf/wire.ts";
import type { Renderer } from "./render.ts";

/** The repeated numbers of a histogram, which may come packed: the wire type of one, by field. */
const PACKED_WIRES: Record<number, number> = {
  [HISTOGRAM_NEGATIVE_DELTA]: WIRE_VARINT,
  [HISTOGRAM_NEGATIVE_COUNT]: WIRE_FIXED64,
  [HISTOGRAM_POSITIVE_DELTA]: WIRE_VARINT,
  [HISTOGRAM_POSITIVE_COUNT]: WIRE_FIXED64,
};

const NO_COLUMNS = new PushColumns();

/** About so many bytes of a message are gone through, or written for points, in one turn. */
export const BYTES_A_TURN = 16 * 1024;
/** What a point counts as. */
const POINT_BYTES = 64;

/**
 * What is done next of a message: of one that came as protobuf its fields are gone through, and those of a histogram in
 * it, and its packed numbers; of what came as text the points. Then the value that was written is appended.
 */
const FIELDS = 0;
const HISTOGRAM = 1;
const PACKED = 2;
const POINTS = 3;
const VALUE = 4;
const WRITTEN = 5;

/**
 * Writes one rendered metric after the other as a Metric message, with the labels as rendered, each over any number of
 * turns. One that came as protobuf keeps every field but its labels and
 * its timestamp.
 */
export class SideMessage {
  /** The message so far; lent until the next one begins. */
  readonly out = new Writer(1024);
  private readonly value = new Writer(1024);
  private readonly part = new Writer(256);
  private readonly doubles = new DoubleWriter();
  private readonly labels = new LabelWalk();
  private readonly fields = new FieldCursor();
  private readonly inner = new FieldCursor();
  /** What is being appended, to the message or its value. */
  private readonly run = new RunCopy();
  private columns = NO_COLUMNS;
  private metric = 0;
  private type: MetricType = MetricType.untyped;
  private mostBytes = Infinity;
  private stage = WRITTEN;
  /** Up to where the fields are gone through, in `body`; of points how many bytes were written. */
  private at = 0;
  /** The field that holds the value. */
  private valueField = 0;
  /** The next point, or -1. */
  private point = -1;

  /** Begins with a rendered metric of a family of this type. No field is added once there are more than `mostBytes`. */
  begin(columns: PushColumns, metric: number, type: MetricType, renderer: Renderer, mostBytes: number): void {
    this.columns = columns;
    this.metric = metric;
    this.type = type;
    this.mostBytes = mostBytes;
    this.out.reset();
    this.appendLabels(renderer);
    const size = columns.metrics.messageSize(metric);
    this.at = size < 0 ? 0 : columns.metrics.messageAt(metric);
    this.fields.open(columns.body, this.at, this.at + Math.max(0, size));
    this.stage = FIELDS;
    if (size < 0) this.beginValue();
  }

  /** Goes on with the message for a moment; false: there is more of it. */
  writeOn(): boolean {
    const { run } = this;
    const pauseAt = this.at + BYTES_A_TURN;
    for (;;) {
      if (!run.copyOn(STEP_UNITS)) return false;
      if (this.stage === WRITTEN) return true;
      if (this.at >= pauseAt) return false;
      if (this.stage === FIELDS) this.copyFields(pauseAt);
      else if (this.stage === HISTOGRAM) this.copyHistogram(pauseAt);
      else if (this.stage === PACKED) this.unpack(pauseAt);
      else if (this.stage === POINTS) this.appendPoints(pauseAt);
      else this.appendValue();
    }
  }

  private appendLabels(renderer: Renderer): void {
    const { labels, part, columns } = this;
    const { out } = renderer;
    const partial = renderer.partialOf(this.metric);
    let next = 0;
    labels.open(out.bytes, renderer.blockStart(this.metric), renderer.blockEnd(this.metric));
    for (let i = 0; this.out.length <= this.mostBytes && labels.step(); i++) {
      const name = labels.name();
      const value = labels.value();
      const own = partial[next];
      const isPartial = own !== undefined && partial[next + 1] === i;
      if (isPartial) next += 2;
      part.reset();
      if (!isPartial || columns.labels.nameAt(own) !== ABSENT) appendBytesField(part, PAIR_NAME, name, 0, name.length);
      if (!isPartial || columns.labels.valueAt(own) !== ABSENT)
        appendBytesField(part, PAIR_VALUE, value, 0, value.length);
      appendBytesField(this.out, METRIC_LABEL, part.bytes, 0, part.length);
    }
  }

  /** Copies fields up to the next label, timestamp or histogram. */
  private copyFields(pauseAt: number): void {
    const { fields, out, columns } = this;
    const start = fields.next;
    let end = start;
    while (end < pauseAt) {
      if (out.length + end - start > this.mostBytes || !fields.step()) {
        this.stage = WRITTEN;
        break;
      }
      if (fields.wire === WIRE_VARINT && fields.field === METRIC_TIMESTAMP_MS) break;
      if (fields.wire === WIRE_BYTES && (fields.field === METRIC_LABEL || fields.field === METRIC_HISTOGRAM)) {
        if (fields.field === METRIC_HISTOGRAM) this.beginHistogram();
        break;
      }
      end = fields.next;
    }
    this.at = this.stage === HISTOGRAM ? fields.start : fields.next;
    this.run.begin(out, columns.body, start, end);
  }

  private beginHistogram(): void {
    this.value.reset();
    this.valueField = METRIC_HISTOGRAM;
    this.inner.open(this.columns.body, this.fields.start, this.fields.end);
    this.stage = HISTOGRAM;
  }

  /** Copies the fields of a histogram up to the next packed numbers. */
  private copyHistogram(pauseAt: number): void {
    const { inner, value, columns } = this;
    const start = inner.next;
    let end = start;
    while (end < pauseAt) {
      if (value.length + end - start > this.mostBytes || !inner.step()) {
        this.stage = VALUE;
        break;
      }
      if (inner.wire === WIRE_BYTES && PACKED_WIRES[inner.field] !== undefined) {
        this.stage = PACKED;
        break;
      }
      end = inner.next;
    }
    this.at = this.stage === PACKED ? inner.start : inner.next;
    this.run.begin(value, columns.body, start, end);
  }

  /** Appends packed numbers one by one, one field a number, as Go writes them for this proto2 message. */
  private unpack(pauseAt: number): void {
    const { value, inner, columns, mostBytes } = this;
    const { body } = columns;
    const { field, end } = inner;
    const wire = PACKED_WIRES[field] ?? WIRE_VARINT;
    let { at } = this;
    while (at < end && at < pauseAt && value.length <= mostBytes) {
      let next = at + 8;
      if (wire === WIRE_VARINT) for (next = at + 1; byteAt(body, next - 1) >= 0x80; next++);
      appendTag(value, field, wire);
      value.copy(body, at, next);
      at = next;
    }
    this.at = at;
    if (at === end || value.length > mostBytes) this.stage = HISTOGRAM;
  }

  /** Begins with the value of a metric that came as text. */
  private beginValue(): void {
    const { columns, value, metric, type } = this;
    value.reset();
    this.valueField = valueFieldOf(type);
    this.point = columns.metrics.firstPoint(metric);
    if (type !== MetricType.summary && type < MetricType.histogram) {
      this.appendDouble(value, SINGLE_VALUE, sampleValue(columns, this.point));
      this.appendAside(value, COUNTER_EXEMPLAR, columns.exemplars, this.point);
      this.appendAside(value, COUNTER_CREATED, columns.created, metric);
      this.stage = VALUE;
      return;
    }
    this.appendTotals();
    this.stage = POINTS;
  }

  /** The count and the sum; with a fractional count anywhere all counts are fractional, as the reference makes them. */
  private appendTotals(): void {
    const { columns, value, metric } = this;
    const count = columns.metrics.countSample(metric);
    const sum = columns.metrics.sumSample(metric);
    if (columns.metrics.has(metric, HAS_FLOAT_COUNTS))
      this.appendDouble(value, HISTOGRAM_COUNT_FLOAT, count < 0 ? 0 : sampleValue(columns, count));
    else if (count >= 0) this.appendCount(value, HISTOGRAM_COUNT, sampleValue(columns, count));
    if (sum >= 0) this.appendDouble(value, HISTOGRAM_SUM, sampleValue(columns, sum));
  }

  /** Appends a message for each point: a bucket, or a quantile, whose number is the same. */
  private appendPoints(pauseAt: number): void {
    const { columns, value, part } = this;
    while (this.at < pauseAt) {
      if (this.point < 0 || value.length > this.mostBytes) {
        const field = this.type === MetricType.summary ? SUMMARY_CREATED : HISTOGRAM_CREATED;
        this.appendAside(value, field, columns.created, this.metric);
        this.stage = VALUE;
        return;
      }
      part.reset();
      if (this.type === MetricType.summary) this.appendQuantile(this.point);
      else this.appendBucket(this.point);
      appendBytesField(value, HISTOGRAM_BUCKET, part.bytes, 0, part.length);
      this.point = columns.samples.next(this.point);
      this.at += POINT_BYTES;
    }
  }

  private appendQuantile(sample: number): void {
    this.appendDouble(this.part, QUANTILE_RANK, this.columns.samples.bound(sample));
    this.appendDouble(this.part, QUANTILE_VALUE, sampleValue(this.columns, sample));
  }

  private appendBucket(sample: number): void {
    const { columns, part } = this;
    const count = sampleValue(columns, sample);
    if (columns.metrics.has(this.metric, HAS_FLOAT_COUNTS)) this.appendDouble(part, BUCKET_COUNT_FLOAT, count);
    else this.appendCount(part, BUCKET_COUNT, count);
    this.appendDouble(part, BUCKET_BOUND, columns.samples.bound(sample));
    this.appendAside(part, BUCKET_EXEMPLAR, columns.exemplars, sample);
  }

  /** Appends what a sample or a metric has besides, if it has. */
  private appendAside(out: Writer, field: number, asides: AsideRows, owner: number): void {
    const row = asides.count === 0 ? -1 : asides.find(owner);
    if (row < 0) return;
    const { columns } = this;
    const start = offsetOf(asides.at(row));
    appendBytesField(out, field, columns.bytesOf(asides.at(row)), start, start + asides.size(row));
  }

  /** Appends what was written of the value as a field of the message, whose other fields are next. */
  private appendValue(): void {
    const { out, value } = this;
    appendTag(out, this.valueField, WIRE_BYTES);
    appendVarint(out, value.length);
    this.run.begin(out, value.bytes, 0, value.length);
    this.stage = FIELDS;
  }

  private appendDouble(out: Writer, field: number, value: number): void {
    appendTag(out, field, WIRE_FIXED64);
    this.doubles.append(out, value);
  }

  private appendCount(out: Writer, field: number, value: number): void {
    appendTag(out, field, WIRE_VARINT);
    if (value < 0) appendUint64(out, BigInt.asUintN(64, BigInt(value)));
    else appendVarint(out, value);
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
