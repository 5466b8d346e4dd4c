import { hasHighBytes } from "../bytes/valid-utf8.ts";
import { ABSENT, type PushColumns } from "../model/columns.ts";
import { hasValueOf, IS_ODD, NEEDS_SIDE } from "../model/metric-rows.ts";
import { MetricType } from "../model/metric-type.ts";
import { Rejection } from "../model/rejection.ts";
import { countFields, countVarints } from "../protobuf/count-fields.ts";
import {
  BUCKET_BOUND,
  BUCKET_COUNT,
  BUCKET_COUNT_FLOAT,
  FAMILY_HELP,
  FAMILY_METRIC,
  FAMILY_NAME,
  FAMILY_TYPE,
  HISTOGRAM_BUCKET,
  HISTOGRAM_COUNT,
  HISTOGRAM_COUNT_FLOAT,
  HISTOGRAM_SUM,
  METRIC_COUNTER,
  METRIC_GAUGE,
  METRIC_HISTOGRAM,
  METRIC_LABEL,
  METRIC_SUMMARY,
  METRIC_TIMESTAMP_MS,
  METRIC_UNTYPED,
  PAIR_NAME,
  PAIR_VALUE,
  QUANTILE_RANK,
  QUANTILE_VALUE,
  SINGLE_VALUE,
  SUMMARY_COUNT,
  SUMMARY_QUANTILE,
  SUMMARY_SUM,
  valueFieldOf,
} from "../protobuf/field-numbers.ts";
import { isKnownField, METRIC, type MessageSchema } from "../protobuf/metrics-proto.ts";
import { isDelta, isOfNegative, isOfPositive, isPackedHalf } from "../protobuf/native-fields.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { addEscapedLabel } from "./escaped-label.ts";
import { FamilyTable } from "./family-table.ts";
import { takeHelp } from "./help.ts";
import { EXACT_COUNTS } from "./samples.ts";

/** Go's words for a body that ends within a message and for bytes that are no message. */
const CUT_SHORT = "unexpected EOF";
const OVERFLOW = "proto: variable length integer overflow";
const BROKEN = "proto: cannot parse invalid wire-format data";

/** The flags of a metric with a value field. */
const FLAGS_OF_FIELD: Record<number, number> = {
  [METRIC_GAUGE]: hasValueOf(MetricType.gauge),
  [METRIC_COUNTER]: hasValueOf(MetricType.counter),
  [METRIC_SUMMARY]: hasValueOf(MetricType.summary),
  [METRIC_UNTYPED]: hasValueOf(MetricType.untyped),
  [METRIC_HISTOGRAM]: hasValueOf(MetricType.histogram) | hasValueOf(MetricType.gaugeHistogram),
};
const MOST_VARINT_BYTES = 10;
/**
 * Further fields that a push may have for each series that it may have; a quantile or a bucket is a handful of them.
 */
const MOST_FIELDS = 4;
const FIELDS_A_POINT = 4;
/** Lines cannot say it, and it may be something that Prometheus cannot read. */
const NEEDS_LOOK = NEEDS_SIDE | IS_ODD;

/**
 * Reads delimited io.prometheus.client.MetricFamily messages: a varint length before each. Of families of one name the
 * last counts. Names and label values are not checked; the store does that. One parser serves one push after the other;
 * messages are read in place, whatever lengths they claim.
 */
export class ProtobufParser {
  private readonly table = new FamilyTable();
  private readonly outer = new FieldCursor();
  private readonly metricCursor = new FieldCursor();
  private readonly inner = new FieldCursor();
  private readonly point = new FieldCursor();
  /** The families some metric of which has a timestamp; those that were replaced by another of their name are not. */
  private readonly stamped = new Set<number>();
  /** Some label of the metric being read has no name or no value. */
  private hasPartialLabels = false;
  /** Families read so far, those that were replaced among them. */
  private familyCount = 0;
  /**
   * Fields that are neither families nor metrics nor labels, some of them by the handful; and buckets of native
   * histograms.
   */
  private fieldCount = 0;
  private bucketCount = 0;
  /** The fractional count of the histogram being read. */
  private floatCount = 0;
  private body: Uint8Array = new Uint8Array(0);
  private doubles: DataView = new DataView(new ArrayBuffer(0));

  constructor(private readonly columns: PushColumns) {}

  /**
   * Fills the columns from `body`, which they refer to from then on. An error leaves them half filled, not to be used.
   */
  parse(body: Uint8Array): Rejection | null {
    this.columns.begin(body);
    this.columns.hasQuotedNames = true;
    this.columns.keepsEmptyFamilies = true;
    this.table.reset();
    this.stamped.clear();
    this.familyCount = 0;
    this.fieldCount = 0;
    this.bucketCount = 0;
    this.body = body;
    this.doubles = new DataView(body.buffer, body.byteOffset, body.byteLength);
    for (let at = 0; at < body.length; ) {
      const prefix = readLength(body, at);
      if (prefix === null)
        return new Rejection("malformed", body.length - at < MOST_VARINT_BYTES ? CUT_SHORT : OVERFLOW);
      if (prefix.length > body.length - prefix.next) return new Rejection("malformed", CUT_SHORT);
      if (!this.readFamily(prefix.next, prefix.next + prefix.length)) return new Rejection("malformed", BROKEN);
      if (this.columns.excess !== null) return this.columns.excess;
      at = prefix.next + prefix.length;
    }
    this.columns.hasTimestamps = this.stamped.size > 0;
    return null;
  }

  /** Two walks: name, help and type may follow the metrics that they are about. */
  private readFamily(start: number, end: number): boolean {
    const { outer, columns } = this;
    let nameAt = 0;
    let nameSize = 0;
    let helpAt = 0;
    let helpSize = -1;
    let type: number = MetricType.counter;
    let isTypeless = true;
    outer.open(this.body, start, end);
    while (columns.excess === null && outer.step()) {
      if (outer.field !== FAMILY_METRIC) this.countField();
      if (outer.field === FAMILY_TYPE && outer.wire === WIRE_VARINT) {
        type = typeNumber(outer);
        isTypeless = false;
      }
      if (outer.wire !== WIRE_BYTES) continue;
      if (outer.field === FAMILY_NAME) {
        nameAt = outer.start;
        nameSize = outer.end - outer.start;
      } else if (outer.field === FAMILY_HELP) {
        helpAt = outer.start;
        helpSize = outer.end - outer.start;
      }
    }
    if (outer.failed) return false;
    const family = this.enterFamily(nameAt, nameSize);
    columns.families.setType(family, type as MetricType);
    columns.families.setTypeless(family, isTypeless);
    takeHelp(columns, family, helpAt, helpSize, helpSize > 0 && hasHighBytes(this.body, helpAt, helpSize));
    return this.readMetrics(family, type as MetricType, start, end);
  }

  /** A family row of this name without metrics: a new one, or the one that is replaced. */
  private enterFamily(nameAt: number, nameSize: number): number {
    const { columns } = this;
    columns.note("maxFamilies", ++this.familyCount);
    const known = this.table.find(columns, this.body, nameAt, nameSize);
    if (known < 0) {
      const family = columns.addFamily(nameAt, nameSize);
      this.table.add(columns, family);
      return family;
    }
    this.stamped.delete(known);
    columns.families.dropMetrics(known);
    return known;
  }

  private readMetrics(family: number, type: MetricType, start: number, end: number): boolean {
    const { outer } = this;
    outer.open(this.body, start, end);
    while (this.columns.excess === null && outer.step())
      if (
        outer.field === FAMILY_METRIC &&
        outer.wire === WIRE_BYTES &&
        !this.readMetric(family, type, outer.start, outer.end)
      )
        return false;
    return true;
  }

  private readMetric(family: number, type: MetricType, start: number, end: number): boolean {
    const { columns, metricCursor: cursor } = this;
    const firstLabel = columns.labels.count;
    cursor.open(this.body, start, end);
    this.hasPartialLabels = false;
    this.floatCount = 0;
    while (columns.excess === null && cursor.step())
      if (
        cursor.field === METRIC_LABEL &&
        cursor.wire === WIRE_BYTES &&
        !this.readLabel(cursor.start, cursor.end, firstLabel)
      )
        return false;
      else if (cursor.field === METRIC_TIMESTAMP_MS && cursor.wire === WIRE_VARINT) this.stamped.add(family);
    if (cursor.failed) return false;
    const metric = columns.addMetric(firstLabel);
    columns.linkMetric(family, metric);
    if (this.hasPartialLabels) this.flag(metric, NEEDS_SIDE);
    columns.metrics.setMessage(metric, start, end - start);
    cursor.open(this.body, start, end);
    while (columns.excess === null && cursor.step()) if (!this.readMetricField(metric, type)) return false;
    this.finishMetric(metric, type);
    return true;
  }

  private readMetricField(metric: number, type: MetricType): boolean {
    const { metricCursor: cursor } = this;
    if (cursor.field === METRIC_LABEL && cursor.wire === WIRE_BYTES) return true;
    this.countField();
    if (cursor.field === METRIC_TIMESTAMP_MS && cursor.wire === WIRE_VARINT) return true;
    const schema = cursor.wire === WIRE_BYTES ? METRIC.byNumber[cursor.field]?.content : undefined;
    if (typeof schema !== "object") {
      this.flag(metric, NEEDS_LOOK);
      return true;
    }
    const most = MOST_FIELDS * this.columns.maxSeries;
    const fields = countFields(this.body, cursor.start, cursor.end, schema, most);
    if (fields < 0) return false;
    this.countField(fields > most ? Infinity : fields / FIELDS_A_POINT);
    if (this.columns.excess !== null) return true;
    this.flag(metric, FLAGS_OF_FIELD[cursor.field] ?? 0);
    if (cursor.field !== valueFieldOf(type)) this.flag(metric, NEEDS_LOOK);
    else this.readValue(metric, type, schema);
    return true;
  }

  private countField(count = 1): void {
    this.fieldCount += count;
    this.columns.note("maxSeries", this.fieldCount / MOST_FIELDS);
  }

  private flag(metric: number, flags: number): void {
    this.columns.metrics.flag(metric, flags);
  }

  /** Reads the value message at the metric cursor; its fields have been checked. */
  private readValue(metric: number, type: MetricType, schema: MessageSchema): void {
    const { inner, metricCursor } = this;
    inner.open(this.body, metricCursor.start, metricCursor.end);
    while (this.columns.excess === null && inner.step()) {
      if (!isKnownField(schema, inner)) this.flag(metric, NEEDS_LOOK);
      else if (type === MetricType.summary) this.readSummaryField(metric);
      else if (type >= MetricType.histogram) this.readHistogramField(metric);
      else if (inner.field === SINGLE_VALUE) this.addPlainValue(metric);
      else this.flag(metric, NEEDS_LOOK);
    }
  }

  private double(cursor: FieldCursor): number {
    return this.doubles.getFloat64(cursor.start, true);
  }

  private addPlainValue(metric: number): void {
    const value = this.double(this.inner);
    if (Object.is(value, -0) || this.columns.metrics.firstPoint(metric) >= 0) this.flag(metric, NEEDS_SIDE);
    this.columns.metrics.setPoint(metric, this.columns.samples.add(Number.NaN, value, 0, 0));
  }

  private setSum(metric: number): void {
    const value = this.double(this.inner);
    if (Object.is(value, -0)) this.flag(metric, NEEDS_SIDE);
    this.columns.metrics.setSumSample(metric, this.columns.samples.add(Number.NaN, value, 0, 0));
  }

  private setCount(metric: number, value: number): void {
    if (value >= EXACT_COUNTS) this.flag(metric, NEEDS_SIDE);
    this.columns.metrics.setCountSample(metric, this.columns.samples.add(Number.NaN, value, 0, 0));
  }

  private readSummaryField(metric: number): void {
    const { inner, point } = this;
    if (inner.field === SUMMARY_COUNT) return this.setCount(metric, wholeNumber(inner));
    if (inner.field === SUMMARY_SUM) return this.setSum(metric);
    if (inner.field !== SUMMARY_QUANTILE) return this.flag(metric, NEEDS_LOOK);
    let bound = 0;
    let value = 0;
    let seen = 0;
    point.open(this.body, inner.start, inner.end);
    while (point.step()) {
      if (point.wire === WIRE_FIXED64 && point.field === QUANTILE_RANK) bound = this.double(point);
      else if (point.wire === WIRE_FIXED64 && point.field === QUANTILE_VALUE) value = this.double(point);
      seen = seen * 4 + (point.wire === WIRE_FIXED64 ? Math.min(point.field, 3) : 3);
    }
    if (!isPair(seen)) this.flag(metric, NEEDS_LOOK);
    else if (Object.is(value, -0) || Object.is(bound, -0)) this.flag(metric, NEEDS_SIDE);
    this.columns.linkPoint(metric, this.columns.samples.add(bound, value, 0, 0));
  }

  private readHistogramField(metric: number): void {
    const { inner } = this;
    if (inner.field === HISTOGRAM_SUM) return this.setSum(metric);
    if (inner.field === HISTOGRAM_BUCKET) return this.readBucket(metric);
    if (inner.field === HISTOGRAM_COUNT) return this.setCount(metric, wholeNumber(inner));
    this.flag(metric, NEEDS_LOOK);
    if (inner.field === HISTOGRAM_COUNT_FLOAT) this.floatCount = this.double(inner);
    if (isOfNegative(inner.field) || isOfPositive(inner.field)) this.countBuckets();
  }

  /** Spans, deltas and counts of a native histogram. */
  private countBuckets(): void {
    const { inner } = this;
    const isPacked = isPackedHalf(inner);
    if (!isPacked) this.bucketCount++;
    else if (isDelta(inner.field)) this.bucketCount += countVarints(this.body, inner.start, inner.end);
    else this.bucketCount += (inner.end - inner.start) / 8;
    this.columns.note("maxSeries", this.bucketCount);
  }

  private readBucket(metric: number): void {
    const { inner, point } = this;
    let bound = 0;
    let count = 0;
    let floatCount = 0;
    let seen = 0;
    point.open(this.body, inner.start, inner.end);
    while (point.step()) {
      if (point.wire === WIRE_VARINT && point.field === BUCKET_COUNT) count = wholeNumber(point);
      else if (point.wire === WIRE_FIXED64 && point.field === BUCKET_BOUND) bound = this.double(point);
      else if (point.wire === WIRE_FIXED64 && point.field === BUCKET_COUNT_FLOAT) floatCount = this.double(point);
      seen =
        seen * 4 +
        (point.wire === (point.field === BUCKET_COUNT ? WIRE_VARINT : WIRE_FIXED64) ? Math.min(point.field, 3) : 3);
    }
    if (!isPair(seen)) this.flag(metric, NEEDS_LOOK);
    else if (count >= EXACT_COUNTS || Object.is(bound, -0)) this.flag(metric, NEEDS_SIDE);
    const value = floatCount !== 0 ? floatCount : count;
    this.columns.linkPoint(metric, this.columns.samples.add(bound, value, 0, 0));
  }

  private readLabel(start: number, end: number, firstLabel: number): boolean {
    const { inner, columns } = this;
    let nameAt = ABSENT;
    let nameSize = 0;
    let valueAt = ABSENT;
    let valueSize = 0;
    let seen = 0;
    inner.open(this.body, start, end);
    while (columns.excess === null && inner.step()) {
      if (++seen > 2) this.countField();
      if (inner.wire !== WIRE_BYTES) continue;
      if (inner.field === PAIR_NAME) {
        nameAt = inner.start;
        nameSize = inner.end - inner.start;
      } else if (inner.field === PAIR_VALUE) {
        valueAt = inner.start;
        valueSize = inner.end - inner.start;
      }
    }
    if (inner.failed) return false;
    if (nameAt === ABSENT || valueAt === ABSENT) this.hasPartialLabels = true;
    columns.note("maxLabels", columns.labels.count + 1 - firstLabel);
    if (columns.excess === null) addEscapedLabel(columns, nameAt, nameSize, valueAt, valueSize);
    return true;
  }

  /** Decides whether exposition lines will say all there is to say of the metric. */
  private finishMetric(metric: number, type: MetricType): void {
    const { metrics } = this.columns;
    if (type < MetricType.histogram && type !== MetricType.summary) {
      if (metrics.firstPoint(metric) < 0) this.flag(metric, NEEDS_SIDE);
      return;
    }
    // Of a whole and a fractional count the fractional one is printed, but where it is 0.
    if (this.floatCount !== 0) this.setCount(metric, this.floatCount);
    const isWhole = metrics.sumSample(metric) >= 0 && metrics.countSample(metric) >= 0;
    const hasAll = type === MetricType.summary || this.columns.hasInfinityPoint(metric);
    if (!isWhole || !hasAll) this.flag(metric, NEEDS_SIDE);
  }
}

/** Whether the fields seen in a quantile or bucket are 1 and 2, once each, in either order. */
const isPair = (seen: number): boolean => seen === 6 || seen === 9;

/** A varint as a double. */
const wholeNumber = (record: FieldCursor): number =>
  record.value <= Number.MAX_SAFE_INTEGER ? record.value : Number(record.uint64());

/** An enumeration's number, of which Go takes 32 bits. */
const typeNumber = (record: FieldCursor): number =>
  record.value <= MetricType.gaugeHistogram ? record.value : Number(BigInt.asIntN(32, record.uint64()));

/** The varint length before a message, or null if the body ends within it or it is not a varint. */
function readLength(body: Uint8Array, start: number): { length: number; next: number } | null {
  let length = 0;
  let scale = 1;
  for (let at = start; at < body.length && at < start + MOST_VARINT_BYTES; at++) {
    const byte = body[at] as number;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return at === start + MOST_VARINT_BYTES - 1 && byte > 1 ? null : { length, next: at + 1 };
    scale *= 128;
  }
  return null;
}
