import { type Counted, tooLong, tooMany } from "./excess.ts";
import { NO_PUSH_LIMITS, type PushLimits } from "./limits.ts";
import type { MetricType } from "./metric-type.ts";
import type { Rejection } from "./rejection.ts";
import { Work } from "./work.ts";

/**
 * What a push carries, as columns of integers over the bytes that came in: the parsers fill it, the store reads it, and
 * the next push uses it again. No object a sample.
 *
 *     families   row ─┬─ first metric ─> next ─> next            (metrics of one family need not stand together in the body)
 *     metrics    row ─┼─ labels: a run of label rows
 *                     └─ first point ─> next ─> next             (a value; the quantiles; the buckets), sum, count
 *
 * Names and values are places: an offset >= 0 counts from the start of `body`, an offset < 0 is the complement
 * (~offset) of one into `spill`, where whatever had to be rewritten stands. Label values are kept as the text format
 * escapes them (`\\`, `\"`, `\n`), names unescaped. Nothing here outlives the next `begin`.
 */
export class PushColumns {
  body: Uint8Array = NO_BYTES;
  /** What the tokens of samples stand in: `body`, unless the form of the push was known before. */
  tokens: Uint8Array = NO_BYTES;
  /** A number for all of the push but its values, where it is known; 0: it is not. */
  form = 0;
  spill = new Uint8Array(1024);
  spillSize = 0;

  families: Int32Array;
  familyCount = 0;
  metrics: Int32Array;
  metricCount = 0;
  labels = new Int32Array(LABEL_STRIDE * 64);
  labelCount = 0;
  samples: Int32Array;
  /** Two a sample: the bound (of a bucket or quantile) and the value. */
  numbers: Float64Array;
  sampleCount = 0;
  /** Some metric carries a timestamp, which a Pushgateway refuses. */
  hasTimestamps = false;
  /** Some name may be outside the old character set and must be looked at before it is written. */
  hasQuotedNames = false;

  /** Families without metrics count (protobuf); otherwise they are as good as not pushed. */
  keepsEmptyFamilies = false;
  /** Of a name, label value or help text as it stands in the body; of a number or a run of blanks as well. */
  readonly maxTextBytes: number;
  /** What the push costs, from its parsing to its end. */
  readonly work = new Work();

  /** Set as soon as the push has more than it may: what is added from then on is lost. */
  excess: Rejection | null = null;

  constructor(private readonly limits: PushLimits = NO_PUSH_LIMITS) {
    this.maxTextBytes = limits.maxTextBytes;
    const rowCount = Math.min(64, limits.maxSeries);
    this.families = new Int32Array(FAMILY_STRIDE * Math.min(16, limits.maxFamilies));
    this.metrics = new Int32Array(METRIC_STRIDE * rowCount);
    this.samples = new Int32Array(SAMPLE_STRIDE * rowCount);
    this.numbers = new Float64Array(2 * rowCount);
  }

  begin(body: Uint8Array): void {
    this.body = body;
    this.tokens = body;
    this.excess = null;
    this.keepsEmptyFamilies = false;
    // Place ~0 is ABSENT and nothing else.
    this.spillSize = 1;
    this.familyCount = 0;
    this.metricCount = 0;
    this.labelCount = 0;
    this.sampleCount = 0;
    this.hasTimestamps = false;
    this.hasQuotedNames = false;
  }

  /** Columns of their own with the same content, for the form of this number; `body` is a copy of the bytes. */
  copyOf(body: Uint8Array, form: number): PushColumns {
    const copy = new PushColumns(this.limits);
    return Object.assign(copy, {
      ...this,
      body,
      form,
      tokens: NO_BYTES,
      spill: this.spill.slice(0, this.spillSize),
      families: this.families.slice(0, this.familyCount * FAMILY_STRIDE),
      metrics: this.metrics.slice(0, this.metricCount * METRIC_STRIDE),
      labels: this.labels.slice(0, this.labelCount * LABEL_STRIDE),
      samples: this.samples.slice(0, this.sampleCount * SAMPLE_STRIDE),
      numbers: this.numbers.slice(0, this.sampleCount * 2),
    });
  }

  /**
   * Gives back the memory of an unusually large push; the columns are empty afterwards. Those of a form let go of the
   * values.
   */
  trim(): void {
    if (this.form !== 0) this.tokens = NO_BYTES;
    const { metrics, samples, labels, families } = this;
    if (Math.max(metrics.length, samples.length, labels.length, families.length, this.spill.length) <= KEPT) return;
    Object.assign(this, new PushColumns(this.limits), { work: this.work });
  }

  /**
   * Rows are counted where they grow: at the cost of a few pushes, not of each row. Beyond the limit they do not grow.
   */
  private grow(rows: Int32Array, stride: number, limit: "maxSeries" | "maxFamilies" = "maxSeries"): Int32Array {
    const maxRows = this.limits[limit];
    const rowCount = Math.min((rows.length / stride) * 2, maxRows);
    if (rowCount * stride > rows.length) return resized(rows, rowCount * stride);
    this.excess ??= tooMany(limit, this.limits);
    return rows;
  }

  get maxSeries(): number {
    return this.limits.maxSeries;
  }

  /** There is a longer text than there may be. */
  noteLongText(): void {
    this.excess ??= tooLong(this.limits);
  }

  /** There are so many of something, if not more: what counts as well where no row is added for it. */
  note(limit: Counted, count: number): void {
    if (count > this.limits[limit]) this.excess ??= tooMany(limit, this.limits);
  }

  addFamily(nameAt: number, nameSize: number): number {
    const row = this.familyCount++;
    const at = row * FAMILY_STRIDE;
    if (nameSize > this.maxTextBytes) this.noteLongText();
    if (at + FAMILY_STRIDE > this.families.length)
      this.families = this.grow(this.families, FAMILY_STRIDE, "maxFamilies");
    const rows = this.families;
    rows[at + FAMILY_NAME_AT] = nameAt;
    rows[at + FAMILY_NAME_SIZE] = nameSize;
    rows[at + FAMILY_TYPE] = -1;
    rows[at + FAMILY_HELP_AT] = 0;
    rows[at + FAMILY_HELP_SIZE] = -1;
    rows[at + FAMILY_FIRST] = -1;
    rows[at + FAMILY_LAST] = -1;
    rows[at + FAMILY_METRICS] = 0;
    rows[at + FAMILY_TYPELESS] = 0;
    return row;
  }

  /** A metric that belongs to no family yet; its labels are the rows from `firstLabel` to the newest. */
  addMetric(firstLabel: number): number {
    const row = this.metricCount++;
    const at = row * METRIC_STRIDE;
    if (at + METRIC_STRIDE > this.metrics.length) this.metrics = this.grow(this.metrics, METRIC_STRIDE);
    this.note("maxLabels", this.labelCount - firstLabel);
    const rows = this.metrics;
    rows[at + METRIC_NEXT] = -1;
    rows[at + METRIC_LABELS] = firstLabel;
    rows[at + METRIC_LABEL_COUNT] = this.labelCount - firstLabel;
    rows[at + METRIC_FIRST] = -1;
    rows[at + METRIC_LAST] = -1;
    rows[at + METRIC_SUM] = -1;
    rows[at + METRIC_COUNT] = -1;
    rows[at + METRIC_FLAGS] = 0;
    rows[at + METRIC_RAW_AT] = 0;
    rows[at + METRIC_RAW_SIZE] = -1;
    return row;
  }

  /** Puts a metric at the end of its family. */
  linkMetric(family: number, metric: number): void {
    const rows = this.families;
    const at = family * FAMILY_STRIDE;
    const last = rows[at + FAMILY_LAST] as number;
    if (last < 0) rows[at + FAMILY_FIRST] = metric;
    else this.metrics[last * METRIC_STRIDE + METRIC_NEXT] = metric;
    rows[at + FAMILY_LAST] = metric;
    rows[at + FAMILY_METRICS] = (rows[at + FAMILY_METRICS] as number) + 1;
  }

  addLabel(nameAt: number, nameSize: number, valueAt: number, valueSize: number): void {
    const at = this.labelCount++ * LABEL_STRIDE;
    if (nameSize > this.maxTextBytes) this.noteLongText();
    if (valueSize > this.maxTextBytes) this.noteLongText();
    if (at + LABEL_STRIDE > this.labels.length) this.labels = resized(this.labels, this.labels.length * 2);
    const rows = this.labels;
    rows[at + LABEL_NAME_AT] = nameAt;
    rows[at + LABEL_NAME_SIZE] = nameSize;
    rows[at + LABEL_VALUE_AT] = valueAt;
    rows[at + LABEL_VALUE_SIZE] = valueSize;
  }

  /** Gives the newest label its value. */
  setLabelValue(valueAt: number, valueSize: number): void {
    if (valueSize > this.maxTextBytes) this.noteLongText();
    const at = (this.labelCount - 1) * LABEL_STRIDE;
    this.labels[at + LABEL_VALUE_AT] = valueAt;
    this.labels[at + LABEL_VALUE_SIZE] = valueSize;
  }

  setHelp(family: number, at: number, size: number): void {
    if (size > this.maxTextBytes) this.noteLongText();
    this.families[family * FAMILY_STRIDE + FAMILY_HELP_AT] = at;
    this.families[family * FAMILY_STRIDE + FAMILY_HELP_SIZE] = size;
  }

  /** Calls `visit` with every metric row of a family, in order. */
  eachMetric(family: number, visit: (metric: number) => void): void {
    let metric = this.families[family * FAMILY_STRIDE + FAMILY_FIRST] as number;
    while (metric >= 0) {
      visit(metric);
      metric = this.metrics[metric * METRIC_STRIDE + METRIC_NEXT] as number;
    }
  }

  /**
   * A sample. Where `tokenSize` > 0 the bytes of `tokens` at `tokenAt` are the value just as it must be printed and
   * `value` is not looked at; otherwise `value` is printed.
   */
  addSample(bound: number, value: number, tokenAt: number, tokenSize: number): number {
    const row = this.sampleCount++;
    const at = row * SAMPLE_STRIDE;
    if (at + SAMPLE_STRIDE > this.samples.length) {
      this.samples = this.grow(this.samples, SAMPLE_STRIDE);
      const numbers = new Float64Array((this.samples.length / SAMPLE_STRIDE) * 2);
      numbers.set(this.numbers);
      this.numbers = numbers;
    }
    this.samples[at + SAMPLE_NEXT] = -1;
    this.samples[at + SAMPLE_TOKEN_AT] = tokenAt;
    this.samples[at + SAMPLE_TOKEN_SIZE] = tokenSize;
    this.numbers[row * 2] = bound;
    this.numbers[row * 2 + 1] = value;
    return row;
  }

  /** Puts a sample (a value, a quantile or a bucket) at the end of its metric's points. */
  linkPoint(metric: number, sample: number): void {
    const rows = this.metrics;
    const at = metric * METRIC_STRIDE;
    const last = rows[at + METRIC_LAST] as number;
    if (last < 0) rows[at + METRIC_FIRST] = sample;
    else this.samples[last * SAMPLE_STRIDE + SAMPLE_NEXT] = sample;
    rows[at + METRIC_LAST] = sample;
  }

  /** Makes a sample the only point of its metric. */
  setPoint(metric: number, sample: number): void {
    this.metrics[metric * METRIC_STRIDE + METRIC_LAST] = -1;
    this.linkPoint(metric, sample);
  }

  /** Whether a histogram has a bucket for +Inf. */
  hasInfinityPoint(metric: number): boolean {
    let sample = this.metrics[metric * METRIC_STRIDE + METRIC_FIRST] as number;
    while (sample >= 0) {
      if (this.numbers[sample * 2] === Infinity) return true;
      sample = this.samples[sample * SAMPLE_STRIDE + SAMPLE_NEXT] as number;
    }
    return false;
  }

  /** As `addLabel`, for a value of `body` that has not been escaped yet. */
  addEscapedLabel(nameAt: number, nameSize: number, valueAt: number, valueSize: number): void {
    const { body } = this;
    let escapes = 0;
    for (let at = valueAt; at < valueAt + valueSize; at++) if (needsEscape(body[at] as number)) escapes++;
    if (escapes === 0) return this.addLabel(nameAt, nameSize, valueAt, valueSize);
    this.reserveSpill(valueSize + escapes);
    const { spill } = this;
    const first = this.spillSize;
    let to = first;
    for (let at = valueAt; at < valueAt + valueSize; at++) {
      const byte = body[at] as number;
      if (needsEscape(byte)) spill[to++] = 0x5c;
      spill[to++] = byte === 0x0a ? 0x6e : byte;
    }
    this.spillSize = to;
    this.addLabel(nameAt, nameSize, ~first, valueSize + escapes);
  }

  /** Makes room for `sizeBytes` more in `spill`. */
  reserveSpill(sizeBytes: number): void {
    if (this.spillSize + sizeBytes <= this.spill.length) return;
    const grown = new Uint8Array(Math.max(this.spill.length * 2, this.spillSize + sizeBytes));
    grown.set(this.spill.subarray(0, this.spillSize));
    this.spill = grown;
  }

  /** The bytes that a place counts from; pair it with `offsetOf`. */
  bytesOf(place: number): Uint8Array {
    return place < 0 ? this.spill : this.body;
  }

  /** The bytes of a place, borrowed. */
  slice(place: number, size: number): Uint8Array {
    const start = offsetOf(place);
    return this.bytesOf(place).subarray(start, start + size);
  }

  /** The bytes of a place as a string of one character a byte: a key for sets, not for people. */
  latin1(place: number, size: number): string {
    const start = offsetOf(place);
    return latin1Slice.call(this.bytesOf(place) as Buffer, start, start + size);
  }

  /** The bytes of a place as text; bytes that are not UTF-8 become U+FFFD. */
  text(place: number, size: number): string {
    const bytes = this.bytesOf(place);
    return Buffer.from(bytes.buffer, bytes.byteOffset + offsetOf(place), size).toString("utf8");
  }

  /** The bytes of a family's name, borrowed. */
  familyNameBytes(family: number): Uint8Array {
    const at = family * FAMILY_STRIDE;
    return this.slice(this.families[at + FAMILY_NAME_AT] as number, this.families[at + FAMILY_NAME_SIZE] as number);
  }

  familyName(family: number): string {
    const at = family * FAMILY_STRIDE;
    return this.text(this.families[at + FAMILY_NAME_AT] as number, this.families[at + FAMILY_NAME_SIZE] as number);
  }

  isTypeless(family: number): boolean {
    return this.families[family * FAMILY_STRIDE + FAMILY_TYPELESS] === 1;
  }

  familyType(family: number): MetricType {
    return this.families[family * FAMILY_STRIDE + FAMILY_TYPE] as MetricType;
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Of Buffer's methods the quickest way to a string; it takes any bytes. */
const { latin1Slice } = Buffer.prototype;

/** The offset of a place in the bytes that `bytesOf` gives. */
export const offsetOf = (place: number): number => (place < 0 ? ~place : place);

/** Backslash, quote and line feed are escaped in label values. */
const needsEscape = (byte: number): boolean => byte === 0x5c || byte === 0x22 || byte === 0x0a;

function resized(rows: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(rows);
  return grown;
}

/** A larger column is not kept for the next push. */
const KEPT = 1 << 20;

export const FAMILY_STRIDE = 9;
export const FAMILY_NAME_AT = 0;
export const FAMILY_NAME_SIZE = 1;
/** A MetricType, or -1 where none is known yet. */
export const FAMILY_TYPE = 2;
export const FAMILY_HELP_AT = 3;
/** -1 where no help was given. */
export const FAMILY_HELP_SIZE = 4;
export const FAMILY_FIRST = 5;
export const FAMILY_LAST = 6;
export const FAMILY_METRICS = 7;
/** 1 where protobuf did not tell the type, which then is COUNTER. */
export const FAMILY_TYPELESS = 8;

/** The place of a name or value that was not given at all, where an empty one has another: no bytes of the spill. */
export const ABSENT = -1;

export const METRIC_STRIDE = 10;
export const METRIC_NEXT = 0;
export const METRIC_LABELS = 1;
export const METRIC_LABEL_COUNT = 2;
export const METRIC_FIRST = 3;
export const METRIC_LAST = 4;
export const METRIC_SUM = 5;
export const METRIC_COUNT = 6;
export const METRIC_FLAGS = 7;
/** Where the metric came as protobuf: its message, labels and all, in `body`. */
export const METRIC_RAW_AT = 8;
export const METRIC_RAW_SIZE = 9;

/** The exposition lines alone do not say all that was pushed: keep the protobuf form beside them. */
export const METRIC_NEEDS_SIDE = 1;
/** Its message has more than the fields of a classic metric: native ones, exemplars, unknown ones. */
export const METRIC_IS_ODD = 4;
/** The value messages present (protobuf), one bit a MetricType from this bit on. */
export const METRIC_HAS_VALUE = 8;
/** The counts of the histogram are fractions. */
export const METRIC_FLOAT_COUNTS = 2;

export const LABEL_STRIDE = 4;
export const LABEL_NAME_AT = 0;
export const LABEL_NAME_SIZE = 1;
export const LABEL_VALUE_AT = 2;
export const LABEL_VALUE_SIZE = 3;

export const SAMPLE_STRIDE = 3;
export const SAMPLE_NEXT = 0;
export const SAMPLE_TOKEN_AT = 1;
export const SAMPLE_TOKEN_SIZE = 2;
