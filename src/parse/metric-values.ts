import type { PushColumns } from "../model/columns.ts";

import { IS_ODD, NEEDS_SIDE } from "../model/metric-rows.ts";
import { MetricType } from "../model/metric-type.ts";
import { countVarints } from "../protobuf/count-fields.ts";
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
  private body: Uint8Array = new Uint8Array(0);
  private doubles: DataView = new DataView(new ArrayBuffer(0));

  constructor(private readonly columns: PushColumns) {}

  /** A push begins. */
  begin(body: Uint8Array): void {
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

  /** Reads the value message of a metric, at body[start, end); its fields have been checked. */
  read(metric: number, type: MetricType, schema: MessageSchema, start: number, end: number): void {
    const { inner } = this;
    inner.open(this.body, start, end);
    while (this.columns.excess === null && inner.step()) {
      if (!isKnownField(schema, inner)) this.flag(metric, NEEDS_LOOK);
      else if (type === MetricType.summary) this.readSummaryField(metric);
      else if (type >= MetricType.histogram) this.readHistogramField(metric);
      else if (inner.field === 1) this.addPlainValue(metric);
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
    if (inner.field === 1) return this.setCount(metric, wholeNumber(inner));
    if (inner.field === 2) return this.setSum(metric);
    if (inner.field !== 3) return this.flag(metric, NEEDS_LOOK);
    let bound = 0;
    let value = 0;
    let seen = 0;
    point.open(this.body, inner.start, inner.end);
    while (point.step()) {
      if (point.wire === WIRE_FIXED64 && point.field === 1) bound = this.double(point);
      else if (point.wire === WIRE_FIXED64 && point.field === 2) value = this.double(point);
      seen = seen * 4 + (point.wire === WIRE_FIXED64 ? Math.min(point.field, 3) : 3);
    }
    if (!isPair(seen)) this.flag(metric, NEEDS_LOOK);
    else if (Object.is(value, -0) || Object.is(bound, -0)) this.flag(metric, NEEDS_SIDE);
    this.columns.linkPoint(metric, this.columns.samples.add(bound, value, 0, 0));
  }

  private readHistogramField(metric: number): void {
    const { inner } = this;
    if (inner.field === 2) return this.setSum(metric);
    if (inner.field === 3) return this.readBucket(metric);
    if (inner.field === 1) return this.setCount(metric, wholeNumber(inner));
    this.flag(metric, NEEDS_LOOK);
    if (inner.field === 4) this.floatCount = this.double(inner);
    if (inner.field >= 9 && inner.field <= 14) this.countBuckets();
  }

  /** Spans, deltas and counts of a native histogram. */
  private countBuckets(): void {
    const { inner } = this;
    const isPacked = inner.wire === WIRE_BYTES && inner.field !== 9 && inner.field !== 12;
    const isDelta = inner.field === 10 || inner.field === 13;
    if (!isPacked) this.bucketCount++;
    else if (isDelta) this.bucketCount += countVarints(this.body, inner.start, inner.end);
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
      if (point.wire === WIRE_VARINT && point.field === 1) count = wholeNumber(point);
      else if (point.wire === WIRE_FIXED64 && point.field === 2) bound = this.double(point);
      else if (point.wire === WIRE_FIXED64 && point.field === 4) floatCount = this.double(point);
      seen =
        seen * 4 + (point.wire === (point.field === 1 ? WIRE_VARINT : WIRE_FIXED64) ? Math.min(point.field, 3) : 3);
    }
    if (!isPair(seen)) this.flag(metric, NEEDS_LOOK);
    else if (count >= EXACT_COUNTS || Object.is(bound, -0)) this.flag(metric, NEEDS_SIDE);
    const value = floatCount !== 0 ? floatCount : count;
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
    const hasAll = type === MetricType.summary || this.columns.hasInfinityPoint(metric);
    if (!isWhole || !hasAll) this.flag(metric, NEEDS_SIDE);
  }
}

/** Whether the fields seen in a quantile or bucket are 1 and 2, once each, in either order. */
const isPair = (seen: number): boolean => seen === 6 || seen === 9;

/** A varint as a double. */
const wholeNumber = (record: FieldCursor): number =>
  record.value <= Number.MAX_SAFE_INTEGER ? record.value : Number(record.uint64());
