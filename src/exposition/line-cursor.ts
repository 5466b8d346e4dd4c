import { Broken } from "../bytes/broken.ts";
import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  COMMA,
  EQUALS,
  LINE_FEED,
  LOWER_C,
  QUOTE,
  SPACE,
  UNDERSCORE,
} from "../bytes/characters.ts";
import { decodeText } from "../bytes/utf8-text.ts";
import { MetricType } from "../model/metric-type.ts";
import { unescapeText } from "./escape.ts";
import { LineLabels, LinePoints } from "./line-rows.ts";

/** How much longer the name of a line is than its family's. */
const SUM_SUFFIX = 4;
const COUNT_SUFFIX = 6;
const BUCKET_SUFFIX = 7;
const QUANTILE_SUFFIX = 0;

/** Bytes that are read in one step. */
const STEP_BYTES = 16 * 1024;

/**
 * Walks the finished lines of one family metric by metric (their shape: model/view.ts). All fields are byte offsets
 * into `lines` and hold until the next `step`, `begin` or `open`; nothing is allocated a metric. Lines without labels
 * are read as well. A metric may be as large as a push; `begin` and `readOn` read it in slices.
 *
 * For a summary or histogram `points` are its quantiles or buckets, and `sum` and `count` are set; for every other type
 * `value` is. The lines were rendered by the store, so a shape that is not theirs is a fault of ours and throws.
 */
export class LineCursor {
  lines: Uint8Array = new Uint8Array(0);
  /** Where the metric's first line begins, and where its last one ends. */
  lineStart = 0;
  lineEnd = 0;
  /** The name on the metric's first line, suffix and all, without quotes. */
  nameStart = 0;
  nameEnd = 0;
  readonly labels = new LineLabels();
  labelCount = 0;
  readonly points = new LinePoints();
  pointCount = 0;
  valueStart = 0;
  valueEnd = 0;
  sumStart = 0;
  sumEnd = 0;
  countStart = 0;
  countEnd = 0;
  /** The name or a label name of the metric's first line is quoted. */
  hasQuotedNames = false;

  private end = 0;
  /** Where reading goes on: in the labels of the first line, or at its value. */
  private at = 0;
  private hasLabels = false;
  /** Of a summary or histogram: the suffix of the line read last, and the name on the first one. */
  private suffix = 0;
  private firstNameStart = 0;
  private firstNameEnd = 0;
  private escapes = 0;
  private labelsSize = 0;
  private familySize = 0;
  /** The suffix of lines that carry a point; -1 for the types of one line a metric. */
  private pointSuffix = -1;

  /** Begins before the first metric of `lines`, which are borrowed. To walk line by line open any family as untyped. */
  open(lines: Uint8Array, type: MetricType): void {
    this.lines = lines;
    this.end = lines.length;
    this.lineEnd = 0;
    this.pointSuffix = pointSuffixOf(type);
    if (this.pointSuffix >= 0 && lines.length > 0) this.familySize = this.lastNameSize() - COUNT_SUFFIX;
  }

  /** Moves to the next metric and reads it whole; false if there is none. */
  step(): boolean {
    if (!this.begin()) return false;
    while (!this.readOn());
    return true;
  }

  /** Moves to the next metric, which `readOn` must read; false if there is none. */
  begin(): boolean {
    if (this.lineEnd >= this.end) return false;
    this.lineStart = this.lineEnd;
    this.labelCount = 0;
    this.pointCount = 0;
    this.hasQuotedNames = false;
    this.hasLabels = false;
    this.at = this.readName(this.lineStart);
    return true;
  }

  /** Reads on in the metric, some ten thousand bytes; true once it is read whole. */
  readOn(): boolean {
    if (!this.hasLabels) {
      if (!this.readLabels()) return false;
      this.hasLabels = true;
      if (this.pointSuffix < 0) {
        this.valueStart = this.at;
        this.valueEnd = this.readValue(this.at);
        return true;
      }
      this.beginComposite(this.at);
    }
    return this.readComposite();
  }

  /** The bytes of the metric's lines. */
  get sizeBytes(): number {
    return this.lineEnd - this.lineStart;
  }

  labelName(index: number): string {
    const { lines, labels } = this;
    return unescapeText(lines, labels.nameStart(index), labels.nameEnd(index), labels.nameEscapes(index));
  }

  labelValue(index: number): string {
    const { lines, labels } = this;
    return unescapeText(lines, labels.valueStart(index), labels.valueEnd(index), labels.valueEscapes(index));
  }

  /** A summary or histogram whose first line is read up to its value at `start`. */
  private beginComposite(start: number): void {
    this.suffix = this.nameEnd - this.nameStart - this.familySize;
    this.firstNameStart = this.nameStart;
    this.firstNameEnd = this.nameEnd;
    if (this.suffix === this.pointSuffix) this.labelToPoint();
    this.labelsSize = this.measureLabels();
    this.readPart(this.suffix, start);
  }

  /** Reads the further lines of a summary or histogram; false: there are more. */
  private readComposite(): boolean {
    const stop = this.lineEnd + STEP_BYTES;
    while (this.suffix !== COUNT_SUFFIX) {
      if (this.lineEnd >= this.end) this.broken("the _count line that ends a metric", this.lineStart);
      if (this.lineEnd > stop) return false;
      const separator = this.readName(this.lineEnd);
      const suffix = this.nameEnd - this.nameStart - this.familySize;
      this.readPart(suffix, suffix === this.pointSuffix ? this.readKey(separator) : this.skipLabels(separator));
      this.suffix = suffix;
    }
    this.nameStart = this.firstNameStart;
    this.nameEnd = this.firstNameEnd;
    return true;
  }

  /** Keeps the value at `start` under what the line's suffix makes it. */
  private readPart(suffix: number, start: number): void {
    if (suffix > 0) this.expect(this.nameEnd - suffix, UNDERSCORE);
    const end = this.readValue(start);
    if (suffix === this.pointSuffix) {
      this.points.setValue(this.pointCount - 1, start, end);
    } else if (suffix === SUM_SUFFIX) {
      this.sumStart = start;
      this.sumEnd = end;
    } else if (suffix === COUNT_SUFFIX) {
      this.countStart = start;
      this.countEnd = end;
    } else this.broken("a line of the family's own name", this.nameStart);
  }

  /** The last label of the first line is its bound or rank. */
  private labelToPoint(): void {
    if (this.labelCount === 0) this.broken("le or quantile as the last label", this.lineStart);
    this.labelCount--;
    this.points.setKey(
      this.pointCount++,
      this.labels.valueStart(this.labelCount),
      this.labels.valueEnd(this.labelCount),
    );
  }

  /** The bytes from the first label's name to the last one's closing quote. */
  private measureLabels(): number {
    if (this.labelCount === 0) return 0;
    return this.labels.valueEnd(this.labelCount - 1) + 1 - this.quotedStart(this.labels.nameStart(0));
  }

  private quotedStart(start: number): number {
    return this.lines[start - 1] === QUOTE ? start - 1 : start;
  }

  /**
   * Steps over the labels that the metric's first line had, and reads le or quantile; returns where the value starts.
   */
  private readKey(separator: number): number {
    const at = separator + 1 + (this.labelsSize === 0 ? 0 : this.labelsSize + 1);
    if (this.labelsSize > 0) this.expect(at - 1, COMMA);
    const keyStart = this.nameStop(at, EQUALS) + 2;
    this.expect(keyStart - 1, QUOTE);
    const keyEnd = this.quotedEnd(keyStart);
    this.points.setKey(this.pointCount++, keyStart, keyEnd);
    this.expect(keyEnd + 1, BRACE_CLOSE);
    this.expect(keyEnd + 2, SPACE);
    return keyEnd + 3;
  }

  private skipLabels(separator: number): number {
    if (this.labelsSize === 0 && this.lines[separator] === SPACE) return separator + 1;
    const close = this.labelsSize === 0 ? separator : separator + 1 + this.labelsSize;
    this.expect(close, BRACE_CLOSE);
    this.expect(close + 1, SPACE);
    return close + 2;
  }

  /** Reads the name of the line at `start`; returns the place of what follows it: a brace, a comma or the space. */
  private readName(start: number): number {
    const lines = this.lines;
    if (lines[start] === BRACE_OPEN) {
      this.expect(start + 1, QUOTE);
      this.nameStart = start + 2;
      this.nameEnd = this.quotedEnd(start + 2);
      this.hasQuotedNames = true;
      return this.nameEnd + 1;
    }
    let at = start;
    const end = this.end;
    while (at < end && lines[at] !== BRACE_OPEN && lines[at] !== SPACE) at++;
    if (at === end) this.broken("a name", start);
    this.nameStart = start;
    this.nameEnd = at;
    return at;
  }

  /** Reads labels from `at` on, and stops before the value; false: there are more. */
  private readLabels(): boolean {
    const lines = this.lines;
    let at = this.at;
    if (lines[at] === SPACE) {
      this.at = at + 1;
      return true;
    }
    const stop = at + STEP_BYTES;
    while (lines[at] !== BRACE_CLOSE) {
      if (lines[at] !== COMMA && lines[at] !== BRACE_OPEN) this.broken("a comma or a closing brace", at);
      if (at > stop) {
        this.at = at;
        return false;
      }
      at = this.readLabel(at + 1);
    }
    this.expect(at + 1, SPACE);
    this.at = at + 2;
    return true;
  }

  private readLabel(start: number): number {
    const label = this.labelCount++;
    const quoted = this.lines[start] === QUOTE;
    const nameStart = quoted ? start + 1 : start;
    this.escapes = 0;
    const nameEnd = quoted ? this.quotedEnd(nameStart) : this.nameStop(start, EQUALS);
    if (quoted) this.hasQuotedNames = true;
    this.labels.setName(label, nameStart, nameEnd, this.escapes);
    const valueStart = nameEnd + (quoted ? 3 : 2);
    this.expect(valueStart - 2, EQUALS);
    this.expect(valueStart - 1, QUOTE);
    const valueEnd = this.quotedEnd(valueStart);
    this.labels.setValue(label, valueStart, valueEnd, this.escapes);
    return valueEnd + 1;
  }

  /** The end of the value at `start`; the line ends behind it. */
  private readValue(start: number): number {
    const end = this.nameStop(start, LINE_FEED);
    this.lineEnd = end + 1;
    return end;
  }

  /** The place of the first `stop` from `start` on. */
  private nameStop(start: number, stop: number): number {
    const lines = this.lines;
    const end = this.end;
    let at = start;
    while (at < end && lines[at] !== stop) at++;
    if (at >= end || at === start) this.broken(`something before ${JSON.stringify(String.fromCharCode(stop))}`, start);
    return at;
  }

  /** The closing quote of what begins at `start`; counts the escapes on the way. */
  private quotedEnd(start: number): number {
    const lines = this.lines;
    const end = this.end;
    let escapes = 0;
    for (let at = start; at < end; at++) {
      const byte = lines[at];
      if (byte === QUOTE) {
        this.escapes = escapes;
        return at;
      }
      if (byte === BACKSLASH) {
        escapes++;
        at++;
      }
    }
    return this.broken("a closing quote", start);
  }

  /** The size of the name on the last line, which is the `_count` of the family's last summary or histogram. */
  private lastNameSize(): number {
    this.readName(this.end < 2 ? 0 : this.lines.lastIndexOf(LINE_FEED, this.end - 2) + 1);
    this.expect(this.nameEnd - COUNT_SUFFIX, UNDERSCORE);
    this.expect(this.nameEnd - COUNT_SUFFIX + 1, LOWER_C);
    return this.nameEnd - this.nameStart;
  }

  private expect(at: number, byte: number): void {
    if (at >= this.end || this.lines[at] !== byte) this.broken(JSON.stringify(String.fromCharCode(byte)), at);
  }

  private broken(expected: string, at: number): never {
    const excerpt = decodeText(this.lines, Math.max(0, at - 60), Math.min(this.end, at + 60));
    throw new Broken(`reading stored lines: expected ${expected} at byte ${at}, near ${JSON.stringify(excerpt)}`);
  }
}

function pointSuffixOf(type: MetricType): number {
  if (type === MetricType.summary) return QUANTILE_SUFFIX;
  return type === MetricType.histogram || type === MetricType.gaugeHistogram ? BUCKET_SUFFIX : -1;
}
