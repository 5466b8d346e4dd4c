import { byteAt } from "../bytes/at.ts";
import { BRACE_CLOSE, BRACE_OPEN, COMMA, LINE_FEED, MINUS, QUOTE, SPACE } from "../bytes/characters.ts";
import { Writer } from "../bytes/writer.ts";
import { escapeText } from "../exposition/escape.ts";
import { LineCursor } from "../exposition/line-cursor.ts";
import { isUint64, readFloat } from "../exposition/number-text.ts";
import { isComposite, MetricType } from "../model/metric-type.ts";
import { type EscapingScheme, escapeLabelName, isLegacyMetricName } from "../model/names.ts";
import { OpenMetricsAsides } from "./openmetrics-exemplar.ts";
import { appendOpenMetricsFloat } from "./openmetrics-float.ts";
import { CREATED, type OpenMetricsShape } from "./openmetrics-kind.ts";
import type { PageRun } from "./page-runs.ts";
import { NOTHING, PIECE_BYTES, pieceOf, RUN, STRIDE_BYTES } from "./pieces.ts";
import { appendCount } from "./points.ts";
import { SideWalk, type Span } from "./side-walk.ts";

/** Which lines of a metric are written. */
export const Lines = { points: 1, sum: 2, count: 4, all: 7 } as const;

const UPPER_N = 0x4e;
const ONE = 0x31;

/** Writes the finished lines of a family, with what stands beside them, as OpenMetrics has them. Keep one. */
export class OpenMetricsLines {
  /** Some metric since `begin` is not as its type has to be in OpenMetrics. */
  isFaulty = false;
  private readonly cursor = new LineCursor();
  private readonly side = new SideWalk();
  private readonly asides = new OpenMetricsAsides();
  /** The labels of the metric, where they are renamed. */
  private readonly renamed = new Writer(1024);
  private heads: readonly Uint8Array[] = [];
  private shape: OpenMetricsShape = { word: "unknown", stem: "", suffixes: ["", "", ""] };
  private type: MetricType = MetricType.untyped;
  private scheme: EscapingScheme = "allow-utf-8";
  private isQuoted = false;
  private lines: number = Lines.all;
  /** Where the labels of the metric are; start = end: it has none. */
  private labels: Uint8Array = NOTHING;
  private labelsStart = 0;
  private labelsEnd = 0;
  /** The point that is next, and what the points before it were. */
  private point = 0;
  private lastBound = -Infinity;
  private lastCount = 0;
  private hasNegativeBound = false;

  constructor(private readonly withCreated: boolean) {}

  /** Begins with a family of this shape, some lines of whose metrics are to be written. */
  begin(shape: OpenMetricsShape, type: MetricType, scheme: EscapingScheme, lines: number): void {
    this.isFaulty = false;
    this.shape = shape;
    this.type = type;
    this.scheme = scheme;
    this.lines = lines;
    const { stem, suffixes } = shape;
    this.isQuoted = !isLegacyMetricName(stem + suffixes[0]);
    this.heads = [...suffixes, CREATED].map((suffix) => this.headOf(stem + suffix));
  }

  private headOf(name: string): Uint8Array {
    return Buffer.from(this.isQuoted ? `{"${escapeText(name)}"` : name);
  }

  /** Appends some lines of the family; pieces that are large enough are handed on, the rest is left in `out`. */
  *write(out: Writer, { lines, side }: PageRun): Generator<Uint8Array> {
    const { cursor } = this;
    cursor.open(lines, this.type);
    this.side.open(side, this.type);
    let stop = STRIDE_BYTES;
    while (cursor.begin()) {
      while (!cursor.readOn()) yield NOTHING;
      this.beginMetric();
      while (!this.metricOn(out)) yield pieceOf(out);
      if (out.length < PIECE_BYTES && cursor.lineEnd < stop) continue;
      stop = cursor.lineEnd + STRIDE_BYTES;
      yield pieceOf(out);
    }
  }

  private beginMetric(): void {
    const { cursor } = this;
    this.side.step();
    this.point = 0;
    this.lastBound = -Infinity;
    this.lastCount = 0;
    this.hasNegativeBound = false;
    this.labels = cursor.lines;
    this.labelsStart = 0;
    this.labelsEnd = 0;
    if (cursor.labelCount === 0) return;
    if (this.scheme !== "allow-utf-8" && cursor.hasQuotedNames) return this.renameLabels();
    const { labels, lines } = cursor;
    const start = labels.nameStart(0);
    this.labelsStart = lines[start - 1] === QUOTE ? start - 1 : start;
    this.labelsEnd = labels.valueEnd(cursor.labelCount - 1) + 1;
  }

  private renameLabels(): void {
    const { cursor, renamed, scheme } = this;
    renamed.reset();
    for (let label = 0; label < cursor.labelCount; label++) {
      if (label > 0) renamed.byte(COMMA);
      renamed.text(escapeLabelName(cursor.labelName(label), scheme));
      renamed.ascii('="');
      renamed.copy(cursor.lines, cursor.labels.valueStart(label), cursor.labels.valueEnd(label));
      renamed.byte(QUOTE);
    }
    this.labels = renamed.bytes;
    this.labelsEnd = renamed.length;
  }

  /** Goes on with the metric; false: there is more of it. */
  private metricOn(out: Writer): boolean {
    return isComposite(this.type) ? this.compositeOn(out) : this.plainOn(out);
  }

  private plainOn(out: Writer): boolean {
    const { cursor, side } = this;
    if (!side.pointOn()) return false;
    const { lines, valueStart, valueEnd } = cursor;
    this.checkPlain();
    this.startLine(out, 0, null);
    appendOpenMetricsFloat(out, lines, valueStart, valueEnd);
    if (this.shape.word === "counter") this.appendExemplar(out);
    out.byte(LINE_FEED);
    if (this.shape.word === "counter") this.appendCreated(out);
    return true;
  }

  private checkPlain(): void {
    const { cursor, shape } = this;
    const { lines, valueStart, valueEnd } = cursor;
    const first = byteAt(lines, valueStart);
    const isOne = valueEnd === valueStart + 1 && first === ONE;
    if (shape.word === "counter" && isBelowZero(first)) this.isFaulty = true;
    if (shape.word === "info" && !isOne) this.isFaulty = true;
    if (shape.word !== "stateset") return;
    const isBit = valueEnd === valueStart + 1 && (first === ONE || first === ONE - 1);
    if (!isBit || !this.hasLabel(shape.stem)) this.isFaulty = true;
  }

  private hasLabel(name: string): boolean {
    const { cursor } = this;
    for (let label = 0; label < cursor.labelCount; label++)
      if (escapeLabelName(cursor.labelName(label), this.scheme) === name) return true;
    return false;
  }

  private compositeOn(out: Writer): boolean {
    const { cursor, side } = this;
    for (let left = RUN; this.point < cursor.pointCount; left--) {
      if (left === 0 || out.length >= PIECE_BYTES || !side.pointOn()) return false;
      if ((this.lines & Lines.points) !== 0) this.appendPoint(out, this.point);
      this.point++;
    }
    if (!side.pointOn()) return false;
    this.appendTotals(out);
    return true;
  }

  private appendPoint(out: Writer, point: number): void {
    const { cursor, shape, side } = this;
    const { lines, points } = cursor;
    const start = points.valueStart(point);
    const end = points.valueEnd(point);
    this.startLine(out, 0, this.type === MetricType.summary ? "quantile" : "le");
    appendOpenMetricsFloat(out, lines, points.keyStart(point), points.keyEnd(point));
    out.ascii('"} ');
    if (shape.word === "unknown" || this.type === MetricType.summary) appendOpenMetricsFloat(out, lines, start, end);
    else if (side.exactBucket !== null) out.ascii(side.exactBucket.toString());
    else appendCount(out, lines, start, end, true);
    if (shape.word !== "unknown") {
      this.checkPoint(point);
      if (this.type !== MetricType.summary) this.appendExemplar(out);
    }
    out.byte(LINE_FEED);
  }

  private checkPoint(point: number): void {
    const { lines, points } = this.cursor;
    const key = readFloat(lines, points.keyStart(point), points.keyEnd(point));
    const value = readFloat(lines, points.valueStart(point), points.valueEnd(point));
    if (this.type === MetricType.summary) {
      if (!(key >= 0 && key <= 1) || value < 0) this.isFaulty = true;
      return;
    }
    if (!(key > this.lastBound || (key === -Infinity && point === 0))) this.isFaulty = true;
    if (!isUint64(value) || value < this.lastCount) this.isFaulty = true;
    if (key < 0) this.hasNegativeBound = true;
    this.lastBound = key;
    this.lastCount = value;
  }

  private appendTotals(out: Writer): void {
    const { cursor, shape, side } = this;
    const { lines } = cursor;
    const isPlain = shape.word === "unknown";
    if (!isPlain) this.checkTotals();
    if (side.hasTotals && (this.lines & Lines.sum) !== 0) {
      this.startLine(out, 1, null);
      appendOpenMetricsFloat(out, lines, cursor.sumStart, cursor.sumEnd);
      out.byte(LINE_FEED);
    }
    if (side.hasTotals && (this.lines & Lines.count) !== 0) {
      this.startLine(out, 2, null);
      if (isPlain) appendOpenMetricsFloat(out, lines, cursor.countStart, cursor.countEnd);
      else if (side.exactCount !== null) out.ascii(side.exactCount.toString());
      else appendCount(out, lines, cursor.countStart, cursor.countEnd, true);
      out.byte(LINE_FEED);
    }
    if (shape.word === "summary" || shape.word === "histogram") this.appendCreated(out);
  }

  private checkTotals(): void {
    const { cursor, side, type } = this;
    const { lines } = cursor;
    if (type !== MetricType.summary && this.lastBound !== Infinity) this.isFaulty = true;
    if (!side.hasTotals) return;
    const count = readFloat(lines, cursor.countStart, cursor.countEnd);
    if (!isUint64(count)) this.isFaulty = true;
    const first = byteAt(lines, cursor.sumStart);
    const isGauge = type === MetricType.gaugeHistogram;
    if (isBelowZero(first) && !(isGauge && first === MINUS && this.hasNegativeBound)) this.isFaulty = true;
    if (type === MetricType.summary) return;
    if (count !== this.lastCount || (this.hasNegativeBound && !isGauge)) this.isFaulty = true;
  }

  /** Appends what a line begins with, up to the value, or with a further label up to the value of that. */
  private startLine(out: Writer, head: number, label: string | null): void {
    const hasLabels = this.labelsEnd > this.labelsStart;
    out.append(this.heads[head] ?? NOTHING);
    if (hasLabels) {
      out.byte(this.isQuoted ? COMMA : BRACE_OPEN);
      out.copy(this.labels, this.labelsStart, this.labelsEnd);
    }
    if (label !== null) {
      out.byte(this.isQuoted || hasLabels ? COMMA : BRACE_OPEN);
      out.ascii(label);
      out.ascii('="');
      return;
    }
    if (this.isQuoted || hasLabels) out.byte(BRACE_CLOSE);
    out.byte(SPACE);
  }

  private appendExemplar(out: Writer): void {
    const { exemplar, source } = this.side;
    if (exemplar.end > 0) this.asides.appendExemplar(out, source, exemplar.start, endOf(exemplar), this.scheme);
  }

  private appendCreated(out: Writer): void {
    const { created, source } = this.side;
    if (!this.withCreated || created.end === 0) return;
    const time = this.asides.timeText(source, created.start, endOf(created));
    if (time === null) return;
    this.startLine(out, 3, null);
    out.ascii(time);
    out.byte(LINE_FEED);
  }
}

const endOf = ({ start, end }: Span): number => Math.max(start, end);

/** Whether a number that begins so is below zero, or none: no line has -0. */
const isBelowZero = (first: number): boolean => first === MINUS || first === UPPER_N;
