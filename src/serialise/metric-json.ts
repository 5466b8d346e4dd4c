import { BRACE_OPEN, COLON, COMMA, QUOTE } from "../bytes/characters.ts";
import { sameBytes } from "../bytes/hash.ts";
import { textOf } from "../bytes/utf8-text.ts";
import type { Writer } from "../bytes/writer.ts";
import { LineCursor } from "../exposition/line-cursor.ts";
import { METRIC_TYPE_NAMES } from "../model/metric-type.ts";
import type { LabelPair, ShownFamily } from "../model/view.ts";
import { cutWritten } from "./cut-texts.ts";
import { appendJson } from "./json-bytes.ts";
import { jsonString, jsonStringMap } from "./json-text.ts";
import { ALL_METRICS, type MetricKind, type MetricsView, mostLabelBytes, shownAs } from "./metrics-view.ts";
import { inRuns, LARGE_METRIC_BYTES, NOTHING, PIECE_BYTES, pieceOf, RUN, STRIDE_BYTES } from "./pieces.ts";
import { appendCount, countsAreWhole, countsAreWholeInTurns, PointOrder } from "./points.ts";
import { sideJsonPieces } from "./side-json.ts";
import { timeText } from "./time-text.ts";

/** Heads of families with ids below this are kept, if they are not larger than that. */
const HEADS_KEPT = 4096;
const HEAD_BYTES = 1024;

/** What comes before the time, and before the metrics, of a family. */
interface JsonHead {
  readonly of: Pick<ShownFamily, "name" | "type" | "help">;
  readonly name: Uint8Array;
  readonly about: Uint8Array;
}

/** What families are written as JSON with; keep one and pass it every time. */
export class JsonScratch {
  readonly cursor = new LineCursor();
  readonly order = new PointOrder();
  /** By the id of the family: many groups have the same families. */
  private readonly heads: (JsonHead | undefined)[] = [];
  private timeMs = Number.NaN;
  private time = new Uint8Array(0);

  /** A time as a JSON string: families that were pushed together share theirs. */
  timeOf(timeMs: number): Uint8Array {
    if (timeMs !== this.timeMs) this.time = Buffer.from(`"${timeText(timeMs)}"`);
    this.timeMs = timeMs;
    return this.time;
  }

  headOf(family: ShownFamily): JsonHead {
    const kept = this.heads[family.id];
    if (kept !== undefined && isAlike(kept.of, family)) return kept;
    const head = makeHead(family);
    if (family.id < HEADS_KEPT && head.name.length + head.about.length <= HEAD_BYTES) this.heads[family.id] = head;
    return head;
  }
}

function isAlike(a: JsonHead["of"], b: JsonHead["of"]): boolean {
  if (a.type !== b.type || a.name !== b.name) return false;
  if (a.help === null || b.help === null) return a.help === b.help;
  return a.help.length === b.help.length && sameBytes(a.help, 0, b.help, 0, a.help.length);
}

function makeHead({ name, type, help }: ShownFamily): JsonHead {
  const helpJson = help === null || help.length === 0 ? "" : `"help":${jsonString(textOf(help))},`;
  return {
    of: { name, type, help },
    name: Buffer.from(`${jsonString(name)}:{"time_stamp":`),
    about: Buffer.from(`,"type":"${METRIC_TYPE_NAMES[type]}",${helpJson}"metrics":[`),
  };
}

/** A JSON object of labels. */
export function labelsJson(labels: readonly LabelPair[]): string {
  return jsonStringMap(labels.map(({ name, value }): [string, string] => [name, value]));
}

/**
 * Appends a family of the answer of /api/v1/metrics under its name: time_stamp, type, help unless it is empty, metrics.
 * Yields what was appended when it is large enough for a piece; the rest is left in `out`.
 */
export function* familyJsonPieces(out: Writer, family: ShownFamily, scratch: JsonScratch): Generator<Uint8Array> {
  const head = scratch.headOf(family);
  out.append(head.name);
  out.append(scratch.timeOf(family.pushedMs));
  out.append(head.about);
  yield* metricsPieces(out, family, ALL_METRICS, scratch);
  out.ascii("]}");
}

/** Appends metrics of a family as JSON objects with commas between them; pieces as in familyJsonPieces. */
export function* metricsPieces(
  out: Writer,
  family: Pick<ShownFamily, "lines" | "side" | "type">,
  view: MetricsView,
  scratch: JsonScratch,
): Generator<Uint8Array> {
  if (family.side !== null) yield* sideJsonPieces(out, family.side, family.type, view);
  else yield* linesJsonPieces(out, family, view, scratch);
}

function* linesJsonPieces(
  out: Writer,
  { lines, type }: Pick<ShownFamily, "lines" | "type">,
  view: MetricsView,
  { cursor, order }: JsonScratch,
): Generator<Uint8Array> {
  const { offset } = view;
  const kind = shownAs(type, view);
  const end = offset + view.limit;
  cursor.open(lines, type);
  let stop = STRIDE_BYTES;
  for (let metric = 0; metric < end && cursor.begin(); metric++) {
    if (metric > offset) out.byte(COMMA);
    while (!cursor.readOn()) yield NOTHING;
    if (metric < offset) {
      if (cursor.lineEnd < stop) continue;
    } else if (cursor.sizeBytes > LARGE_METRIC_BYTES) yield* largeMetric(out, cursor, kind, order, view);
    else appendMetric(out, cursor, kind, order, view);
    if (out.length < PIECE_BYTES && cursor.lineEnd < stop) continue;
    stop = cursor.lineEnd + STRIDE_BYTES;
    yield pieceOf(out);
  }
}

/** Keys come sorted, as Go writes maps. */
function appendMetric(out: Writer, cursor: LineCursor, kind: MetricKind, order: PointOrder, view: MetricsView): void {
  if (kind === "summary") return appendSummary(out, cursor, order, view);
  if (kind === "histogram") return appendHistogram(out, cursor, order, view);
  out.ascii('{"labels":{');
  appendLabels(out, cursor, 0, cursor.labelCount, view, true);
  appendValue(out, cursor, kind);
}

function appendValue(out: Writer, cursor: LineCursor, kind: MetricKind): void {
  out.ascii('},"value":"');
  if (kind === "zero") out.ascii("0");
  else out.copy(cursor.lines, cursor.valueStart, cursor.valueEnd);
  out.ascii('"}');
}

function appendSummary(out: Writer, cursor: LineCursor, order: PointOrder, view: MetricsView): void {
  order.sort(cursor);
  out.ascii("{");
  appendTotal(out, cursor, true);
  out.ascii('"labels":{');
  appendLabels(out, cursor, 0, cursor.labelCount, view, true);
  out.ascii('},"quantiles":{');
  appendPoints(out, cursor, order, null, 0, cursor.pointCount);
  out.ascii("},");
  appendSum(out, cursor);
}

function appendHistogram(out: Writer, cursor: LineCursor, order: PointOrder, view: MetricsView): void {
  const whole = countsAreWhole(cursor);
  order.sort(cursor);
  out.ascii('{"buckets":{');
  appendPoints(out, cursor, order, whole, 0, cursor.pointCount);
  out.ascii("},");
  appendTotal(out, cursor, whole);
  out.ascii('"labels":{');
  appendLabels(out, cursor, 0, cursor.labelCount, view, true);
  out.ascii("},");
  appendSum(out, cursor);
}

/** A metric of any size, its labels and points in runs. */
function* largeMetric(
  out: Writer,
  cursor: LineCursor,
  kind: MetricKind,
  order: PointOrder,
  view: MetricsView,
): Generator<Uint8Array> {
  if (kind === "value" || kind === "zero") {
    yield* largeLabels(out, cursor, '{"labels":{', view);
    return appendValue(out, cursor, kind);
  }
  const whole = kind === "summary" ? null : yield* countsAreWholeInTurns(cursor);
  yield* order.sortInTurns(cursor);
  if (whole === null) {
    out.ascii("{");
    appendTotal(out, cursor, true);
    yield* largeLabels(out, cursor, '"labels":{', view);
    out.ascii('},"quantiles":{');
  } else out.ascii('{"buckets":{');
  yield* inRuns(out, cursor.pointCount, RUN, (from, to) => appendPoints(out, cursor, order, whole, from, to));
  out.ascii("},");
  if (whole !== null) {
    appendTotal(out, cursor, whole);
    yield* largeLabels(out, cursor, '"labels":{', view);
    out.ascii("},");
  }
  appendSum(out, cursor);
}

function* largeLabels(out: Writer, cursor: LineCursor, head: string, view: MetricsView): Generator<Uint8Array> {
  out.ascii(head);
  let isFirst = true;
  yield* inRuns(out, cursor.labelCount, 1, (from, to) => {
    isFirst = appendLabels(out, cursor, from, to, view, isFirst);
  });
}

function appendTotal(out: Writer, { lines, countStart, countEnd }: LineCursor, whole: boolean): void {
  out.ascii('"count":"');
  appendCount(out, lines, countStart, countEnd, whole);
  out.ascii('",');
}

function appendSum(out: Writer, { lines, sumStart, sumEnd }: LineCursor): void {
  out.ascii('"sum":"');
  out.copy(lines, sumStart, sumEnd);
  out.ascii('"}');
}

/**
 * The labels [from, to), which the lines have sorted by name. Returns whether none was written so far; `isFirst` says
 * so of those before.
 */
function appendLabels(
  out: Writer,
  { lines, labels }: LineCursor,
  from: number,
  to: number,
  view: MetricsView,
  isFirst: boolean,
): boolean {
  const { hidden } = view;
  // Labels stand end to end: where one begins says how much those before it are.
  const end = from === to ? 0 : labels.nameStart(0) + mostLabelBytes(view);
  let isNone = isFirst;
  for (let label = from; label < to; label++) {
    const nameStart = labels.nameStart(label);
    const nameEnd = labels.nameEnd(label);
    const valueStart = labels.valueStart(label);
    const valueEnd = labels.valueEnd(label);
    if (hidden?.hidesWritten(lines, nameStart, nameEnd, valueEnd === valueStart)) continue;
    const isCut = valueEnd > end;
    if (isCut && label > 0 && labels.valueEnd(label - 1) > end) break;
    if (!isNone) out.byte(COMMA);
    isNone = false;
    if (isCut)
      out.text(cutLabelJson(lines, [nameStart, nameEnd], [valueStart, valueEnd], Math.max(0, end - nameStart)));
    else {
      appendJson(out, lines, nameStart, nameEnd, labels.nameEscapes(label));
      out.byte(COLON);
      appendJson(out, lines, valueStart, valueEnd, labels.valueEscapes(label));
    }
  }
  return isNone;
}

/** The last of the labels that are told, which is the one that goes beyond what is told: name and value are cut. */
function cutLabelJson(
  lines: Uint8Array,
  [nameStart, nameEnd]: readonly [number, number],
  [valueStart, valueEnd]: readonly [number, number],
  most: number,
): string {
  const name = cutWritten(lines, nameStart, nameEnd, most);
  const value = cutWritten(lines, valueStart, valueEnd, Math.max(0, most - (valueStart - nameStart)));
  return `${jsonString(name)}:${jsonString(value)}`;
}

/** The points at the places [from, to) of the order; as counts, whole or not, or with `whole` null as they are. */
function appendPoints(
  out: Writer,
  cursor: LineCursor,
  order: PointOrder,
  whole: boolean | null,
  from: number,
  to: number,
): void {
  const { lines, points } = cursor;
  for (let place = from; place < to; place++) {
    const point = order.at(place, cursor);
    if (point < 0) continue;
    if (out.bytes[out.length - 1] !== BRACE_OPEN) out.byte(COMMA);
    out.byte(QUOTE);
    out.copy(lines, points.keyStart(point), points.keyEnd(point));
    out.ascii('":"');
    const start = points.valueStart(point);
    const end = points.valueEnd(point);
    if (whole === null) out.copy(lines, start, end);
    else appendCount(out, lines, start, end, whole);
    out.byte(QUOTE);
  }
}
