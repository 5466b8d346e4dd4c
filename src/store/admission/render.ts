import { isLegacyLabel, isLegacyName } from "../../bytes/ascii.ts";
import { byteAt, intAt } from "../../bytes/at.ts";
import { BRACE_CLOSE, BRACE_OPEN, COMMA, LINE_FEED, SPACE, UNDERSCORE, ZERO } from "../../bytes/characters.ts";
import { compareBytes } from "../../bytes/hash.ts";
import { Writer } from "../../bytes/writer.ts";
import { GroupingKey } from "../../exposition/grouping-key.ts";
import { ABSENT, offsetOf, PushColumns } from "../../model/columns.ts";
import { NEEDS_SIDE } from "../../model/metric-rows.ts";
import { isComposite, MetricType } from "../../model/metric-type.ts";
import { mostLinesBytes } from "../../model/work.ts";
import type { Splice } from "../table/splice.ts";
import { appendQuoted, appendValueOf, writeQuotedHead } from "./label-text.ts";

/** The memory of a larger push is given back with the next one. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Of no metric the points have been begun. */
const NOT_BEGUN = -2;
const NO_PARTIALS: readonly number[] = [];

const SUMMARY_SUFFIXES = ["", "_sum", "_count"];
const HISTOGRAM_SUFFIXES = ["_bucket", "_sum", "_count"];

/**
 * Renders the families of a push as finished exposition lines (the shape is in model/view.ts), each once. Labels of the
 * grouping key overwrite a metric's own; `instance` is added where there is none; all are sorted by name.
 */
export class Renderer {
  /** The lines of all families rendered since `begin`. */
  readonly out = new Writer(1 << 16);
  protected columns = new PushColumns();
  private key = new GroupingKey([]);
  /**
   * Where the labels of each metric are in `out`, in one of its lines: start and size, two integers for a metric row.
   */
  private blocks = new Int32Array(256);
  /** Of the family rendered last. */
  lineCount = 0;
  needsSide = false;
  isQuoted = false;
  /** Some metric's own label begins with `__`, which only servers may use. */
  hasReservedLabel = false;
  /** What becomes of the chunk that the group has of the family; null: the lines take the place of all. */
  splice: Splice | null = null;
  /** The lines of the push are larger than `limitBytes`; what was rendered is not to be used. */
  isTooLarge = false;
  limitBytes = 0;

  /**
   * Own labels without a value or without a name, which lines do not tell from empty ones, by their metric. Two numbers
   * each, in the order rendered: the label row, and how many labels precede it in its line.
   */
  private readonly partials = new Map<number, number[]>();
  /** What is rendered next: a metric of the family, or -1, and of one of many lines the point. */
  private type: MetricType = MetricType.untyped;
  protected isPlain = true;
  protected metric = -1;
  private point = NOT_BEGUN;
  private hasInfinity = false;
  /** Labels of the metric at hand that have been rendered. */
  private labelCount = 0;
  protected readonly label = new Writer(1024);
  protected readonly heads = [new Writer(128), new Writer(128), new Writer(128)] as const;
  private order: number[] = [];

  /** A push begins; its columns are read until it ends. */
  begin(columns: PushColumns, key: GroupingKey): void {
    this.columns = columns;
    this.key = key;
    this.out.reset();
    this.out.trim(KEPT_BYTES);
    this.limitBytes = mostLinesBytes(columns.body.length);
    this.isTooLarge = false;
    this.hasReservedLabel = false;
    if (this.partials.size > 0) this.partials.clear();
    if (this.blocks.length < columns.metrics.count * 2) this.blocks = new Int32Array(columns.metrics.count * 4);
  }

  /** Where the labels of a rendered metric begin in `out`. */
  blockStart(metric: number): number {
    return intAt(this.blocks, metric * 2);
  }

  /** Where they end. */
  blockEnd(metric: number): number {
    return this.blockStart(metric) + intAt(this.blocks, metric * 2 + 1);
  }

  /** Values come into lines that are there: lines[start, end) are those of a chunk. */
  beginStored(_chunk: number, _lines: Uint8Array, _start: number, _end: number): void {}

  /** Begins with a family, whose lines `renderOn` appends to `out`. */
  beginFamily(family: number): void {
    const { columns } = this;
    this.type = columns.families.type(family);
    this.isPlain = !isComposite(this.type);
    this.lineCount = 0;
    this.needsSide = false;
    this.isQuoted = this.key.hasQuotedNames;
    this.prepareHeads(family);
    this.metric = columns.families.firstMetric(family);
    this.point = NOT_BEGUN;
  }

  /** Goes on with the family until the turn is over; false: there is more of it. */
  renderOn(): boolean {
    const { columns, out } = this;
    const { work } = columns;
    while (this.metric >= 0 && !this.isTooLarge) {
      if (columns.metrics.has(this.metric, NEEDS_SIDE)) this.needsSide = true;
      const start = out.length;
      if (!this.isPlain) {
        if (!this.renderComposite(this.metric)) return false;
      } else {
        this.renderPlain(this.metric);
        work.charge(out.length - start);
      }
      this.metric = columns.metrics.next(this.metric);
      if (work.isTurnOver) break;
    }
    return this.metric < 0 || this.isTooLarge;
  }

  /** Writes what each kind of line of the family begins with: `name{`, or `{"na.me",` where the name needs quotes. */
  private prepareHeads(family: number): void {
    const { columns, type, isPlain } = this;
    const at = columns.families.nameAt(family);
    const size = columns.families.nameSize(family);
    const name = columns.bytesOf(at);
    const start = offsetOf(at);
    const quoted = columns.hasQuotedNames && !isLegacyName(name, start, size);
    if (quoted) this.isQuoted = true;
    const suffixes = type === MetricType.summary ? SUMMARY_SUFFIXES : HISTOGRAM_SUFFIXES;
    for (let i = 0; i < (isPlain ? 1 : 3); i++) {
      const head = this.heads[i] as Writer;
      head.reset();
      if (quoted) writeQuotedHead(head, name.subarray(start, start + size), isPlain ? "" : (suffixes[i] as string));
      else {
        head.copy(name, start, start + size);
        if (!isPlain) head.ascii(suffixes[i] as string);
        head.byte(BRACE_OPEN);
      }
    }
  }

  private renderPlain(metric: number): void {
    const { out, columns } = this;
    this.renderLabels(metric);
    this.beginLine(0, metric);
    out.byte(BRACE_CLOSE);
    out.byte(SPACE);
    this.appendValue(columns, columns.metrics.firstPoint(metric));
    this.endLine();
  }

  /** A metric of many lines, whose points may take several turns; false: there are more of them. */
  private renderComposite(metric: number): boolean {
    if (this.point === NOT_BEGUN) {
      this.renderLabels(metric);
      this.point = this.firstPointOf(metric);
      this.hasInfinity = this.type === MetricType.summary;
    }
    if (!this.renderPoints(metric)) return false;
    this.renderTotals(metric);
    this.point = NOT_BEGUN;
    return true;
  }

  /** The first point of a metric that is written, or -1. */
  protected firstPointOf(metric: number): number {
    return this.columns.metrics.firstPoint(metric);
  }

  private renderPoints(metric: number): boolean {
    const { columns, out } = this;
    const { work } = columns;
    const isHistogram = this.type !== MetricType.summary;
    while (this.point >= 0 && !this.isTooLarge) {
      if (work.isTurnOver) return false;
      const start = out.length;
      const bound = columns.samples.bound(this.point);
      if (bound === Infinity) this.hasInfinity = true;
      this.beginPointLine(metric, isHistogram, bound);
      this.appendValue(columns, this.point);
      this.endLine();
      this.point = columns.samples.next(this.point);
      work.charge(out.length - start);
    }
    return true;
  }

  /** The bucket of all observations where there is none, the sum and the count. */
  private renderTotals(metric: number): void {
    const { columns, out } = this;
    const count = columns.metrics.countSample(metric);
    const start = out.length;
    if (!this.hasInfinity) {
      this.beginPointLine(metric, true, Infinity);
      this.appendValue(columns, count);
      this.endLine();
    }
    for (let part = 1; part <= 2; part++) {
      this.beginLine(part, metric);
      out.ascii("} ");
      if (part === 1) this.appendValue(columns, columns.metrics.sumSample(metric));
      else this.appendCount(columns, count);
      this.endLine();
    }
    columns.work.charge(out.length - start);
  }

  private beginPointLine(metric: number, isHistogram: boolean, bound: number): void {
    this.beginLine(0, metric);
    this.out.ascii(isHistogram ? ',le="' : ',quantile="');
    this.out.float(bound);
    this.out.ascii('"} ');
  }

  /** Appends a head and the labels, and notes where the labels stand: in each line of a metric they are the same. */
  private beginLine(head: number, metric: number): void {
    const { out, label } = this;
    const bytes = this.heads[head] as Writer;
    out.copy(bytes.bytes, 0, bytes.length);
    this.blocks[metric * 2] = out.length;
    this.blocks[metric * 2 + 1] = label.length;
    out.copy(label.bytes, 0, label.length);
  }

  private endLine(): void {
    this.out.byte(LINE_FEED);
    this.lineCount++;
    if (this.out.length > this.limitBytes) this.isTooLarge = true;
  }

  /** Appends the value of a sample; 0 where there is none (-1). */
  appendValue(columns: PushColumns, sample: number): void {
    const { out } = this;
    if (sample < 0) return out.byte(ZERO);
    const size = columns.samples.tokenSize(sample);
    if (size === 0) return out.float(columns.samples.value(sample));
    const at = columns.samples.tokenAt(sample);
    out.copy(columns.tokens, at, at + size);
  }

  /** As above, of a count; a summary's may be one below 0. */
  private appendCount(columns: PushColumns, sample: number): void {
    const isWrapped = sample >= 0 && this.type === MetricType.summary && columns.samples.value(sample) < 0;
    if (isWrapped) this.out.float(2 ** 64 + columns.samples.value(sample));
    else this.appendValue(columns, sample);
  }

  /** Writes the labels of a metric, merged with the grouping key's, to `label`. */
  private renderLabels(metric: number): void {
    const { label, columns, key } = this;
    const count = columns.metrics.labelCount(metric);
    label.reset();
    this.labelCount = 0;
    if (count === 0) return label.copy(key.full, 0, key.full.length);
    const order = this.sortLabels(columns, columns.metrics.firstLabel(metric), count);
    const { names } = key;
    let next = 0;
    let dropped = -1;
    for (let i = 0; i < count; i++) {
      const row = order[i] as number;
      let difference = next < names.length ? this.compareWithName(columns, row, key, next) : -1;
      while (difference > 0) {
        this.appendKeyLabel(key, next++);
        difference = next < names.length ? this.compareWithName(columns, row, key, next) : -1;
      }
      if (difference < 0) this.appendOwnLabel(metric, row);
      else if (next === key.addedInstance) {
        next++;
        this.appendOwnLabel(metric, row);
      } else if (dropped === next) {
        this.appendKeyLabel(key, next++);
        this.appendOwnLabel(metric, row);
      } else dropped = next;
      // An own label of a grouping label's name is dropped: the grouping label follows in its turn. A second one of the
      // name, which only protobuf can bring, stays for the check to find.
    }
    while (next < names.length) this.appendKeyLabel(key, next++);
  }

  private appendKeyLabel(key: GroupingKey, index: number): void {
    this.labelCount++;
    if (this.label.length > 0) this.label.byte(COMMA);
    this.label.copy(key.full, key.bounds[index] as number, (key.bounds[index + 1] as number) - 1);
  }

  private appendOwnLabel(metric: number, row: number): void {
    const { label, columns } = this;
    const { labels } = columns;
    const nameAt = labels.nameAt(row);
    const size = labels.nameSize(row);
    const name = columns.bytesOf(nameAt);
    const start = offsetOf(nameAt);
    if (label.length > 0) label.byte(COMMA);
    if (name[start] === UNDERSCORE && name[start + 1] === UNDERSCORE && size > 1) this.hasReservedLabel = true;
    const valueAt = labels.valueAt(row);
    const valueSize = labels.valueSize(row);
    if (valueAt === ABSENT || nameAt === ABSENT) this.notePartial(metric, row);
    this.labelCount++;
    if (columns.hasQuotedNames && !isLegacyLabel(name, start, size)) {
      this.isQuoted = true;
      appendQuoted(label, name.subarray(start, start + size));
      appendValueOf(label, name, start, 0, columns.bytesOf(valueAt), offsetOf(valueAt), valueSize);
    } else appendValueOf(label, name, start, size, columns.bytesOf(valueAt), offsetOf(valueAt), valueSize);
  }

  private notePartial(metric: number, labelRow: number): void {
    const known = this.partials.get(metric);
    if (known === undefined) this.partials.set(metric, [labelRow, this.labelCount]);
    else known.push(labelRow, this.labelCount);
  }

  /**
   * The own labels of a metric without a value or without a name, two numbers each: the label row, and
   * how many labels stand before it in the line.
   */
  partialOf(metric: number): readonly number[] {
    return this.partials.size === 0 ? NO_PARTIALS : (this.partials.get(metric) ?? NO_PARTIALS);
  }

  /** Label rows of a metric in the order of their names. */
  private sortLabels(columns: PushColumns, first: number, count: number): number[] {
    const { order } = this;
    if (count > 32) {
      this.order = Array.from({ length: count }, (_, i) => first + i);
      return this.order.sort((a, b) => compareLabelNames(columns, a, b));
    }
    for (let i = 0; i < count; i++) {
      let at = i;
      for (; at > 0 && compareLabelNames(columns, order[at - 1] as number, first + i) > 0; at--)
        order[at] = order[at - 1] as number;
      order[at] = first + i;
    }
    return order;
  }

  /** The order of a label's name and a grouping label's. */
  private compareWithName(columns: PushColumns, row: number, key: GroupingKey, next: number): number {
    const name = key.names[next] as string;
    const nameAt = columns.labels.nameAt(row);
    const size = columns.labels.nameSize(row);
    const bytes = columns.bytesOf(nameAt);
    const start = offsetOf(nameAt);
    for (let i = 0; i < size && i < name.length; i++) {
      const code = name.charCodeAt(i);
      if (code > 0x7f) {
        const encoded = key.nameBytes[next] as Uint8Array;
        return compareBytes(bytes, start, size, encoded, 0, encoded.length);
      }
      const difference = byteAt(bytes, start + i) - code;
      if (difference !== 0) return difference;
    }
    return size - name.length;
  }
}

function compareLabelNames(columns: PushColumns, a: number, b: number): number {
  const { labels } = columns;
  const aAt = labels.nameAt(a);
  const bAt = labels.nameAt(b);
  const aSize = labels.nameSize(a);
  const bSize = labels.nameSize(b);
  return compareBytes(columns.bytesOf(aAt), offsetOf(aAt), aSize, columns.bytesOf(bAt), offsetOf(bAt), bSize);
}
