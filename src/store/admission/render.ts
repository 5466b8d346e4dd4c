import { isLegacyLabel, isLegacyName } from "../../bytes/ascii.ts";
import { copyLongRun, RUNTIME_BYTES } from "../../bytes/copy.ts";
import { compareBytes } from "../../bytes/hash.ts";
import { Writer } from "../../bytes/writer.ts";
import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { ABSENT, offsetOf, type PushColumns } from "../../model/columns.ts";
import { NEEDS_SIDE } from "../../model/metric-rows.ts";
import { MetricType } from "../../model/metric-type.ts";
import { mostLinesBytes } from "../../model/work.ts";

const BRACE_OPEN = 0x7b;
const COMMA = 0x2c;
const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const EQUALS = 0x3d;
const BRACE_CLOSE = 0x7d;
const SPACE = 0x20;

/** The memory of a larger push is given back with the next one. */
const KEPT_BYTES = 16 * 1024 * 1024;

const SUMMARY_SUFFIXES = ["", "_sum", "_count"];
const HISTOGRAM_SUFFIXES = ["_bucket", "_sum", "_count"];

/**
 * Renders the families of a push as finished exposition lines (the shape is in model/view.ts), each once. Labels of the
 * grouping key overwrite a metric's own; `instance` is added if there is none; all are sorted by name.
 */
export class Renderer {
  /** The lines of all families rendered since `begin`. */
  readonly out = new Writer(1 << 16);
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
  /** The lines of the push are larger than `limitBytes`; what was rendered is not to be used. */
  isTooLarge = false;
  limitBytes = 0;

  /**
   * Of the family rendered last: own labels without a value or without a name, which in lines look like empty ones. Two
   * numbers each, in the order rendered: the label row, and how many labels precede it in its line.
   */
  readonly partial: number[] = [];
  /** Labels of the current metric that have been rendered. */
  private labelCount = 0;
  private readonly label = new Writer(1024);
  private readonly heads = [new Writer(128), new Writer(128), new Writer(128)] as const;
  private order: number[] = [];

  begin(columns: PushColumns): void {
    this.out.reset();
    this.out.trim(KEPT_BYTES);
    this.limitBytes = mostLinesBytes(columns.body.length);
    this.isTooLarge = false;
    const metricCount = columns.metrics.count;
    if (this.blocks.length < metricCount * 2) this.blocks = new Int32Array(metricCount * 4);
  }

  /** Where the labels of a rendered metric begin in `out`. */
  blockStart(metric: number): number {
    return this.blocks[metric * 2] as number;
  }

  /** Where they end. */
  blockEnd(metric: number): number {
    return this.blockStart(metric) + (this.blocks[metric * 2 + 1] as number);
  }

  /** Appends a family's lines to `out`. */
  renderFamily(columns: PushColumns, family: number, key: GroupingKey): void {
    const { families, metrics } = columns;
    const type = families.type(family);
    this.lineCount = 0;
    this.needsSide = false;
    this.partial.length = 0;
    this.isQuoted = key.hasQuotedNames;
    this.prepareHeads(columns, family, type);
    const isPlain = type !== MetricType.summary && type < MetricType.histogram;
    let metric = families.firstMetric(family);
    while (metric >= 0 && !this.isTooLarge) {
      if (metrics.has(metric, NEEDS_SIDE)) this.needsSide = true;
      if (isPlain) this.renderPlain(columns, metric, key);
      else this.renderComposite(columns, metric, key, type);
      metric = metrics.next(metric);
    }
  }

  /** Writes what each kind of line of the family begins with: `name{`, or `{"na.me",` where the name needs quotes. */
  private prepareHeads(columns: PushColumns, family: number, type: MetricType): void {
    const at = columns.families.nameAt(family);
    const size = columns.families.nameSize(family);
    const name = columns.bytesOf(at);
    const start = offsetOf(at);
    const quoted = columns.hasQuotedNames && !isLegacyName(name, start, size);
    if (quoted) this.isQuoted = true;
    const suffixes = type === MetricType.summary ? SUMMARY_SUFFIXES : HISTOGRAM_SUFFIXES;
    const isPlain = type !== MetricType.summary && type < MetricType.histogram;
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

  private renderPlain(columns: PushColumns, metric: number, key: GroupingKey): void {
    const { out } = this;
    this.renderLabels(columns, metric, key);
    this.beginLine(0, metric);
    out.byte(BRACE_CLOSE);
    out.byte(SPACE);
    this.appendValue(columns, columns.metrics.firstPoint(metric));
    this.endLine();
  }

  private renderComposite(columns: PushColumns, metric: number, key: GroupingKey, type: MetricType): void {
    const { out } = this;
    const { metrics, samples } = columns;
    const first = metrics.firstPoint(metric);
    const count = metrics.countSample(metric);
    const isHistogram = type !== MetricType.summary;
    let hasInfinity = !isHistogram;
    this.renderLabels(columns, metric, key);
    for (let sample = first; sample >= 0 && !this.isTooLarge; sample = samples.next(sample)) {
      const bound = samples.bound(sample);
      if (bound === Infinity) hasInfinity = true;
      this.beginPointLine(metric, isHistogram, bound);
      this.appendValue(columns, sample);
      this.endLine();
    }
    if (!hasInfinity) {
      this.beginPointLine(metric, true, Infinity);
      this.appendValue(columns, count);
      this.endLine();
    }
    for (let part = 1; part <= 2; part++) {
      this.beginLine(part, metric);
      out.ascii("} ");
      this.appendValue(columns, part === 1 ? metrics.sumSample(metric) : count);
      this.endLine();
    }
  }

  private beginPointLine(metric: number, isHistogram: boolean, bound: number): void {
    this.beginLine(0, metric);
    this.out.ascii(isHistogram ? ',le="' : ',quantile="');
    this.out.float(bound);
    this.out.ascii('"} ');
  }

  /** Appends a head and the labels, and notes where the labels are: in each line of a metric they are the same. */
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

  /** Appends the value of a sample; 0 if there is none (-1). */
  appendValue(columns: PushColumns, sample: number): void {
    const { out } = this;
    const { samples } = columns;
    if (sample < 0) return out.byte(0x30);
    const size = samples.tokenSize(sample);
    if (size === 0) return out.float(samples.value(sample));
    const at = samples.tokenAt(sample);
    out.copy(columns.tokens, at, at + size);
  }

  /** Writes the labels of a metric, merged with the grouping key's, to `label`. */
  private renderLabels(columns: PushColumns, metric: number, key: GroupingKey): void {
    const { label } = this;
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
      if (difference < 0) this.appendOwnLabel(columns, row);
      else if (next === key.addedInstance) {
        next++;
        this.appendOwnLabel(columns, row);
      } else if (dropped === next) {
        this.appendKeyLabel(key, next++);
        this.appendOwnLabel(columns, row);
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

  private appendOwnLabel(columns: PushColumns, row: number): void {
    const { label } = this;
    const { labels } = columns;
    const nameAt = labels.nameAt(row);
    const size = labels.nameSize(row);
    const name = columns.bytesOf(nameAt);
    const start = offsetOf(nameAt);
    if (label.length > 0) label.byte(COMMA);
    if (name[start] === 0x5f && name[start + 1] === 0x5f && size > 1) this.hasReservedLabel = true;
    const valueAt = labels.valueAt(row);
    const valueSize = labels.valueSize(row);
    if (valueAt === ABSENT || nameAt === ABSENT) this.partial.push(row, this.labelCount);
    this.labelCount++;
    if (columns.hasQuotedNames && !isLegacyLabel(name, start, size)) {
      this.isQuoted = true;
      appendQuoted(label, name.subarray(start, start + size));
      appendValueOf(label, name, start, 0, columns.bytesOf(valueAt), offsetOf(valueAt), valueSize);
    } else appendValueOf(label, name, start, size, columns.bytesOf(valueAt), offsetOf(valueAt), valueSize);
  }

  /** Where the own labels of a metric of the family rendered last begin in `partial`. */
  firstPartial(columns: PushColumns, metric: number): number {
    const { partial } = this;
    const first = columns.metrics.firstLabel(metric);
    let low = 0;
    let high = partial.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((partial[middle * 2] as number) < first) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }

  /** Label rows of a metric in the order of their names. */
  sortLabels(columns: PushColumns, first: number, count: number): number[] {
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
      const difference = (bytes[start + i] as number) - code;
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

/** Writes what a line begins with where the name needs quotes: `{"na.me_suffix",`. */
function writeQuotedHead(out: Writer, name: Uint8Array, suffix: string): void {
  out.byte(BRACE_OPEN);
  out.byte(QUOTE);
  appendEscaped(out, name);
  out.ascii(suffix);
  out.ascii('",');
}

/** Appends `name="value"` of ranges that need no escapes; a name of size 0 has been written before. */
function appendValueOf(
  out: Writer,
  name: Uint8Array,
  nameStart: number,
  nameSize: number,
  value: Uint8Array,
  valueStart: number,
  valueSize: number,
): void {
  out.reserve(nameSize + valueSize + 3);
  const target = out.bytes;
  let at = out.length;
  for (let i = nameStart; i < nameStart + nameSize; i++) target[at++] = name[i] as number;
  target[at++] = EQUALS;
  target[at++] = QUOTE;
  if (valueSize >= RUNTIME_BYTES) copyLongRun(value, valueStart, valueStart + valueSize, target, at);
  else for (let i = 0; i < valueSize; i++) target[at + i] = value[valueStart + i] as number;
  target[at + valueSize] = QUOTE;
  out.length = at + valueSize + 1;
}

/** Appends a name in quotes, escaped as label values are. */
function appendQuoted(out: Writer, name: Uint8Array): void {
  out.byte(QUOTE);
  appendEscaped(out, name);
  out.byte(QUOTE);
}

function appendEscaped(out: Writer, text: Uint8Array): void {
  for (const byte of text) {
    if (byte === 0x5c || byte === QUOTE || byte === LINE_FEED) out.byte(0x5c);
    out.byte(byte === LINE_FEED ? 0x6e : byte);
  }
}
