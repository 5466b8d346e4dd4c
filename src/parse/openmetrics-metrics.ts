import { MINUS } from "../bytes/characters.ts";
import type { PushColumns } from "../model/columns.ts";
import { HAS_INFINITY, hasValueOf, NEEDS_SIDE } from "../model/metric-rows.ts";
import { isComposite, MetricType } from "../model/metric-type.ts";
import { quoteToken } from "../model/quote.ts";
import { INFO, NO_NOTE } from "../model/type-note.ts";
import { addFloatValue, readFloatValue } from "./float-value.ts";
import type { OpenMetricsFamily } from "./openmetrics-family.ts";
import { Role } from "./openmetrics-kinds.ts";
import { EXACT_COUNTS, LEAST_LINE_BYTES, MOVED_A_STEP } from "./samples.ts";
import { SeriesTable, sameLabelSet } from "./series-table.ts";
import { StateGroups } from "./state-groups.ts";

const UPPER_N = 0x4e;
/** What was seen of the metric at hand. */
const HAS_SUM = 1;
const HAS_COUNT = 2;
const HAS_CREATED = 4;
const HAS_POINT = 8;
const HAS_NEGATIVE_BOUND = 16;
const HAS_NEGATIVE_SUM = 32;

/**
 * Puts the samples of OpenMetrics together to metrics: the lines of a counter, summary or histogram that have the same
 * labels follow each other. Methods return what is wrong, or null.
 */
export class OpenMetricsMetrics {
  /** The `quantile` or `le` of the line being read; NaN where it has none. */
  bound = Number.NaN;
  /** The label row that is the state of the line being read; -1: it has none. */
  stateLabel = -1;
  /** The sample that the newest value made, and its metric. */
  sample = -1;
  metric = -1;
  private readonly series = new SeriesTable();
  private readonly states = new StateGroups();
  private seen = 0;
  private lastBound = -Infinity;
  private lastCount = 0;
  private count = 0;

  constructor(
    private readonly columns: PushColumns,
    private readonly family: OpenMetricsFamily,
  ) {}

  begin(): void {
    this.series.clear();
    this.metric = -1;
    this.states.begin();
    this.states.lookups = 0;
  }

  /** Look-ups in tables that are made part by part, since the push began. */
  get lookups(): number {
    return this.states.lookups;
  }

  /** No further line is about the family. */
  endFamily(): void {
    this.states.begin();
  }

  /** Whether the lines of the family make metrics of several samples. */
  private get isGathered(): boolean {
    const { type } = this.family.kind;
    return type === MetricType.counter || isComposite(type);
  }

  beginSample(): void {
    this.bound = Number.NaN;
    this.stateLabel = -1;
  }

  /** Whether a line with the labels from `firstLabel` on ends the metric before it. */
  isOther(firstLabel: number): boolean {
    const { columns, metric } = this;
    if (metric < 0) return false;
    const { kind, role } = this.family;
    // A series that comes twice is found by whoever stores it.
    if (kind.type === MetricType.counter && role === Role.value && (this.seen & HAS_POINT) !== 0) return true;
    return !this.isGathered || !sameLabelSet(columns, metric, firstLabel, columns.labels.count - firstLabel);
  }

  /** Enters the metric of a line; its labels are the rows from `firstLabel` to the newest. */
  enter(firstLabel: number): string | null {
    const { columns, family, series } = this;
    if (this.metric >= 0 && this.isGathered) {
      columns.labels.dropFrom(firstLabel);
      return null;
    }
    const isInTable = isComposite(family.kind.type);
    if (isInTable && series.find(columns, family.row, firstLabel) >= 0)
      return `expected the lines of a metric of ${family.quotedName} together`;
    if (this.stateLabel >= 0 && this.states.isApart(columns, firstLabel, this.stateLabel))
      return `expected the states of a metric of ${family.quotedName} together`;
    this.metric = columns.addMetric(firstLabel);
    columns.linkMetric(family.row, this.metric);
    columns.metrics.flag(this.metric, hasValueOf(family.kind.type));
    if (isInTable) series.add(columns, family.row, this.metric);
    this.seen = 0;
    this.lastBound = -Infinity;
    this.lastCount = 0;
    return null;
  }

  /** Takes the value at body[start, end) for the metric that was entered. */
  addValue(start: number, end: number): string | null {
    const { columns, family } = this;
    const { kind, role } = family;
    const wrong = this.addTo(kind.type, kind.note, role, start, end);
    if (wrong === null) return null;
    return `${wrong}, got ${quoteToken(columns.body.subarray(start, end))}`;
  }

  private addTo(type: MetricType, note: number, role: Role, start: number, end: number): string | null {
    if (role === Role.created) return this.addCreated(start, end);
    if (role === Role.sum) return this.addSum(start, end);
    if (role === Role.count) return this.addCount(start, end);
    if (role === Role.bucket) return this.addBucket(start, end);
    if (type === MetricType.summary) return this.addQuantile(start, end);
    if (note !== NO_NOTE) return this.addState(note, start, end);
    if (type === MetricType.counter && this.isBelowZero(start, end)) return "expected a total that is a number from 0";
    return this.addPoint(Number.NaN, start, end);
  }

  private addPoint(bound: number, start: number, end: number): string | null {
    const { columns, metric } = this;
    this.sample = addFloatValue(columns, metric, bound, start, end);
    if (this.sample < 0) return "expected float as value";
    this.seen |= HAS_POINT;
    columns.linkPoint(metric, this.sample);
    return null;
  }

  /** Whether the token of a value is below zero, or not a number; false of what is no float at all. */
  private isBelowZero(start: number, end: number): boolean {
    const first = this.columns.body[start];
    if (first !== MINUS && first !== UPPER_N && first !== 0x6e) return false;
    const value = readFloatValue(this.columns, start, end);
    return value !== undefined && !(value >= 0);
  }

  private addState(note: number, start: number, end: number): string | null {
    const value = readFloatValue(this.columns, start, end);
    if (note === INFO && value !== 1) return "expected 1 as the value of an info";
    if (note !== INFO && this.stateLabel < 0) return `expected the label ${this.family.quotedName} of a stateset`;
    if (note !== INFO && value !== 0 && value !== 1) return "expected 0 or 1 as the value of a state";
    return this.addPoint(Number.NaN, start, end);
  }

  private addQuantile(start: number, end: number): string | null {
    if (!(this.bound >= 0 && this.bound <= 1)) return "expected the label quantile, from 0 to 1";
    const value = readFloatValue(this.columns, start, end);
    return value !== undefined && value < 0 ? "expected no negative quantile" : this.addPoint(this.bound, start, end);
  }

  private addBucket(start: number, end: number): string | null {
    const { bound, columns, metric } = this;
    if (Number.isNaN(bound)) return "expected the label le";
    if (bound <= this.lastBound && (this.seen & HAS_POINT) !== 0) return "expected buckets with rising le";
    const count = readFloatValue(columns, start, end);
    if (!isCount(count)) return "expected a whole number as the count of a bucket";
    if (count < this.lastCount) return "expected as much in a bucket as in the one before it";
    if (bound < 0) this.seen |= HAS_NEGATIVE_BOUND;
    if (bound === Infinity) columns.metrics.flag(metric, HAS_INFINITY);
    this.lastBound = bound;
    this.lastCount = count;
    this.seen |= HAS_POINT;
    this.sample = this.addWhole(bound, count);
    columns.linkPoint(metric, this.sample);
    return null;
  }

  private addWhole(bound: number, count: number): number {
    const { columns, metric } = this;
    if (count >= EXACT_COUNTS) columns.metrics.flag(metric, NEEDS_SIDE);
    return columns.samples.add(bound, count, 0, 0);
  }

  private addCount(start: number, end: number): string | null {
    const { columns, metric } = this;
    if ((this.seen & HAS_COUNT) !== 0) return "expected one count of a metric";
    const count = readFloatValue(columns, start, end);
    if (!isCount(count)) return "expected a whole number as the count";
    this.seen |= HAS_COUNT;
    this.count = count;
    columns.metrics.setCountSample(metric, this.addWhole(Number.NaN, count));
    return null;
  }

  private addSum(start: number, end: number): string | null {
    const { columns, family, metric } = this;
    if ((this.seen & HAS_SUM) !== 0) return "expected one sum of a metric";
    const value = readFloatValue(columns, start, end);
    if (value !== undefined && !(value >= 0)) {
      if (Number.isNaN(value) || family.kind.type !== MetricType.gaugeHistogram)
        return "expected a sum that is a number from 0";
      this.seen |= HAS_NEGATIVE_SUM;
    }
    this.seen |= HAS_SUM;
    const sample = addFloatValue(columns, metric, Number.NaN, start, end);
    if (sample < 0) return "expected float as value";
    columns.metrics.setSumSample(metric, sample);
    return null;
  }

  private addCreated(start: number, end: number): string | null {
    if ((this.seen & HAS_CREATED) !== 0) return "expected one time of creation of a metric";
    const value = readFloatValue(this.columns, start, end);
    if (value === undefined || !Number.isFinite(value)) return "expected a finite number as time of creation";
    this.seen |= HAS_CREATED;
    return null;
  }

  /** The metric has no further lines: what it lacks, or null. */
  finish(): string | null {
    const { columns, family, metric } = this;
    if (metric < 0 || !this.isGathered) {
      this.metric = -1;
      return null;
    }
    const { kind } = family;
    this.metric = -1;
    if (kind.type === MetricType.counter) {
      if ((this.seen & HAS_POINT) === 0) return `expected a sample ${family.quotedName} with _total`;
      return null;
    }
    const wrong = kind.type === MetricType.summary ? null : this.findMissing();
    const whole = HAS_SUM | HAS_COUNT;
    if ((this.seen & whole) !== whole) columns.metrics.flag(metric, NEEDS_SIDE);
    return wrong === null ? null : `${wrong} of ${family.quotedName}`;
  }

  /** What a histogram lacks, or has too much. */
  private findMissing(): string | null {
    const { seen } = this;
    const has = (flag: number): boolean => (seen & flag) !== 0;
    if (!has(HAS_POINT) || this.lastBound !== Infinity) return 'expected a bucket with le="+Inf"';
    if (has(HAS_COUNT) && this.count !== this.lastCount) return "expected the count of the bucket +Inf as the count";
    if (has(HAS_SUM) !== has(HAS_COUNT)) return "expected both a sum and a count, or neither,";
    const isGauge = this.family.kind.type === MetricType.gaugeHistogram;
    if (!isGauge && has(HAS_SUM) && has(HAS_NEGATIVE_BOUND)) return "expected no sum beside negative buckets";
    if (has(HAS_NEGATIVE_SUM) && !has(HAS_NEGATIVE_BOUND)) return "expected no negative sum without negative buckets";
    return null;
  }

  /** Makes room for the lines that so many more bytes of a body can bring, some at a time; false: ask again. */
  reserveOn(bodyBytes: number): boolean {
    return bodyBytes === Infinity || this.series.reserveOn(bodyBytes / LEAST_LINE_BYTES, MOVED_A_STEP);
  }
}

const isCount = (value: number | undefined): value is number =>
  value !== undefined && Number.isInteger(value) && value >= 0;
