import { sameBytes } from "../bytes/hash.ts";
import { SlicedCopy } from "../bytes/sliced-copy.ts";
import { AsideRows } from "./aside-rows.ts";
import { type Counted, tooLargeLabels, tooLong, tooMany } from "./excess.ts";
import { FamilyRows } from "./family-rows.ts";
import { LabelRows } from "./label-rows.ts";
import { NO_PUSH_LIMITS, type PushLimits } from "./limits.ts";
import { MetricRows } from "./metric-rows.ts";
import type { Rejection } from "./rejection.ts";
import { SampleRows } from "./sample-rows.ts";
import { Work } from "./work.ts";

/**
 * What a push carries, as columns of integers over the bytes that came in: the parsers fill it, the store reads it, and
 * the next push uses it again. There is no object for a sample.
 *
 *     families   row ─┬─ first metric ─> next ─> next            (metrics of one family need not be together in the body)
 *     metrics    row ─┼─ labels: a run of label rows
 *                     └─ first point ─> next ─> next             (a value; the quantiles; the buckets), sum, count
 *
 * Names and values are places: an offset >= 0 counts from the start of `body`, an offset < 0 is the complement
 * (~offset) of one into `spill`, which holds everything that had to be rewritten. Label values are kept as the text
 * format escapes them (`\\`, `\"`, `\n`), names unescaped. Nothing here outlives the next `begin`.
 */
export class PushColumns {
  body: Uint8Array = NO_BYTES;
  /** The bytes that hold the tokens of samples: `body`, unless the form of the push was known before. */
  tokens: Uint8Array = NO_BYTES;
  /** A number for all of the push but its values, where it is known; 0: it is not. */
  form = 0;
  spill = new Uint8Array(SMALL_SPILL_BYTES);
  spillSize = 0;
  /** The larger spill that is being filled, if any. */
  private spillGrowing: SlicedCopy | null = null;

  readonly families: FamilyRows;
  readonly metrics: MetricRows;
  readonly labels = new LabelRows();
  readonly samples: SampleRows;
  /** Of samples: their exemplars, as Exemplar messages. Of metrics: when they were created, as Timestamp messages. */
  readonly exemplars: AsideRows;
  readonly created: AsideRows;
  /** Some metric carries a timestamp, which a Pushgateway refuses. */
  hasTimestamps = false;
  /** Some name may be outside the old character set and must be looked at before it is written. */
  hasQuotedNames = false;

  /** Some series says how it is added to what its group holds. */
  hasModes = false;

  /** Families without metrics count (protobuf); otherwise they are ignored. */
  keepsEmptyFamilies = false;
  /** Of a name, label value or help text as it is in the body; of a number or a run of blanks as well. */
  readonly maxTextBytes: number;

  /** Set as soon as the push has more than it may: what is added from then on is lost. */
  excess: Rejection | null = null;

  constructor(
    private readonly limits: PushLimits = NO_PUSH_LIMITS,
    /** What the push costs, from its parsing to its end. */
    readonly work = new Work(),
  ) {
    this.maxTextBytes = limits.maxTextBytes;
    this.families = new FamilyRows(limits.maxFamilies, () => this.noteMany("maxFamilies"));
    this.metrics = new MetricRows(limits.maxSeries, () => this.noteMany("maxSeries"));
    this.samples = new SampleRows(limits.maxSeries, () => this.noteMany("maxSeries"));
    this.exemplars = new AsideRows(limits.maxSeries, () => this.noteMany("maxSeries"));
    this.created = new AsideRows(limits.maxSeries, () => this.noteMany("maxSeries"));
  }

  begin(body: Uint8Array): void {
    this.body = body;
    this.tokens = body;
    this.excess = null;
    this.keepsEmptyFamilies = false;
    // Place ~0 is ABSENT and nothing else.
    this.spillSize = 1;
    this.spillGrowing = null;
    this.families.clear();
    this.metrics.clear();
    this.labels.clear();
    this.samples.clear();
    this.exemplars.clear();
    this.created.clear();
    this.hasTimestamps = false;
    this.hasQuotedNames = false;
    this.hasModes = false;
  }

  /** Columns of their own with the same content, for the form of this number; `body` is a copy of the bytes. */
  copyOf(body: Uint8Array, form: number): PushColumns {
    const copy = new PushColumns(this.limits, this.work);
    copy.body = body;
    copy.tokens = NO_BYTES;
    copy.form = form;
    copy.spill = this.spill.slice(0, this.spillSize);
    copy.spillSize = this.spillSize;
    copy.hasTimestamps = this.hasTimestamps;
    copy.hasQuotedNames = this.hasQuotedNames;
    copy.hasModes = this.hasModes;
    copy.keepsEmptyFamilies = this.keepsEmptyFamilies;
    copy.families.copyFrom(this.families);
    copy.metrics.copyFrom(this.metrics);
    copy.labels.copyFrom(this.labels);
    copy.samples.copyFrom(this.samples);
    return copy;
  }

  /**
   * Gives back the memory of an unusually large push; the columns are empty afterwards. Those of a form let go of the
   * values.
   */
  trim(): void {
    if (this.form !== 0) this.tokens = NO_BYTES;
    const { metrics, samples, labels, families, exemplars, created, spill } = this;
    const asides = Math.max(exemplars.capacity, created.capacity);
    const rows = Math.max(metrics.capacity, samples.capacity, labels.capacity, families.capacity, asides);
    if (Math.max(rows, spill.length) <= KEPT) return;
    this.begin(NO_BYTES);
    this.spill = new Uint8Array(SMALL_SPILL_BYTES);
    for (const each of [metrics, samples, labels, families, exemplars, created]) each.giveBack();
  }

  /**
   * Makes room for what so many bytes of a body can bring, over several turns: at most `mostBytes` are copied in this
   * one. False: it is to be asked again before any more of the body is read.
   */
  reserveOn(bodyBytes: number, mostBytes: number): boolean {
    const rowCount = bodyBytes / LEAST_ROW_BYTES;
    for (const rows of [this.families, this.metrics, this.labels, this.samples])
      if (!rows.reserveOn(rowCount, mostBytes)) return false;
    // Most pushes have none.
    for (const rows of [this.exemplars, this.created])
      if (rows.count > 0 && !rows.reserveOn(rowCount, mostBytes)) return false;
    return this.reserveSpillOn(bodyBytes, mostBytes);
  }

  /** As little as was spilled so far is copied when more is spilled. */
  private reserveSpillOn(bodyBytes: number, mostBytes: number): boolean {
    const { spill, spillSize } = this;
    // An escaped byte is two; and a text that begins within those bytes may end behind them.
    const needed = spillSize + 2 * (bodyBytes + Math.min(this.maxTextBytes, bodyBytes));
    if (spillSize <= bodyBytes || needed <= spill.length) return true;
    this.spillGrowing ??= new SlicedCopy(Math.max(needed, 2 * spill.length));
    if (!this.spillGrowing.copyOn(spill, 0, spillSize, mostBytes)) return false;
    this.spill = this.spillGrowing.target;
    this.spillGrowing = null;
    return true;
  }

  private noteMany(limit: Counted): void {
    this.excess ??= tooMany(limit, this.limits);
  }

  get maxSeries(): number {
    return this.limits.maxSeries;
  }

  /** There is a longer text than there may be. */
  noteLongText(): void {
    this.excess ??= tooLong(this.limits);
  }

  /** There is a series with labels of so many bytes, as they are in the body. */
  noteLabelsBytes(sizeBytes: number): void {
    if (sizeBytes > this.limits.maxLabelsBytes) this.excess ??= tooLargeLabels(this.limits);
  }

  /** Counts at least this many of something, also if no row is added for it. */
  note(limit: Counted, count: number): void {
    if (count > this.limits[limit]) this.excess ??= tooMany(limit, this.limits);
  }

  addFamily(nameAt: number, nameSize: number): number {
    if (nameSize > this.maxTextBytes) this.noteLongText();
    return this.families.add(nameAt, nameSize);
  }

  /** A metric that belongs to no family yet; its labels are the rows from `firstLabel` to the newest. */
  addMetric(firstLabel: number): number {
    const labelCount = this.labels.count - firstLabel;
    this.note("maxLabels", labelCount);
    return this.metrics.add(firstLabel, labelCount);
  }

  /** Puts a metric at the end of its family. */
  linkMetric(family: number, metric: number): void {
    const last = this.families.lastMetric(family);
    if (last >= 0) this.metrics.setNext(last, metric);
    this.families.addMetric(family, metric);
  }

  addLabel(nameAt: number, nameSize: number, valueAt: number, valueSize: number): void {
    if (nameSize > this.maxTextBytes) this.noteLongText();
    if (valueSize > this.maxTextBytes) this.noteLongText();
    this.labels.add(nameAt, nameSize, valueAt, valueSize);
  }

  /** Sets the value of the newest label. */
  setLabelValue(valueAt: number, valueSize: number): void {
    if (valueSize > this.maxTextBytes) this.noteLongText();
    this.labels.setValue(this.labels.count - 1, valueAt, valueSize);
  }

  setHelp(family: number, at: number, size: number): void {
    if (size > this.maxTextBytes) this.noteLongText();
    this.families.setHelp(family, at, size);
  }

  /** Calls `visit` with every metric row of a family, in order. */
  eachMetric(family: number, visit: (metric: number) => void): void {
    for (let metric = this.families.firstMetric(family); metric >= 0; metric = this.metrics.next(metric)) visit(metric);
  }

  /** Puts a sample (a value, a quantile or a bucket) at the end of its metric's points. */
  linkPoint(metric: number, sample: number): void {
    const last = this.metrics.lastPoint(metric);
    if (last >= 0) this.samples.setNext(last, sample);
    this.metrics.addPoint(metric, sample);
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
    return this.slice(this.families.nameAt(family), this.families.nameSize(family));
  }

  familyName(family: number): string {
    return this.text(this.families.nameAt(family), this.families.nameSize(family));
  }

  /** Whether a family's name is source[start, start+size). */
  isFamilyName(family: number, source: Uint8Array, start: number, size: number): boolean {
    const { families } = this;
    if (families.nameSize(family) !== size) return false;
    const place = families.nameAt(family);
    return sameBytes(this.bytesOf(place), offsetOf(place), source, start, size);
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Of Buffer's methods the quickest way to a string; it takes any bytes. */
const { latin1Slice } = Buffer.prototype;

/** The offset of a place in the bytes that `bytesOf` returns. */
export const offsetOf = (place: number): number => (place < 0 ? ~place : place);

/** A larger column is not kept for the next push. */
const KEPT = 1 << 20;
const SMALL_SPILL_BYTES = 1024;
/** Nothing that makes a row is shorter: an empty message of protobuf. */
const LEAST_ROW_BYTES = 2;

/** The place of a name or value that was not given at all, where an empty one has another: no bytes of the spill. */
export const ABSENT = -1;
