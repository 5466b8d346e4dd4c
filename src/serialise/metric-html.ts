import { byteAt } from "../bytes/at.ts";
import type { Writer } from "../bytes/writer.ts";
import type { LineCursor } from "../exposition/line-cursor.ts";
import { MetricType } from "../model/metric-type.ts";
import type { LabelPair, ShownFamily } from "../model/view.ts";
import { SideCursor } from "../protobuf/metric-reader.ts";
import { htmlText } from "./html-text.ts";
import type { NativeBucket } from "./native-histogram.ts";
import { inRuns, LARGE_METRIC_BYTES, NOTHING, PIECE_BYTES, pieceOf, RUN, STRIDE_BYTES } from "./pieces.ts";
import { appendCount, countsAreWhole, countsAreWholeInTurns } from "./points.ts";
import { type ShownMetric, type ShownPoint, type ShownPoints, showSide } from "./shown-metric.ts";
import { paused } from "./side-json.ts";

const PAIRS_START = '<div class="scroll"><table>';
const PAIRS_END = "</table></div>";
const ROW_START = '<tr><td><span class="labels">';
const VALUE_COLUMN = "</span></td><td>";
const ROW_END = "</td></tr>";

/** Bytes that need no escape in HTML, nor in a JSON string in it. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte >= 0x20 && byte < 0x7f && !"\"\\<>&'".includes(String.fromCharCode(byte)) ? 1 : 0;
});

/** Labels as the page shows them: `name="value"` each. */
export function labelsHtml(labels: readonly LabelPair[]): string {
  return `<span class="labels">${labels.map(labelHtml).join(" ")}</span>`;
}

function labelHtml({ name, value }: LabelPair): string {
  return `<code>${htmlText(`${name}=${JSON.stringify(value)}`)}</code>`;
}

/**
 * Appends a table row for each metric of a family. Yields what was appended when it is large enough for a piece; the
 * rest is left in `out`.
 */
export function* metricRows(
  out: Writer,
  { side, lines, type }: ShownFamily,
  cursor: LineCursor,
): Generator<Uint8Array> {
  if (side !== null) return yield* sideRows(out, side, type);
  cursor.open(lines, type);
  let stop = STRIDE_BYTES;
  while (cursor.begin()) {
    while (!cursor.readOn()) yield NOTHING;
    out.ascii(ROW_START);
    if (cursor.sizeBytes > LARGE_METRIC_BYTES) yield* largeMetric(out, cursor, type);
    else appendMetric(out, cursor, type);
    out.ascii(ROW_END);
    if (out.length < PIECE_BYTES && cursor.lineEnd < stop) continue;
    stop = cursor.lineEnd + STRIDE_BYTES;
    yield pieceOf(out);
  }
}

function appendMetric(out: Writer, cursor: LineCursor, type: MetricType): void {
  appendLabels(out, cursor, 0, cursor.labelCount);
  out.ascii(VALUE_COLUMN);
  if (isPlain(type)) return out.copy(cursor.lines, cursor.valueStart, cursor.valueEnd);
  const whole = type === MetricType.summary || countsAreWhole(cursor);
  appendTotals(out, cursor, whole);
  appendPoints(out, cursor, type, whole, 0, cursor.pointCount);
  out.ascii(PAIRS_END);
}

/** A metric of any size, its labels and points in runs. */
function* largeMetric(out: Writer, cursor: LineCursor, type: MetricType): Generator<Uint8Array> {
  yield* inRuns(out, cursor.labelCount, 1, (from, to) => appendLabels(out, cursor, from, to));
  out.ascii(VALUE_COLUMN);
  if (isPlain(type)) return out.copy(cursor.lines, cursor.valueStart, cursor.valueEnd);
  const whole = type === MetricType.summary || (yield* countsAreWholeInTurns(cursor));
  appendTotals(out, cursor, whole);
  yield* inRuns(out, cursor.pointCount, RUN, (from, to) => appendPoints(out, cursor, type, whole, from, to));
  out.ascii(PAIRS_END);
}

function isPlain(type: MetricType): boolean {
  return type === MetricType.counter || type === MetricType.gauge || type === MetricType.untyped;
}

function appendTotals(out: Writer, cursor: LineCursor, whole: boolean): void {
  const { lines } = cursor;
  out.ascii(`${PAIRS_START}<tr><th scope="row">count</th><td>`);
  appendCount(out, lines, cursor.countStart, cursor.countEnd, whole);
  out.ascii('</td></tr><tr><th scope="row">sum</th><td>');
  out.copy(lines, cursor.sumStart, cursor.sumEnd);
  out.ascii(ROW_END);
}

function appendPoints(
  out: Writer,
  { lines, points }: LineCursor,
  type: MetricType,
  whole: boolean,
  from: number,
  to: number,
): void {
  const isSummary = type === MetricType.summary;
  for (let point = from; point < to; point++) {
    const start = points.valueStart(point);
    const end = points.valueEnd(point);
    out.ascii(isSummary ? '<tr><th scope="row">quantile ' : '<tr><th scope="row">le ');
    out.copy(lines, points.keyStart(point), points.keyEnd(point));
    out.ascii("</th><td>");
    if (isSummary) out.copy(lines, start, end);
    else appendCount(out, lines, start, end, whole);
    out.ascii(ROW_END);
  }
}

/** The labels [from, to) with blanks between them. */
function appendLabels(out: Writer, cursor: LineCursor, from: number, to: number): void {
  const { lines, labels } = cursor;
  for (let i = from; i < to; i++) {
    out.ascii(i === 0 ? "<code>" : " <code>");
    const start = out.length;
    const isShort =
      labels.nameEscapes(i) === 0 &&
      labels.valueEscapes(i) === 0 &&
      appendPlain(out, lines, labels.nameStart(i), labels.nameEnd(i)) &&
      appendQuoted(out, lines, labels.valueStart(i), labels.valueEnd(i));
    if (isShort) out.ascii("</code>");
    else {
      out.length = start;
      out.text(`${htmlText(`${cursor.labelName(i)}=${JSON.stringify(cursor.labelValue(i))}`)}</code>`);
    }
  }
}

function appendQuoted(out: Writer, source: Uint8Array, start: number, end: number): boolean {
  out.ascii("=&quot;");
  if (!appendPlain(out, source, start, end)) return false;
  out.ascii("&quot;");
  return true;
}

/** Appends source[start, end) as it is; false where something in it has to be escaped. */
function appendPlain(out: Writer, source: Uint8Array, start: number, end: number): boolean {
  out.reserve(end - start);
  const target = out.bytes;
  let to = out.length;
  for (let at = start; at < end; at++) {
    const byte = byteAt(source, at);
    if (PLAIN[byte] === 0) return false;
    target[to++] = byte;
  }
  out.length = to;
  return true;
}

function* sideRows(out: Writer, side: Uint8Array, type: MetricType): Generator<Uint8Array> {
  const cursor = new SideCursor(side);
  while (cursor.step()) {
    const isLarge = cursor.sizeBytes > LARGE_METRIC_BYTES;
    const metric = showSide(isLarge ? yield* paused(cursor.metricInTurns()) : cursor.metric(), type);
    out.ascii(ROW_START);
    for (const [i, label] of metric.labels.entries()) {
      out.text(`${i === 0 ? "" : " "}${labelHtml(label)}`);
      if (out.length > LARGE_METRIC_BYTES) yield pieceOf(out);
    }
    out.ascii(VALUE_COLUMN);
    yield* valuePieces(out, metric);
    out.ascii(ROW_END);
    yield pieceOf(out);
  }
}

function* valuePieces(out: Writer, metric: ShownMetric): Generator<Uint8Array> {
  if (metric.kind === "value") return out.text(htmlText(metric.value));
  out.text(`${PAIRS_START}${pairHtml("count", metric.count)}${pairHtml("sum", metric.sum)}`);
  let passed = 0;
  for (const pair of pairsOf(metric)) {
    if (pair !== null) out.text(pairHtml(...pair));
    if (pair === null || ++passed % RUN === 0) yield pieceOf(out);
  }
  out.ascii(PAIRS_END);
}

function* pairsOf(metric: Exclude<ShownMetric, { kind: "value" }>): Generator<ShownPoint | null> {
  if (metric.kind === "summary") yield* pointPairs("quantile", metric.quantiles);
  else if (metric.kind === "histogram") yield* pointPairs("le", metric.buckets);
  else for (const bucket of metric.buckets) yield bucket === null ? null : nativePair(bucket);
}

function* pointPairs(label: string, points: ShownPoints): Generator<ShownPoint> {
  for (let point = 0; point < points.count; point++) yield [`${label} ${points.key(point)}`, points.value(point)];
}

function pairHtml(name: string, value: string): string {
  return `<tr><th scope="row">${htmlText(name)}</th><td>${htmlText(value)}</td></tr>`;
}

/** A bucket in the notation of intervals: a square bracket at an end that belongs to it. */
function nativePair({ boundaries, lower, upper, count }: NativeBucket): ShownPoint {
  const opening = boundaries === 1 || boundaries === 3 ? "[" : "(";
  const closing = boundaries === 0 || boundaries === 3 ? "]" : ")";
  return [`${opening}${lower}, ${upper}${closing}`, count];
}
