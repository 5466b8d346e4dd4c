import { intAt } from "../bytes/at.ts";
import type { MetricType } from "./metric-type.ts";
import { Rows } from "./rows.ts";

const NEXT = 0;
const LABELS = 1;
const LABEL_COUNT = 2;
const FIRST = 3;
const LAST = 4;
const SUM = 5;
const COUNT = 6;
const FLAGS = 7;
const MESSAGE_AT = 8;
const MESSAGE_SIZE = 9;
const STRIDE = 10;

/** A flag of metrics: the exposition lines alone do not say all that was pushed, keep the protobuf form beside them. */
export const NEEDS_SIDE = 1;
/** The counts of the histogram are fractions. */
export const HAS_FLOAT_COUNTS = 2;
/** Its message has more than the fields of a classic metric: native ones, exemplars, unknown ones. */
export const IS_ODD = 4;
/** It has a bucket for +Inf. */
export const HAS_INFINITY = 1 << 16;
/** Where it is added to what its group holds: it is added, or takes the place of the series, or of its family. */
export const ADDS = 1 << 17;
export const REPLACES = 1 << 18;
export const CLEARS = 1 << 19;
/** It has a value of a type: one bit a MetricType from this bit on. */
const HAS_VALUE = 8;

/** The flag of a metric that has a value of a type. */
export const hasValueOf = (type: MetricType): number => HAS_VALUE << type;

/** The metrics of a push; see PushColumns. */
export class MetricRows extends Rows {
  constructor(mostSeries: number, whenFull: () => void) {
    super(STRIDE, Math.min(64, mostSeries), mostSeries, whenFull);
  }

  /** A metric without points, of no family yet, whose labels are `labelCount` rows from `firstLabel` on. */
  add(firstLabel: number, labelCount: number): number {
    const at = this.count++ * STRIDE;
    if (at + STRIDE > this.rows.length) this.grow();
    const { rows } = this;
    rows[at + NEXT] = -1;
    rows[at + LABELS] = firstLabel;
    rows[at + LABEL_COUNT] = labelCount;
    rows[at + FIRST] = -1;
    rows[at + LAST] = -1;
    rows[at + SUM] = -1;
    rows[at + COUNT] = -1;
    rows[at + FLAGS] = 0;
    rows[at + MESSAGE_AT] = 0;
    rows[at + MESSAGE_SIZE] = -1;
    return this.count - 1;
  }

  /** The next metric of the family, or -1. */
  next(metric: number): number {
    return intAt(this.rows, metric * STRIDE + NEXT);
  }

  setNext(metric: number, next: number): void {
    this.rows[metric * STRIDE + NEXT] = next;
  }

  firstLabel(metric: number): number {
    return intAt(this.rows, metric * STRIDE + LABELS);
  }

  labelCount(metric: number): number {
    return intAt(this.rows, metric * STRIDE + LABEL_COUNT);
  }

  /** It has one label less: the last of its rows is no longer its own. */
  dropLastLabel(metric: number): void {
    this.rows[metric * STRIDE + LABEL_COUNT] = this.labelCount(metric) - 1;
  }

  /** The first point (the value, or a quantile or bucket), or -1; the others follow by SampleRows.next. */
  firstPoint(metric: number): number {
    return intAt(this.rows, metric * STRIDE + FIRST);
  }

  lastPoint(metric: number): number {
    return intAt(this.rows, metric * STRIDE + LAST);
  }

  /** Notes a point as the last one. */
  addPoint(metric: number, sample: number): void {
    const at = metric * STRIDE;
    if (intAt(this.rows, at + LAST) < 0) this.rows[at + FIRST] = sample;
    this.rows[at + LAST] = sample;
  }

  /** Makes a sample the only point. */
  setPoint(metric: number, sample: number): void {
    this.rows[metric * STRIDE + FIRST] = sample;
    this.rows[metric * STRIDE + LAST] = sample;
  }

  /** The sample of the sum, or -1. */
  sumSample(metric: number): number {
    return intAt(this.rows, metric * STRIDE + SUM);
  }

  setSumSample(metric: number, sample: number): void {
    this.rows[metric * STRIDE + SUM] = sample;
  }

  /** The sample of the count, or -1. */
  countSample(metric: number): number {
    return intAt(this.rows, metric * STRIDE + COUNT);
  }

  setCountSample(metric: number, sample: number): void {
    this.rows[metric * STRIDE + COUNT] = sample;
  }

  /** Whether it has one of these flags. */
  has(metric: number, flags: number): boolean {
    return (intAt(this.rows, metric * STRIDE + FLAGS) & flags) !== 0;
  }

  flag(metric: number, flags: number): void {
    const at = metric * STRIDE + FLAGS;
    this.rows[at] = intAt(this.rows, at) | flags;
  }

  /** Where the Metric message that it came in is in `body`, labels and all. */
  messageAt(metric: number): number {
    return intAt(this.rows, metric * STRIDE + MESSAGE_AT);
  }

  /** -1 where it came as text. */
  messageSize(metric: number): number {
    return intAt(this.rows, metric * STRIDE + MESSAGE_SIZE);
  }

  setMessage(metric: number, at: number, size: number): void {
    this.rows[metric * STRIDE + MESSAGE_AT] = at;
    this.rows[metric * STRIDE + MESSAGE_SIZE] = size;
  }
}
