import type { PushColumns } from "../model/columns.ts";
import { HAS_FLOAT_COUNTS, HAS_INFINITY, hasValueOf, NEEDS_SIDE } from "../model/metric-rows.ts";
import { isComposite, MetricType } from "../model/metric-type.ts";
import { quoteToken } from "../model/quote.ts";
import { addFloatValue, readFloatValue } from "./float-value.ts";
import { goUint64 } from "./number.ts";
import { SeriesTable, sameLabelSet } from "./series-table.ts";

/** The part of a summary or histogram that a line's metric name asks for. */
export const Part = { plain: 0, count: 1, sum: 2 } as const;
export type Part = (typeof Part)[keyof typeof Part];

/** No line of a sample is shorter. */
export const LEAST_LINE_BYTES = 4;
/** Series that are put into other slots at a time, where the table of them grows. */
export const MOVED_A_STEP = 4096;

/** Counts from here on are not all exact in a double. */
export const EXACT_COUNTS = 2 ** 53;

/** Why a value is refused: no float; a negative count; a negative bucket. */
export type ValueError = "float" | "count" | "bucket";

/** The error for a value of a family whose name is quoted here. */
export function valueError(error: ValueError, value: Uint8Array, quotedName: string): string {
  if (error === "float") return `expected float as value, got ${quoteToken(value)}`;
  if (error === "count") return `negative count for histogram ${quotedName}`;
  return `negative bucket population for histogram ${quotedName}`;
}

/**
 * Puts the samples of the text format together to metrics: a gauge, counter or untyped line is a metric of its own;
 * lines of a summary or histogram that share their labels (but `quantile` or `le`) are one.
 */
export class SampleAssembler {
  /** The `quantile` or `le` of the line being read; NaN where it has none. */
  bound = Number.NaN;
  private type: MetricType = MetricType.untyped;
  private readonly series = new SeriesTable();
  /** Whether each histogram seen may hold fractional counts; checked at the end. */
  private hasComposites = false;
  /** What is finished next, at the end. */
  private family = -1;
  private metric = -1;

  constructor(private readonly columns: PushColumns) {}

  begin(): void {
    this.series.clear();
    this.hasComposites = false;
    this.family = -1;
    this.metric = -1;
  }

  /** A line of a family of this type begins. */
  beginSample(type: MetricType): void {
    this.type = type;
    this.bound = Number.NaN;
  }

  private get isHistogram(): boolean {
    return this.type === MetricType.histogram || this.type === MetricType.gaugeHistogram;
  }

  /** Whether a label is the bound of a quantile or bucket in this line's family, and so not a label of the metric. */
  isBoundLabel(nameAt: number, nameSize: number): boolean {
    if (this.type === MetricType.summary) return nameSize === 8 && this.columns.latin1(nameAt, nameSize) === "quantile";
    return nameSize === 2 && this.isHistogram && this.columns.latin1(nameAt, nameSize) === "le";
  }

  /** The metric that the line belongs to; its labels are the rows from `firstLabel` to the newest. */
  enterMetric(family: number, firstLabel: number): number {
    if (this.type === MetricType.summary || this.isHistogram) return this.enterComposite(family, firstLabel);
    const metric = this.columns.addMetric(firstLabel);
    this.columns.linkMetric(family, metric);
    return metric;
  }

  private enterComposite(family: number, firstLabel: number): number {
    const { columns } = this;
    this.hasComposites = true;
    const last = columns.families.lastMetric(family);
    const isLast = last >= 0 && sameLabelSet(columns, last, firstLabel, columns.labels.count - firstLabel);
    const known = isLast ? last : this.series.find(columns, family, firstLabel);
    if (known >= 0) {
      columns.labels.dropFrom(firstLabel);
      return known;
    }
    const metric = columns.addMetric(firstLabel);
    columns.linkMetric(family, metric);
    this.series.add(columns, family, metric);
    return metric;
  }

  /** Sets the metric's value to the one at body[start, end). */
  addValue(metric: number, part: Part, start: number, end: number): ValueError | null {
    if (this.type === MetricType.summary) return this.addSummaryValue(metric, part, start, end);
    if (this.isHistogram) return this.addHistogramValue(metric, part, start, end);
    const sample = addFloatValue(this.columns, metric, Number.NaN, start, end);
    if (sample < 0) return "float";
    this.columns.linkPoint(metric, sample);
    this.columns.metrics.flag(metric, hasValueOf(this.type));
    return null;
  }

  private addSummaryValue(metric: number, part: Part, start: number, end: number): ValueError | null {
    const { columns } = this;
    if (part === Part.count) {
      const value = readFloatValue(this.columns, start, end);
      if (value === undefined) return "float";
      columns.metrics.setCountSample(metric, columns.samples.add(Number.NaN, goUint64(value), 0, 0));
      return null;
    }
    const sample = addFloatValue(this.columns, metric, this.bound, start, end);
    if (sample < 0) return "float";
    if (part === Part.sum) columns.metrics.setSumSample(metric, sample);
    else if (!Number.isNaN(this.bound)) columns.linkPoint(metric, sample);
    return null;
  }

  private addHistogramValue(metric: number, part: Part, start: number, end: number): ValueError | null {
    const { columns } = this;
    if (part === Part.sum) {
      const sample = addFloatValue(this.columns, metric, Number.NaN, start, end);
      if (sample >= 0) columns.metrics.setSumSample(metric, sample);
      return sample < 0 ? "float" : null;
    }
    const value = readFloatValue(this.columns, start, end);
    if (value === undefined) return "float";
    if (part === Part.plain && Number.isNaN(this.bound)) return null;
    const whole = Number.isInteger(value) && value >= 0 && value < 2 ** 64;
    if (!whole && value < 0) return part === Part.count ? "count" : "bucket";
    if (!whole) columns.metrics.flag(metric, HAS_FLOAT_COUNTS);
    if (value >= EXACT_COUNTS) this.columns.metrics.flag(metric, NEEDS_SIDE);
    const sample = columns.samples.add(this.bound, value, 0, 0);
    if (part === Part.count) columns.metrics.setCountSample(metric, sample);
    else {
      if (this.bound === Infinity) columns.metrics.flag(metric, HAS_INFINITY);
      columns.linkPoint(metric, sample);
    }
    return null;
  }

  /**
   * After the last line: finds the summaries and histograms that the exposition lines alone do not describe wholly, in
   * so many steps; false: there are more.
   */
  finishOn(most: number): boolean {
    if (!this.hasComposites) return true;
    const { families, metrics } = this.columns;
    for (let left = most; this.family < families.count; left--) {
      if (left <= 0) return false;
      if (this.metric >= 0) {
        this.finishComposite(this.metric, families.type(this.family));
        this.metric = metrics.next(this.metric);
      }
      if (this.metric < 0) this.nextComposites();
    }
    return true;
  }

  /** Moves on to the next family that may have composites. */
  private nextComposites(): void {
    const { families } = this.columns;
    const family = ++this.family;
    if (family < families.count && isComposite(families.type(family))) this.metric = families.firstMetric(family);
  }

  /** Makes room for the lines that so many more bytes of a body can bring, some at a time; false: ask again. */
  reserveOn(bodyBytes: number): boolean {
    return bodyBytes === Infinity || this.series.reserveOn(bodyBytes / LEAST_LINE_BYTES, MOVED_A_STEP);
  }

  private finishComposite(metric: number, type: MetricType): void {
    const { metrics } = this.columns;
    const isWhole =
      metrics.sumSample(metric) >= 0 &&
      metrics.countSample(metric) >= 0 &&
      !metrics.has(metric, HAS_FLOAT_COUNTS) &&
      (type === MetricType.summary ? this.hasExactCount(metric) : metrics.has(metric, HAS_INFINITY));
    metrics.flag(metric, hasValueOf(type) | (isWhole ? 0 : NEEDS_SIDE));
  }

  private hasExactCount(metric: number): boolean {
    const { metrics, samples } = this.columns;
    const count = samples.value(metrics.countSample(metric));
    return count >= 0 && count < EXACT_COUNTS;
  }
}
