import { MetricType } from "../model/metric-type.ts";
import {
  BUCKET_COUNT,
  BUCKET_EXEMPLAR,
  COUNTER_CREATED,
  COUNTER_EXEMPLAR,
  HISTOGRAM_BUCKET,
  HISTOGRAM_COUNT,
  HISTOGRAM_COUNT_FLOAT,
  HISTOGRAM_CREATED,
  HISTOGRAM_SUM,
  SUMMARY_CREATED,
  valueFieldOf,
} from "../protobuf/field-numbers.ts";
import { FieldCursor, WIRE_BYTES, WIRE_VARINT } from "../protobuf/wire.ts";

/** Fields that are passed in one step. */
const FIELDS_A_STEP = 1024;
/** A whole number below this is as exact in a line. */
const EXACT = Number.MAX_SAFE_INTEGER;

/** Bytes of the records; end 0: there are none. */
export interface Span {
  start: number;
  end: number;
}

/**
 * Walks the records beside lines (GroupFamily.side) metric by metric, and each metric point by point in the order of
 * its lines, for what OpenMetrics has of it. Without records nothing is found, and a sum and a count are there.
 */
export class SideWalk {
  source: Uint8Array = new Uint8Array(0);
  /** Of the metric, once `pointOn` has come to its end. */
  hasTotals = true;
  readonly created: Span = { start: 0, end: 0 };
  /** The count where a line does not say it exactly; null: it does. */
  exactCount: bigint | null = null;
  /** Of the point, or of a counter once its end was reached. */
  readonly exemplar: Span = { start: 0, end: 0 };
  exactBucket: bigint | null = null;
  private isThere = false;
  private type: MetricType = MetricType.untyped;
  private readonly records = new FieldCursor();
  private readonly metric = new FieldCursor();
  private readonly value = new FieldCursor();
  private readonly point = new FieldCursor();
  private inValue = false;

  /** Begins before the first metric of a family of this type. */
  open(side: Uint8Array | null, type: MetricType): void {
    this.isThere = side !== null;
    this.type = type;
    if (side === null) return;
    this.source = side;
    this.records.open(side, 0, side.length);
  }

  /** Moves to the next metric. */
  step(): void {
    this.hasTotals = !this.isThere;
    this.created.end = 0;
    this.exemplar.end = 0;
    this.exactCount = null;
    this.exactBucket = null;
    this.inValue = false;
    if (!this.isThere || !this.records.step()) return;
    this.metric.open(this.source, this.records.start, this.records.end);
  }

  /** Goes on to the next point of the metric, or to its end; false: it is not there yet. */
  pointOn(): boolean {
    if (!this.isThere) return true;
    if (this.type !== MetricType.counter) this.exemplar.end = 0;
    this.exactBucket = null;
    for (let left = FIELDS_A_STEP; left > 0; left--) {
      if (this.inValue) {
        this.inValue = this.value.step();
        if (this.inValue && this.takeField()) return true;
      } else {
        if (!this.metric.step()) return true;
        this.inValue = this.metric.field === valueFieldOf(this.type) && this.metric.wire === WIRE_BYTES;
        if (this.inValue) this.value.open(this.source, this.metric.start, this.metric.end);
      }
    }
    return false;
  }

  /** Takes a field of the value; true: it is a point. */
  private takeField(): boolean {
    const { value, type } = this;
    if (type === MetricType.counter) return this.takeOfCounter();
    if (type < MetricType.histogram && type !== MetricType.summary) return false;
    // The numbers of the first three fields are the same in a Summary.
    if (value.field === HISTOGRAM_BUCKET && value.wire === WIRE_BYTES) {
      if (type !== MetricType.summary) this.takeBucket();
      return true;
    }
    if (value.field === HISTOGRAM_COUNT && value.wire === WIRE_VARINT) this.exactCount = exactOf(value);
    const isTotal = value.field === HISTOGRAM_COUNT || value.field === HISTOGRAM_SUM;
    if (isTotal || (type !== MetricType.summary && value.field === HISTOGRAM_COUNT_FLOAT)) this.hasTotals = true;
    const created = type === MetricType.summary ? SUMMARY_CREATED : HISTOGRAM_CREATED;
    if (value.field === created && value.wire === WIRE_BYTES) place(this.created, value);
    return false;
  }

  private takeOfCounter(): boolean {
    const { value } = this;
    if (value.wire !== WIRE_BYTES) return false;
    if (value.field === COUNTER_EXEMPLAR) place(this.exemplar, value);
    if (value.field === COUNTER_CREATED) place(this.created, value);
    return false;
  }

  private takeBucket(): void {
    const { point, value } = this;
    point.open(this.source, value.start, value.end);
    while (point.step()) {
      if (point.field === BUCKET_COUNT && point.wire === WIRE_VARINT) this.exactBucket = exactOf(point);
      else if (point.field === BUCKET_EXEMPLAR && point.wire === WIRE_BYTES) place(this.exemplar, point);
    }
  }
}

function exactOf(cursor: FieldCursor): bigint | null {
  return cursor.value > EXACT ? cursor.uint64() : null;
}

function place(span: Span, { start, end }: FieldCursor): void {
  span.start = start;
  // An empty message is there as well.
  span.end = Math.max(end, 1);
}
