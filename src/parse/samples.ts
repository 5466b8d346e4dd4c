import {
  FAMILY_LAST,
  FAMILY_STRIDE,
  FAMILY_TYPE,
  METRIC_COUNT,
  METRIC_FLAGS,
  METRIC_FLOAT_COUNTS,
  METRIC_HAS_VALUE,
  METRIC_NEEDS_SIDE,
  METRIC_STRIDE,
  METRIC_SUM,
  type PushColumns,
} from "../model/columns.ts";
import { MetricType } from "../model/metric-type.ts";
import { canonicalSize, goUint64, parseGoFloat, plainInteger } from "./number.ts";
import { SeriesTable, sameLabelSet } from "./series-table.ts";

/** The part of a summary or histogram that a line's metric name asks for. */
export const Part = { plain: 0, count: 1, sum: 2 } as const;
export type Part = (typeof Part)[keyof typeof Part];

/** Counts from here on are not all exact in a double. */
const EXACT_COUNTS = 2 ** 53;

/** Why a value is refused: no float; a negative count; a negative bucket. */
export type ValueError = "float" | "count" | "bucket";

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

  constructor(private readonly columns: PushColumns) {}

  begin(): void {
    this.series.reset();
    this.hasComposites = false;
  }

  /** A line of a family of this type begins. */
  beginSample(type: MetricType): void {
    this.type = type;
    this.bound = Number.NaN;
  }

  private get isHistogram(): boolean {
    return this.type === MetricType.histogram || this.type === MetricType.gaugeHistogram;
  }

  /**
   * Whether a label tells the bound of a quantile or bucket in this line's family, and so is no label of the metric.
   */
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
    const last = columns.families[family * FAMILY_STRIDE + FAMILY_LAST] as number;
    const isLast = last >= 0 && sameLabelSet(columns, last, firstLabel, columns.labelCount - firstLabel);
    const known = isLast ? last : this.series.find(columns, family, firstLabel);
    if (known >= 0) {
      columns.labelCount = firstLabel;
      return known;
    }
    const metric = columns.addMetric(firstLabel);
    columns.linkMetric(family, metric);
    this.series.add(columns, family, metric);
    return metric;
  }

  /** Gives the metric the value that stands at body[start, end). */
  addValue(metric: number, part: Part, start: number, end: number): ValueError | null {
    if (this.type === MetricType.summary) return this.addSummaryValue(metric, part, start, end);
    if (this.isHistogram) return this.addHistogramValue(metric, part, start, end);
    const sample = this.addFloat(metric, Number.NaN, start, end);
    if (sample < 0) return "float";
    this.columns.linkPoint(metric, sample);
    const flags = metric * METRIC_STRIDE + METRIC_FLAGS;
    this.columns.metrics[flags] = (this.columns.metrics[flags] as number) | (METRIC_HAS_VALUE << this.type);
    return null;
  }

  /** A sample row for the float at body[start, end), or -1. */
  private addFloat(metric: number, bound: number, start: number, end: number): number {
    const { columns } = this;
    const canonical = canonicalSize(columns.body, start, end);
    if (canonical > 0) return columns.addSample(bound, 0, start, canonical);
    const value = this.readFloat(start, end);
    if (value === undefined) return -1;
    // Text prints -0 as 0; the other formats keep the sign.
    if (Object.is(value, -0)) this.flag(metric, METRIC_NEEDS_SIDE);
    return columns.addSample(bound, value, 0, 0);
  }

  private readFloat(start: number, end: number): number | undefined {
    const integer = plainInteger(this.columns.body, start, end);
    return Number.isNaN(integer) ? parseGoFloat(this.columns.latin1(start, end - start)) : integer;
  }

  private flag(metric: number, flag: number): void {
    const at = metric * METRIC_STRIDE + METRIC_FLAGS;
    this.columns.metrics[at] = (this.columns.metrics[at] as number) | flag;
  }

  private addSummaryValue(metric: number, part: Part, start: number, end: number): ValueError | null {
    const { columns } = this;
    const row = metric * METRIC_STRIDE;
    if (part === Part.count) {
      const value = this.readFloat(start, end);
      if (value === undefined) return "float";
      columns.metrics[row + METRIC_COUNT] = columns.addSample(Number.NaN, goUint64(value), 0, 0);
      return null;
    }
    const sample = this.addFloat(metric, this.bound, start, end);
    if (sample < 0) return "float";
    if (part === Part.sum) columns.metrics[row + METRIC_SUM] = sample;
    else if (!Number.isNaN(this.bound)) columns.linkPoint(metric, sample);
    return null;
  }

  private addHistogramValue(metric: number, part: Part, start: number, end: number): ValueError | null {
    const { columns } = this;
    const row = metric * METRIC_STRIDE;
    if (part === Part.sum) {
      const sample = this.addFloat(metric, Number.NaN, start, end);
      if (sample >= 0) columns.metrics[row + METRIC_SUM] = sample;
      return sample < 0 ? "float" : null;
    }
    const value = this.readFloat(start, end);
    if (value === undefined) return "float";
    if (part === Part.plain && Number.isNaN(this.bound)) return null;
    const whole = Number.isInteger(value) && value >= 0 && value < 2 ** 64;
    if (!whole && value < 0) return part === Part.count ? "count" : "bucket";
    if (!whole) this.flag(metric, METRIC_FLOAT_COUNTS);
    if (value >= EXACT_COUNTS) this.flag(metric, METRIC_NEEDS_SIDE);
    const sample = columns.addSample(this.bound, value, 0, 0);
    if (part === Part.count) columns.metrics[row + METRIC_COUNT] = sample;
    else columns.linkPoint(metric, sample);
    return null;
  }

  /** After the last line: finds the summaries and histograms that the exposition lines alone do not describe wholly. */
  finish(): void {
    if (!this.hasComposites) return;
    const { families } = this.columns;
    for (let family = 0; family < this.columns.familyCount; family++) {
      const type = families[family * FAMILY_STRIDE + FAMILY_TYPE] as number;
      if (type !== MetricType.summary && type !== MetricType.histogram && type !== MetricType.gaugeHistogram) continue;
      this.columns.eachMetric(family, (metric) => this.finishComposite(metric, type));
    }
  }

  private finishComposite(metric: number, type: MetricType): void {
    const row = metric * METRIC_STRIDE;
    const rows = this.columns.metrics;
    const flags = (rows[row + METRIC_FLAGS] as number) | (METRIC_HAS_VALUE << type);
    const isWhole =
      (rows[row + METRIC_SUM] as number) >= 0 &&
      (rows[row + METRIC_COUNT] as number) >= 0 &&
      (flags & METRIC_FLOAT_COUNTS) === 0 &&
      (type === MetricType.summary ? this.hasExactCount(metric) : this.columns.hasInfinityPoint(metric));
    rows[row + METRIC_FLAGS] = isWhole ? flags : flags | METRIC_NEEDS_SIDE;
  }

  private hasExactCount(metric: number): boolean {
    const count = this.columns.metrics[metric * METRIC_STRIDE + METRIC_COUNT] as number;
    return (this.columns.numbers[count * 2 + 1] as number) < EXACT_COUNTS;
  }
}
