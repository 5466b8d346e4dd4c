import { latin1Of } from "../../bytes/ascii.ts";
import { byteAt } from "../../bytes/at.ts";
import { Writer } from "../../bytes/writer.ts";
import { LabelWalk } from "../../exposition/label-block.ts";
import { ABSENT, type PushColumns } from "../../model/columns.ts";
import { HAS_FLOAT_COUNTS } from "../../model/metric-rows.ts";
import { MetricType } from "../../model/metric-type.ts";
import { METRIC_UNITS } from "../../model/work.ts";
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

/**
 * Writes the metrics of a family as MetricFamily field 4 records, with the labels as rendered: what is kept beside
 * lines that do not say everything. A metric that came as protobuf keeps every field but its labels.
 */
export class SideWriter {
  private readonly metric = new Writer(1024);
  private readonly value = new Writer(1024);
  private readonly part = new Writer(256);
  private readonly doubles = new DoubleWriter();
  /** Of the family that was begun, and the metric that is next. */
  private records = NOTHING;
  private next = -1;
  private readonly labels = new LabelWalk();
  private readonly fields = new FieldCursor();
  /** Of the message being written. */
  private mostBytes = Infinity;

  /** Begins with a family that has been rendered. */
  begin(columns: PushColumns, family: number): void {
    this.records = new Writer(1024);
    this.next = columns.families.firstMetric(family);
  }

  /** Goes on with the records of the family until the turn is over: all of them in bytes of their own, or null. */
  writeOn(columns: PushColumns, family: number, renderer: Renderer): Uint8Array | null {
    const { records } = this;
    const { work } = columns;
    const type = columns.families.type(family);
    while (this.next >= 0) {
      if (work.isTurnOver) return null;
      const message = this.message(columns, this.next, type, renderer);
      appendBytesField(records, FAMILY_METRIC, message, 0, message.length);
      work.charge(METRIC_UNITS + message.length);
      this.next = columns.metrics.next(this.next);
    }
    this.records = NOTHING;
    return records.finish();
  }

  /**
   * One rendered metric of a family of this type as a Metric message; the bytes are lent until the next call. No field
   * is added once there are more than `mostBytes`.
   */
  message(
    columns: PushColumns,
    metric: number,
    type: MetricType,
    renderer: Renderer,
    mostBytes = Infinity,
  ): Uint8Array {
    this.mostBytes = mostBytes;
    this.metric.reset();
    this.appendLabels(columns, renderer, metric);
    if (columns.metrics.messageSize(metric) >= 0) this.copyFields(columns, metric);
    else this.appendValue(columns, metric, type);
    return this.metric.view();
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

  private copyFields(columns: PushColumns, metric: number): void {
    const { fields } = this;
    const start = columns.metrics.messageAt(metric);
    fields.open(columns.body, start, start + columns.metrics.messageSize(metric));
    while (this.metric.length <= this.mostBytes && fields.step()) {
      if (fields.field === METRIC_LABEL && fields.wire === WIRE_BYTES) continue;
      if (fields.field === METRIC_HISTOGRAM && fields.wire === WIRE_BYTES) this.copyHistogram(columns.body, fields);
      else this.metric.copy(columns.body, fields.tagStart, fields.next);
    }
  }

  /** Copies a histogram with packed numbers unpacked, one field a number, as Go writes them for this proto2 message. */
  private copyHistogram(body: Uint8Array, histogram: FieldCursor): void {
    const fields = new FieldCursor();
    this.value.reset();
    fields.open(body, histogram.start, histogram.end);
    while (this.value.length <= this.mostBytes && fields.step()) {
      const wire = fields.wire === WIRE_BYTES ? PACKED_WIRES[fields.field] : undefined;
      if (wire === undefined) this.value.copy(body, fields.tagStart, fields.next);
      else this.unpack(body, fields, wire);
    }
    appendBytesField(this.metric, METRIC_HISTOGRAM, this.value.bytes, 0, this.value.length);
  }

  private unpack(body: Uint8Array, field: FieldCursor, wire: number): void {
    for (let at = field.start; at < field.end && this.value.length <= this.mostBytes; ) {
      let end = at + 8;
      if (wire === WIRE_VARINT) for (end = at + 1; byteAt(body, end - 1) >= 0x80; end++);
      appendTag(this.value, field.field, wire);
      this.value.copy(body, at, end);
      at = end;
    }
  }

  private appendValue(columns: PushColumns, metric: number, type: MetricType): void {
    this.value.reset();
    if (type === MetricType.summary) this.appendSummary(columns, metric);
    else if (type >= MetricType.histogram) this.appendHistogram(columns, metric);
    else this.appendDouble(this.value, SINGLE_VALUE, sampleValue(columns, columns.metrics.firstPoint(metric)));
    appendBytesField(this.metric, valueFieldOf(type), this.value.bytes, 0, this.value.length);
  }

  private appendSummary(columns: PushColumns, metric: number): void {
    const count = columns.metrics.countSample(metric);
    if (count >= 0) this.appendCount(this.value, SUMMARY_COUNT, sampleValue(columns, count));
    this.appendSum(columns, metric);
    this.eachPoint(columns, metric, (sample) => {
      this.appendDouble(this.part, QUANTILE_RANK, columns.samples.bound(sample));
      this.appendDouble(this.part, QUANTILE_VALUE, sampleValue(columns, sample));
    });
  }

  /** With a fractional count anywhere all counts are fractional, as the reference makes them. */
  private appendHistogram(columns: PushColumns, metric: number): void {
    const isFloat = columns.metrics.has(metric, HAS_FLOAT_COUNTS);
    const count = columns.metrics.countSample(metric);
    if (isFloat) this.appendDouble(this.value, HISTOGRAM_COUNT_FLOAT, count < 0 ? 0 : sampleValue(columns, count));
    else if (count >= 0) this.appendCount(this.value, HISTOGRAM_COUNT, sampleValue(columns, count));
    this.appendSum(columns, metric);
    this.eachPoint(columns, metric, (sample) => {
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
  private eachPoint(columns: PushColumns, metric: number, write: (sample: number) => void): void {
    let sample = columns.metrics.firstPoint(metric);
    while (sample >= 0 && this.value.length <= this.mostBytes) {
      this.part.reset();
      write(sample);
      appendBytesField(this.value, HISTOGRAM_BUCKET, this.part.bytes, 0, this.part.length);
      sample = columns.samples.next(sample);
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
