import { Broken } from "../bytes/broken.ts";
import type { Writer } from "../bytes/writer.ts";
import { appendUnescaped } from "../exposition/escape.ts";
import { LineCursor } from "../exposition/line-cursor.ts";
import type { LineLabels } from "../exposition/line-rows.ts";
import { isUint64, readFloat } from "../exposition/number-text.ts";
import { MetricType } from "../model/metric-type.ts";
import type { EscapingScheme } from "../model/names.ts";
import type { GroupFamily } from "../model/view.ts";
import {
  BUCKET_BOUND,
  BUCKET_COUNT,
  BUCKET_COUNT_FLOAT,
  FAMILY_HELP,
  FAMILY_METRIC,
  FAMILY_NAME,
  FAMILY_TYPE,
  FAMILY_UNIT,
  HISTOGRAM_BUCKET,
  HISTOGRAM_COUNT,
  HISTOGRAM_COUNT_FLOAT,
  HISTOGRAM_SUM,
  keyOf,
  METRIC_COUNTER,
  METRIC_GAUGE,
  METRIC_HISTOGRAM,
  METRIC_LABEL,
  METRIC_SUMMARY,
  METRIC_UNTYPED,
  PAIR_NAME,
  PAIR_VALUE,
  QUANTILE_RANK,
  QUANTILE_VALUE,
  SINGLE_VALUE,
} from "../protobuf/field-numbers.ts";
import { appendBytesField, appendTag, appendVarint, DoubleWriter, varintSize } from "../protobuf/varint.ts";
import { WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { escapeMetricNames } from "./escape-metrics.ts";
import { EscapedNames } from "./escaped-names.ts";
import { inRuns, LARGE_METRIC_BYTES, NOTHING, PIECE_BYTES, pieceOf, RUN, STRIDE_BYTES, takePiece } from "./pieces.ts";

/** Keys of fields; each is a byte. A summary's count, sum and points have the same as a histogram's. */
const METRIC = keyOf(FAMILY_METRIC, WIRE_BYTES);
const LABEL = keyOf(METRIC_LABEL, WIRE_BYTES);
const SUMMARY = keyOf(METRIC_SUMMARY, WIRE_BYTES);
const HISTOGRAM = keyOf(METRIC_HISTOGRAM, WIRE_BYTES);
const LABEL_NAME = keyOf(PAIR_NAME, WIRE_BYTES);
const LABEL_VALUE = keyOf(PAIR_VALUE, WIRE_BYTES);
const VALUE = keyOf(SINGLE_VALUE, WIRE_FIXED64);
const COUNTER = keyOf(METRIC_COUNTER, WIRE_BYTES);
const GAUGE = keyOf(METRIC_GAUGE, WIRE_BYTES);
const UNTYPED = keyOf(METRIC_UNTYPED, WIRE_BYTES);
const PLAIN_KEYS = { [MetricType.counter]: COUNTER, [MetricType.gauge]: GAUGE, [MetricType.untyped]: UNTYPED };
const COUNT = keyOf(HISTOGRAM_COUNT, WIRE_VARINT);
const SUM = keyOf(HISTOGRAM_SUM, WIRE_FIXED64);
const POINT = keyOf(HISTOGRAM_BUCKET, WIRE_BYTES);
const COUNT_FLOAT = keyOf(HISTOGRAM_COUNT_FLOAT, WIRE_FIXED64);
const QUANTILE_KEYS = [keyOf(QUANTILE_RANK, WIRE_FIXED64), keyOf(QUANTILE_VALUE, WIRE_FIXED64)] as const;
const BOUND = keyOf(BUCKET_BOUND, WIRE_FIXED64);
const WHOLE_COUNT = keyOf(BUCKET_COUNT, WIRE_VARINT);
const FLOAT_BUCKET_KEYS = [BOUND, keyOf(BUCKET_COUNT_FLOAT, WIRE_FIXED64)] as const;

/** Labels that are measured in one run; each may be as long as the limit of a label. */
const LABELS_A_RUN = 16;

/** A double field with its key. */
const DOUBLE_SIZE = 9;
/** The two doubles of a quantile, or of a bucket whose count is a fraction. */
const PAIR_SIZE = 2 * DOUBLE_SIZE;

/** How the numbers of a metric are written, which their values decide. */
type Encoding = "summary" | "whole histogram" | "float histogram";

/** What metrics are written with; keep one and pass it every time, for it grows to the largest metric seen. */
export class EncodingScratch {
  readonly cursor = new LineCursor();
  readonly doubles = new DoubleWriter();
  readonly names = new EscapedNames();
  /** The points of one metric as numbers, two each: the bound or rank and the value. */
  points = new Float64Array(64);
  /** Of the points read so far: whether all values are uint64, and the size of their buckets if so. */
  areWhole = true;
  wholeSize = 0;
  /** How label names outside of the old character set are written; "allow-utf-8": as they are. */
  escaping: EscapingScheme = "allow-utf-8";
}

type EncodableFamily = Pick<GroupFamily, "type" | "lines" | "side">;

/**
 * Appends the metrics of one family of one group as records of MetricFamily field 4 (`0x22 length Metric`). `side`,
 * where set, is those records already. Fields come in the order of their numbers, labels in the order of the lines.
 *
 * Counts are exact up to 2^64. If one count of a histogram is not a uint64, all of them are fractions, as in the text
 * parser of the reference.
 */
export function appendMetrics(out: Writer, family: EncodableFamily, scratch = new EncodingScratch()): void {
  if (family.side !== null) {
    out.append(family.side);
    return;
  }
  const cursor = scratch.cursor;
  cursor.open(family.lines, family.type);
  const append = metricEncoder(family.type);
  while (cursor.step()) append(out, scratch);
}

/**
 * As `appendMetrics`, to be taken over any number of turns: yields what was appended when it is large enough for a
 * piece; the rest is left in `out`. Pieces may be borrowed from `side`. Label names are escaped as `scratch.escaping`
 * says.
 */
export function* metricPieces(out: Writer, family: EncodableFamily, scratch: EncodingScratch): Generator<Uint8Array> {
  if (family.side !== null) return yield* sidePieces(out, family.side, scratch.escaping);
  const cursor = scratch.cursor;
  cursor.open(family.lines, family.type);
  const append = metricEncoder(family.type);
  let stop = STRIDE_BYTES;
  while (cursor.begin()) {
    while (!cursor.readOn()) yield NOTHING;
    if (cursor.sizeBytes > LARGE_METRIC_BYTES) yield* largeMetric(out, scratch, family.type);
    else append(out, scratch);
    if (out.length < PIECE_BYTES && cursor.lineEnd < stop) continue;
    stop = cursor.lineEnd + STRIDE_BYTES;
    yield pieceOf(out);
  }
}

function* sidePieces(out: Writer, side: Uint8Array, escaping: EscapingScheme): Generator<Uint8Array> {
  if (escaping !== "allow-utf-8") return yield* escapeMetricNames(out, side, escaping);
  if (side.length <= PIECE_BYTES) return out.append(side);
  yield takePiece(out);
  yield side;
}

/**
 * Appends all fields of a MetricFamily but its metrics. A null `help` or `type` is a field that was never set, and an
 * empty unit; an empty help is written.
 */
export function appendFamilyHeader(
  out: Writer,
  name: string,
  help: Uint8Array | null,
  type: MetricType | null,
  unit = "",
): void {
  appendTextField(out, FAMILY_NAME, name);
  if (help !== null) appendBytesField(out, FAMILY_HELP, help, 0, help.length);
  if (unit !== "") appendTextField(out, FAMILY_UNIT, unit);
  if (type === null) return;
  appendTag(out, FAMILY_TYPE, WIRE_VARINT);
  appendVarint(out, type);
}

/** Appends a length-delimited field that holds `text` as UTF-8. */
function appendTextField(out: Writer, field: number, text: string): void {
  appendTag(out, field, WIRE_BYTES);
  appendVarint(out, Buffer.byteLength(text));
  out.text(text);
}

type AppendMetric = (out: Writer, scratch: EncodingScratch) => void;

const appendCounter: AppendMetric = (out, scratch) => appendPlain(out, scratch, COUNTER);
const appendGauge: AppendMetric = (out, scratch) => appendPlain(out, scratch, GAUGE);
const appendUntyped: AppendMetric = (out, scratch) => appendPlain(out, scratch, UNTYPED);

function metricEncoder(type: MetricType): AppendMetric {
  if (type === MetricType.counter) return appendCounter;
  if (type === MetricType.gauge) return appendGauge;
  if (type === MetricType.untyped) return appendUntyped;
  return type === MetricType.summary ? appendSummary : appendHistogram;
}

/** A metric whose message `key` holds one double. */
function appendPlain(out: Writer, scratch: EncodingScratch, key: number): void {
  appendMetricStart(out, scratch, 2 + DOUBLE_SIZE);
  appendPlainValue(out, scratch, key);
}

function appendPlainValue(out: Writer, scratch: EncodingScratch, key: number): void {
  const cursor = scratch.cursor;
  out.byte(key);
  out.byte(DOUBLE_SIZE);
  out.byte(VALUE);
  scratch.doubles.append(out, readFloat(cursor.lines, cursor.valueStart, cursor.valueEnd));
}

/** The record's key and length and the labels; `valueSize` bytes have to follow. */
function appendMetricStart(out: Writer, scratch: EncodingScratch, valueSize: number): void {
  const { labelCount } = scratch.cursor;
  out.byte(METRIC);
  appendVarint(out, valueSize + labelsSize(scratch, 0, labelCount));
  appendLabels(out, scratch, 0, labelCount);
}

/** The size of the labels [from, to) as fields. */
function labelsSize(scratch: EncodingScratch, from: number, to: number): number {
  const { labels } = scratch.cursor;
  if (renames(scratch)) return renamedSize(scratch, from, to);
  let size = 0;
  for (let label = from; label < to; label++) {
    const pairSize = labelPairSize(labels.nameSize(label), labels.valueSize(label));
    size += 1 + varintSize(pairSize) + pairSize;
  }
  return size;
}

function renamedSize(scratch: EncodingScratch, from: number, to: number): number {
  const { cursor, names } = scratch;
  let size = 0;
  for (let label = from; label < to; label++) {
    const name = names.of(cursor, label, scratch.escaping);
    const pairSize = labelPairSize(name.length, cursor.labels.valueSize(label));
    size += 1 + varintSize(pairSize) + pairSize;
  }
  return size;
}

function appendLabels(out: Writer, scratch: EncodingScratch, from: number, to: number): void {
  const { lines, labels } = scratch.cursor;
  const isRenaming = renames(scratch);
  for (let label = from; label < to; label++)
    if (isRenaming) appendRenamedPair(out, scratch, label);
    else appendLabelPair(out, lines, labels, label);
}

function appendLabelPair(out: Writer, lines: Uint8Array, labels: LineLabels, label: number): void {
  const name = labels.nameSize(label);
  out.byte(LABEL);
  appendVarint(out, labelPairSize(name, labels.valueSize(label)));
  out.byte(LABEL_NAME);
  appendVarint(out, name);
  appendUnescaped(out, lines, labels.nameStart(label), labels.nameEnd(label), labels.nameEscapes(label));
  appendLabelValue(out, lines, labels, label);
}

function appendRenamedPair(out: Writer, scratch: EncodingScratch, label: number): void {
  const { lines, labels } = scratch.cursor;
  const name = scratch.names.of(scratch.cursor, label, scratch.escaping);
  out.byte(LABEL);
  appendVarint(out, labelPairSize(name.length, labels.valueSize(label)));
  out.byte(LABEL_NAME);
  appendVarint(out, name.length);
  out.append(name);
  appendLabelValue(out, lines, labels, label);
}

function appendLabelValue(out: Writer, lines: Uint8Array, labels: LineLabels, label: number): void {
  out.byte(LABEL_VALUE);
  appendVarint(out, labels.valueSize(label));
  appendUnescaped(out, lines, labels.valueStart(label), labels.valueEnd(label), labels.valueEscapes(label));
}

function renames({ escaping, cursor }: EncodingScratch): boolean {
  return escaping !== "allow-utf-8" && cursor.hasQuotedNames;
}

function labelPairSize(name: number, value: number): number {
  return 2 + varintSize(name) + name + varintSize(value) + value;
}

function appendSummary(out: Writer, scratch: EncodingScratch): void {
  readPoints(scratch, 0, scratch.cursor.pointCount);
  appendComposite(out, scratch, "summary");
}

function appendHistogram(out: Writer, scratch: EncodingScratch): void {
  readPoints(scratch, 0, scratch.cursor.pointCount);
  appendComposite(out, scratch, histogramEncoding(scratch));
}

/** A histogram one of whose counts is no uint64 has fractions for all of them. */
function histogramEncoding(scratch: EncodingScratch): Encoding {
  return isUint64(countOf(scratch)) && scratch.areWhole ? "whole histogram" : "float histogram";
}

/** A summary or histogram whose points are read. */
function appendComposite(out: Writer, scratch: EncodingScratch, encoding: Encoding): void {
  const size = compositeSize(scratch, encoding);
  appendMetricStart(out, scratch, 1 + varintSize(size) + size);
  appendCompositeHead(out, scratch, encoding, size);
  appendPoints(out, scratch, encoding, 0, scratch.cursor.pointCount);
  appendCompositeEnd(out, scratch, encoding);
}

/** A metric of any size, its labels and points in runs. */
function* largeMetric(out: Writer, scratch: EncodingScratch, type: MetricType): Generator<Uint8Array> {
  if (type === MetricType.counter || type === MetricType.gauge || type === MetricType.untyped) {
    yield* largeMetricStart(out, scratch, 2 + DOUBLE_SIZE);
    return appendPlainValue(out, scratch, PLAIN_KEYS[type]);
  }
  const { pointCount } = scratch.cursor;
  yield* inRuns(out, pointCount, RUN, (from, to) => readPoints(scratch, from, to));
  const encoding = type === MetricType.summary ? "summary" : histogramEncoding(scratch);
  const size = compositeSize(scratch, encoding);
  yield* largeMetricStart(out, scratch, 1 + varintSize(size) + size);
  appendCompositeHead(out, scratch, encoding, size);
  yield* inRuns(out, pointCount, RUN, (from, to) => appendPoints(out, scratch, encoding, from, to));
  appendCompositeEnd(out, scratch, encoding);
}

function* largeMetricStart(out: Writer, scratch: EncodingScratch, valueSize: number): Generator<Uint8Array> {
  const { labelCount } = scratch.cursor;
  let size = valueSize;
  yield* inRuns(out, labelCount, LABELS_A_RUN, (from, to) => {
    size += labelsSize(scratch, from, to);
  });
  out.byte(METRIC);
  appendVarint(out, size);
  yield* inRuns(out, labelCount, 1, (from, to) => appendLabels(out, scratch, from, to));
}

function countOf({ cursor }: EncodingScratch): number {
  return readFloat(cursor.lines, cursor.countStart, cursor.countEnd);
}

/** The size of the Summary or Histogram message. */
function compositeSize(scratch: EncodingScratch, encoding: Encoding): number {
  const { pointCount } = scratch.cursor;
  if (encoding === "float histogram") return 2 * DOUBLE_SIZE + pointCount * (2 + PAIR_SIZE);
  const count = countOf(scratch);
  if (!(count >= 0))
    throw new Broken(`encoding a stored summary: its count is ${count}, expected a whole number from 0`);
  const totals = 1 + varintSize(count) + DOUBLE_SIZE;
  return totals + (encoding === "summary" ? pointCount * (2 + PAIR_SIZE) : scratch.wholeSize);
}

function appendCompositeHead(out: Writer, scratch: EncodingScratch, encoding: Encoding, size: number): void {
  const cursor = scratch.cursor;
  out.byte(encoding === "summary" ? SUMMARY : HISTOGRAM);
  appendVarint(out, size);
  if (encoding !== "float histogram") {
    out.byte(COUNT);
    appendVarint(out, countOf(scratch));
  }
  appendDouble(out, scratch, SUM, readFloat(cursor.lines, cursor.sumStart, cursor.sumEnd));
}

function appendCompositeEnd(out: Writer, scratch: EncodingScratch, encoding: Encoding): void {
  if (encoding === "float histogram") appendDouble(out, scratch, COUNT_FLOAT, countOf(scratch));
}

/** Appends the points [from, to), which have been read. */
function appendPoints(out: Writer, scratch: EncodingScratch, encoding: Encoding, from: number, to: number): void {
  if (encoding === "whole histogram") return appendWholeBuckets(out, scratch, from, to);
  const points = scratch.points;
  const keys = encoding === "summary" ? QUANTILE_KEYS : FLOAT_BUCKET_KEYS;
  for (let i = from; i < to; i++) {
    out.byte(POINT);
    out.byte(PAIR_SIZE);
    appendDouble(out, scratch, keys[0], points[i * 2] as number);
    appendDouble(out, scratch, keys[1], points[i * 2 + 1] as number);
  }
}

function appendWholeBuckets(out: Writer, scratch: EncodingScratch, from: number, to: number): void {
  const points = scratch.points;
  for (let i = from; i < to; i++) {
    const count = points[i * 2 + 1] as number;
    out.byte(POINT);
    out.byte(wholeBucketSize(count));
    out.byte(WHOLE_COUNT);
    appendVarint(out, count);
    appendDouble(out, scratch, BOUND, points[i * 2] as number);
  }
}

function wholeBucketSize(count: number): number {
  return 1 + varintSize(count) + DOUBLE_SIZE;
}

function appendDouble(out: Writer, scratch: EncodingScratch, key: number, value: number): void {
  out.byte(key);
  scratch.doubles.append(out, value);
}

/** Reads the metric's points [from, to) into `scratch.points`, and what they are alike; the first ones first. */
function readPoints(scratch: EncodingScratch, from: number, to: number): void {
  const { lines, points: read, pointCount } = scratch.cursor;
  if (from === 0) {
    scratch.areWhole = true;
    scratch.wholeSize = 0;
    if (scratch.points.length < pointCount * 2) scratch.points = new Float64Array(pointCount * 4);
  }
  const points = scratch.points;
  for (let i = from; i < to; i++) {
    const value = readFloat(lines, read.valueStart(i), read.valueEnd(i));
    points[i * 2] = readFloat(lines, read.keyStart(i), read.keyEnd(i));
    points[i * 2 + 1] = value;
    if (!isUint64(value)) scratch.areWhole = false;
    else if (scratch.areWhole) scratch.wholeSize += 2 + wholeBucketSize(value);
  }
}
