import { gaugeOf } from "../../add/numbers.ts";
import { LINE_FEED } from "../../bytes/characters.ts";
import { sameBytes } from "../../bytes/hash.ts";
import { Writer } from "../../bytes/writer.ts";
import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { linesIn } from "../../exposition/lines-in.ts";
import { readFloat } from "../../exposition/number-text.ts";
import { clearsFamily, seriesRule } from "../../model/clear-mode.ts";
import { offsetOf, PushColumns } from "../../model/columns.ts";
import type { GaugeRule } from "../../model/gauge-rule.ts";
import { isComposite, MetricType } from "../../model/metric-type.ts";
import { noteKind, TYPELESS } from "../../model/type-note.ts";
import { LOOKUP_UNITS } from "../../model/work.ts";
import type { Family } from "../table/families.ts";
import type { PushTimes } from "../table/push-times.ts";
import { Splice } from "../table/splice.ts";
import type { Table } from "../table/table.ts";
import { GroupChunks } from "./group-chunks.ts";
import { Renderer } from "./render.ts";
import { StoredSeries } from "./stored-series.ts";

const NO_COLUMNS = new PushColumns();
/** Whole numbers above it are not exact in lines. */
const MOST_EXACT = Number.MAX_SAFE_INTEGER;
const NO_METRIC = -1;
const NO_POINT = -1;

/**
 * Renders a push with the sums of its values and of those in the lines that are there, at the cost of the push: a
 * series is nearly always the one that follows in the chunk, or it is looked for. What becomes of the chunk is its
 * `splice`. Where lines do not say all there is to say, or a metric has other lines than the stored one, the push
 * `isOdd`: what was rendered is not to be used.
 */
export class SummingRenderer extends Renderer {
  isOdd = false;
  private pushed = NO_COLUMNS;
  private rule: GaugeRule = "replace";
  private familyRule: GaugeRule = "sum";
  private mostExact = Infinity;
  private readonly chunks: GroupChunks;
  private readonly series: StoredSeries;
  private readonly found: { stored: Family | null; chunk: number } = { stored: null, chunk: -1 };
  /** The chunk that is added to, and its lines; null: the family is new, or given anew. */
  private chunk = -1;
  private stored: Uint8Array | null = null;
  /** The line of them that is to come, and where the last one ends. */
  private at = 0;
  private end = 0;
  /** All lines of the chunk come in their order: no series is looked for. */
  private isForm = false;
  /** Where the line that is being rendered begins. */
  private lineStart = 0;
  /** The metric whose lines are being rendered, where they began here and there, and whether it is new. */
  private open = NO_METRIC;
  private openedAt = 0;
  private openedStart = 0;
  private openedLines = 0;
  private isNew = false;
  /** What the last line of a metric is up to its value. */
  private readonly line = new Writer(256);
  /** Those of the push so far; the objects are used again. */
  private readonly splices: Splice[] = [];
  private spliceCount = 0;

  constructor(
    private readonly table: Table,
    times: PushTimes,
  ) {
    super();
    this.chunks = new GroupChunks(table, times);
    this.series = new StoredSeries(table);
  }

  /** A push to a group begins; -1: there is none. */
  beginSums(group: number, rule: GaugeRule): void {
    this.rule = rule;
    this.stored = null;
    this.isForm = false;
    this.isOdd = this.table.contradictions !== null;
    this.series.isIncomplete = false;
    this.chunks.read(group);
  }

  /** Whether what was rendered is the push with its sums. */
  get isSummed(): boolean {
    return !this.isOdd && (!this.isForm || this.at === this.end);
  }

  /** It is not, but will be once the indexes that are being made are whole. */
  get isIncomplete(): boolean {
    return this.series.isIncomplete;
  }

  override begin(columns: PushColumns, key: GroupingKey): void {
    super.begin(columns, key);
    this.pushed = columns;
    this.lineStart = 0;
    this.needsSide = false;
    this.spliceCount = 0;
    this.endChunk();
  }

  override beginFamily(family: number): void {
    super.beginFamily(family);
    const { families } = this.pushed;
    const nameAt = families.nameAt(family);
    this.chunks.find(this.pushed.bytesOf(nameAt), offsetOf(nameAt), families.nameSize(family), this.found);
    const { chunk } = this.found;
    this.endChunk();
    if (chunk < 0 || clearsFamily(this.pushed, family)) return;
    this.openChunk(chunk);
    this.stored = this.table.linesOf(chunk);
    this.at = 0;
    this.splice = this.nextSplice(this.stored.length);
    this.checkFamily(chunk, family);
  }

  /** What is rendered from now on is added to nothing, until a chunk is opened. */
  private endChunk(): void {
    this.stored = null;
    this.splice = null;
    this.open = NO_METRIC;
    this.isNew = false;
  }

  private nextSplice(sizeBytes: number): Splice {
    const splice = this.splices[this.spliceCount] ?? new Splice();
    this.splices[this.spliceCount++] = splice;
    splice.begin(sizeBytes);
    return splice;
  }

  /** The chunk may have another place on its page than in the turn before. */
  override renderOn(): boolean {
    if (this.stored !== null) this.stored = this.table.linesOf(this.chunk);
    const isWhole = super.renderOn();
    if (isWhole && this.splice !== null) {
      this.closeMetric(this.splice);
      if (!this.splice.finish()) this.isOdd = true;
    }
    return isWhole;
  }

  override beginStored(chunk: number, lines: Uint8Array, start: number, end: number): void {
    if (this.isForm && this.at !== this.end) this.isOdd = true;
    this.openChunk(chunk);
    this.isForm = true;
    this.stored = lines;
    this.at = start;
    this.end = end;
  }

  private openChunk(chunk: number): void {
    this.chunk = chunk;
    this.lineStart = this.out.length;
    const type = this.table.typeOf(chunk);
    this.familyRule = type === MetricType.gauge ? this.rule : "sum";
    this.mostExact = isComposite(type) ? MOST_EXACT : Infinity;
    if (noteKind(this.table.familyOf(chunk).typeNote) > TYPELESS) this.isOdd = true;
  }

  /** What cannot be added line by line. */
  private checkFamily(chunk: number, family: number): void {
    const { table } = this;
    const { families } = this.pushed;
    const type = families.type(family);
    if (table.pageOf(chunk).sides?.has(chunk) || table.typeOf(chunk) !== type) this.isOdd = true;
    if (type === MetricType.gaugeHistogram) this.isOdd = true;
    if (noteKind(families.typeNote(family)) > TYPELESS) this.isOdd = true;
  }

  override appendValue(columns: PushColumns, sample: number): void {
    const { stored, out } = this;
    if (stored === null || this.isOdd || sample < 0 || this.needsSide) {
      if (stored !== null) this.isOdd = true;
      super.appendValue(columns, sample);
      return;
    }
    const size = out.length - this.lineStart;
    if (this.splice !== null && this.metric !== this.open) this.openMetric(stored, this.splice, size);
    if (this.isNew) super.appendValue(columns, sample);
    else {
      const valueAt = this.at + size;
      const lineEnd = this.isNext(stored, size) ? stored.indexOf(LINE_FEED, valueAt) : -1;
      if (lineEnd < 0) this.isOdd = true;
      else {
        this.appendSum(columns, sample, readFloat(stored, valueAt, lineEnd));
        this.at = lineEnd + 1;
      }
    }
    this.lineStart = out.length + 1;
  }

  /** Whether the line that is being rendered begins as the stored one that is to come. */
  private isNext(stored: Uint8Array, size: number): boolean {
    return this.at + size <= stored.length && sameBytes(stored, this.at, this.out.bytes, this.lineStart, size);
  }

  /** The first line of a metric is being rendered: finds those that are stored of it. */
  private openMetric(stored: Uint8Array, splice: Splice, size: number): void {
    this.beginMetric(splice);
    this.isNew = false;
    if (!this.isNext(stored, size)) this.lookUp(stored);
    this.openedAt = this.at;
  }

  private lookUp(stored: Uint8Array): void {
    this.pushed.work.charge(LOOKUP_UNITS);
    const { label, lastHead, line } = this;
    line.reset();
    line.append(lastHead.view());
    line.append(label.view());
    line.ascii("} ");
    const at = this.series.find(this.chunk, stored, line.view(), lastHead.length, this.at);
    this.isNew = at < 0;
    if (at >= 0) this.at = at;
  }

  /** The sum of two summaries has no quantiles. */
  protected override firstPointOf(metric: number): number {
    const { stored, splice } = this;
    const first = super.firstPointOf(metric);
    if (stored === null || splice === null || this.table.typeOf(this.chunk) !== MetricType.summary) return first;
    if (seriesRule(this.pushed, metric) === "replace") this.isOdd = true;
    this.beginMetric(splice);
    this.lookUp(stored);
    this.openedAt = this.at;
    if (this.isNew) return first;
    const [head] = this.heads;
    while (sameBytes(stored, this.at, head.bytes, 0, head.length)) this.at = stored.indexOf(LINE_FEED, this.at) + 1;
    return NO_POINT;
  }

  private beginMetric(splice: Splice): void {
    this.closeMetric(splice);
    this.open = this.metric;
    this.openedStart = this.lineStart;
    this.openedLines = this.lineCount;
  }

  private get lastHead(): Writer {
    return this.heads[this.isPlain ? 0 : 2];
  }

  /** The lines of the metric that was opened are rendered: all that are stored of it were met. */
  private closeMetric(splice: Splice): void {
    const { open, openedStart, lineStart } = this;
    if (open === NO_METRIC) return;
    this.open = NO_METRIC;
    if (!this.isNew && !this.isPlain && !this.hasMetLast()) this.isOdd = true;
    const [labels, labelsEnd] = [this.blockStart(open), this.blockEnd(open)];
    const lineCount = this.lineCount - this.openedLines;
    if (this.isNew) splice.append(openedStart, lineStart, labels, labelsEnd, lineCount);
    else splice.replace(this.openedAt, this.at, openedStart, lineStart, labels, labelsEnd, this.moreLines(lineCount));
  }

  /** How many lines more the metric that was met has as it is rendered: only a summary has others than there are. */
  private moreLines(lineCount: number): number {
    const { stored } = this;
    if (stored === null || this.table.typeOf(this.chunk) !== MetricType.summary) return 0;
    return lineCount - linesIn(stored, this.openedAt, this.at);
  }

  /** Whether the stored line before the next one is the last of its metric. */
  private hasMetLast(): boolean {
    const { at, lastHead, stored } = this;
    if (stored === null || at === 0) return false;
    return sameBytes(stored, stored.lastIndexOf(LINE_FEED, at - 2) + 1, lastHead.bytes, 0, lastHead.length);
  }

  private appendSum(columns: PushColumns, sample: number, before: number): void {
    const { samples } = columns;
    const size = samples.tokenSize(sample);
    const rule = seriesRule(columns, this.metric) ?? this.familyRule;
    if (rule === "replace") return super.appendValue(columns, sample);
    const at = samples.tokenAt(sample);
    const now = size === 0 ? samples.value(sample) : readFloat(columns.tokens, at, at + size);
    const sum = gaugeOf(rule, before, now);
    if (sum > this.mostExact) this.isOdd = true;
    this.out.float(sum);
  }
}
