import type { PushColumns } from "../model/columns.ts";

import { HAS_INFINITY, IS_ODD, NEEDS_SIDE } from "../model/metric-rows.ts";
import { MetricType } from "../model/metric-type.ts";
import { isKnownField, type MessageSchema } from "../protobuf/metrics-proto.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { EXACT_COUNTS } from "./samples.ts";

/** Lines cannot say it, and it may be something that Prometheus cannot read. */
export const NEEDS_LOOK = NEEDS_SIDE | IS_ODD;

/**
 * A push may have so many further fields for each series that it may have; a quantile or a bucket is a handful of them.
 */
export const MOST_FIELDS = 4;

/** Reads the values of metrics, and counts what a push has of fields besides. */
export class MetricValues {
  private readonly inner = new FieldCursor();
  private readonly point = new FieldCursor();
  /**
   * Fields that are neither families nor metrics nor labels, some of them by the handful; and buckets of native
   * histograms.
   */
  private fieldCount = 0;
  private bucketCount = 0;
  /** The fractional count of the histogram being read. */
  private floatCount = 0;
  /** The value that is being read, and of its quantile or bucket at hand what was read so far. */
  private metric = 0;
  private type: MetricType = MetricType.untyped;
  private schema: MessageSchema | null = null;
  private inPoint = false;
  private bound = 0;
  private pointValue = 0;
  private pointCount = 0;
  private seen = 0;
  private body: Uint8Array = new Uint8Array(0);
  private doubles: DataView = new DataView(new ArrayBuffer(0));

  constructor(private readonly columns: PushColumns) {}

  /** A push begins. */
  open(body: Uint8Array): void {
    this.fieldCount = 0;
    this.bucketCount = 0;
    this.floatCount = 0;
    this.body = body;
    this.doubles = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  countField(count = 1): void {
    this.fieldCount += count;
    this.columns.note("maxSeries", this.fieldCount / MOST_FIELDS);
  }

  flag(metric: number, flags: number): void {
    this.columns.metrics.flag(metric, flags);
  }

  /** Begins with the value message of a metric, at body[start, end); its fields have been checked. */
  begin(metric: number, type: MetricType, schema: MessageSchema, start: number, end: number): void {
    this.metric = metric;
    this.type = type;
    this.schema = schema;
    this.inner.open(this.body, start, end);
    this.inPoint = false;
  }

  /** Goes on with it up to `pauseAt`; false: there is more of it. */
  readOn(pauseAt: number): boolean {
    const { inner, point, columns } = this;
    while (columns.excess === null) {
      if (this.inPoint) {
        if (!this.readPointOn(pauseAt)) return false;
        this.inPoint = false;
      } else {
        if (inner.next >= pauseAt) return false;
        if (!inner.step()) return true;
        this.readField(this.metric, this.type);
        if (this.inPoint) point.open(this.body, inner.start, inner.end);
      }
    }
    return true;
  }

  /** Up to where it has read. */
  get at(): number {
    return this.inPoint ? this.point.next : this.inner.next;
  }

  private readField(metric: number, type: MetricType): void {
    const { inner, schema } = this;
    if (schema === null || !isKnownField(schema, inner)) this.flag(metric, NEEDS_LOOK);
    else if (type === MetricType.summary) this.readSummaryField(metric);
    else if (type >= MetricType.histogram) this.readHistogramField(metric);
    else if (inner.field === 1) this.addPlainValue(metric, inner.start);
    else this.flag(metric, NEEDS_LOOK);
  }

  private double(cursor: FieldCursor): number {
    return this.doubles.getFloat64(cursor.start, true);
  }

  /** The number at body[at] is the value of a metric of a plain type. */
  addPlainValue(metric: number, at: number): void {
    const value = this.doubles.getFloat64(at, true);
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
    const { inner } = this;
    if (inner.field === 1) this.setCount(metric, wholeNumber(inner));
    else if (inner.field === 2) this.setSum(metric);
    else if (inner.field === 3) this.beginPoint();
    else this.flag(metric, NEEDS_LOOK);
  }

  private readHistogramField(metric: number): void {
    const { inner } = this;
    if (inner.field === 2) return this.setSum(metric);
    if (inner.field === 3) return this.beginPoint();
    if (inner.field === 1) return this.setCount(metric, wholeNumber(inner));
    this.flag(metric, NEEDS_LOOK);
    if (inner.field === 4) this.floatCount = this.double(inner);
    const isPacked = inner.wire === WIRE_BYTES && inner.field !== 9 && inner.field !== 12;
    if (inner.field >= 9 && inner.field <= 14 && !isPacked) this.countBuckets(1);
  }

  /** Spans, deltas and counts of a native histogram. */
  countBuckets(count: number): void {
    this.bucketCount += count;
    this.columns.note("maxSeries", this.bucketCount);
  }

  /** A quantile or a bucket begins. */
  private beginPoint(): void {
    this.inPoint = true;
    this.bound = 0;
    this.pointValue = 0;
    this.pointCount = 0;
    this.seen = 0;
  }

  /** Its fields, up to `pauseAt`; false: there are more. */
  private readPointOn(pauseAt: number): boolean {
    const { point, type } = this;
    const isBucket = type !== MetricType.summary;
    const boundField = isBucket ? 2 : 1;
    const valueField = isBucket ? 4 : 2;
    let { seen } = this;
    while (point.next < pauseAt && point.step()) {
      const { field, wire } = point;
      if (isBucket && wire === WIRE_VARINT && field === 1) this.pointCount = wholeNumber(point);
      else if (wire === WIRE_FIXED64 && field === boundField) this.bound = this.double(point);
      else if (wire === WIRE_FIXED64 && field === valueField) this.pointValue = this.double(point);
      const isExpected = wire === (isBucket && field === 1 ? WIRE_VARINT : WIRE_FIXED64);
      seen = seen * 4 + (isExpected ? Math.min(field, 3) : 3);
    }
    this.seen = seen;
    if (point.next >= pauseAt) return false;
    if (isBucket) this.addBucket(this.metric);
    else this.addQuantile(this.metric);
    return true;
  }

  private addQuantile(metric: number): void {
    const { bound, pointValue } = this;
    if (!isPair(this.seen)) this.flag(metric, NEEDS_LOOK);
    else if (Object.is(pointValue, -0) || Object.is(bound, -0)) this.flag(metric, NEEDS_SIDE);
    this.columns.linkPoint(metric, this.columns.samples.add(bound, pointValue, 0, 0));
  }

  private addBucket(metric: number): void {
    const { bound, pointValue, pointCount } = this;
    if (!isPair(this.seen)) this.flag(metric, NEEDS_LOOK);
    else if (pointCount >= EXACT_COUNTS || Object.is(bound, -0)) this.flag(metric, NEEDS_SIDE);
    if (bound === Infinity) this.flag(metric, HAS_INFINITY);
    const value = pointValue !== 0 ? pointValue : pointCount;
    this.columns.linkPoint(metric, this.columns.samples.add(bound, value, 0, 0));
  }

  /** Decides whether exposition lines will say all there is to say of the metric. */
  finish(metric: number, type: MetricType): void {
    const { floatCount } = this;
    this.floatCount = 0;
    const { metrics } = this.columns;
    if (type < MetricType.histogram && type !== MetricType.summary) {
      if (metrics.firstPoint(metric) < 0) this.flag(metric, NEEDS_SIDE);
      return;
    }
    // Of a whole and a fractional count the fractional one is printed, but where it is 0.
    if (floatCount !== 0) this.setCount(metric, floatCount);
    const isWhole = metrics.sumSample(metric) >= 0 && metrics.countSample(metric) >= 0;
    const hasAll = type === MetricType.summary || metrics.has(metric, HAS_INFINITY);
    if (!isWhole || !hasAll) this.flag(metric, NEEDS_SIDE);
  }
}

/** Whether the fields seen in a quantile or bucket are 1 and 2, once each, in either order. */
const isPair = (seen: number): boolean => seen === 6 || seen === 9;

/** A varint as a double. */
const wholeNumber = (record: FieldCursor): number =>
  record.value <= Number.MAX_SAFE_INTEGER ? record.value : Number(record.uint64());
