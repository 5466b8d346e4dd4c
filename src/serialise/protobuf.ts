import { appendBytesField, appendTag, appendVarint, DoubleWriter, varintSize } from "../bytes/varint.ts";
import { WIRE_BYTES, WIRE_VARINT } from "../bytes/wire.ts";
import type { Writer } from "../bytes/writer.ts";
import { MetricType } from "../model/metric-type.ts";
import type { GroupFamily } from "../model/view.ts";
import {
  appendUnescaped,
  KEY_END,
  KEY_START,
  LABEL_STRIDE,
  LineCursor,
  NAME_END,
  NAME_ESCAPES,
  NAME_START,
  POINT_END,
  POINT_START,
  POINT_STRIDE,
  VALUE_END,
  VALUE_ESCAPES,
  VALUE_START,
} from "./lines.ts";
import { isUint64, readFloat } from "./number-text.ts";

/** Keys of fields: the number times 8, plus the wire type (0 varint, 1 eight bytes, 2 with a length). Source: metrics.proto. */
const FAMILY_METRIC = 0x22;
const METRIC_LABEL = 0x0a;
const METRIC_SUMMARY = 0x22;
const METRIC_HISTOGRAM = 0x3a;
const PAIR_NAME = 0x0a;
const PAIR_VALUE = 0x12;
const VALUE = 0x09;
const SAMPLE_COUNT = 0x08;
const SAMPLE_SUM = 0x11;
const POINTS = 0x1a;
const SAMPLE_COUNT_FLOAT = 0x21;
const QUANTILE_RANK = 0x09;
const QUANTILE_VALUE = 0x11;
const BUCKET_COUNT = 0x08;
const BUCKET_BOUND = 0x11;
const BUCKET_COUNT_FLOAT = 0x21;

/** A double field with its key. */
const DOUBLE_SIZE = 9;
/** The two doubles of a quantile, or of a bucket whose count is a fraction. */
const PAIR_SIZE = 2 * DOUBLE_SIZE;

/** What `appendMetrics` works with; keep one and pass it every time, for it grows to the largest metric seen. */
export class EncodingScratch {
  readonly cursor = new LineCursor();
  readonly doubles = new DoubleWriter();
  /** The points of one metric as numbers, two each: the bound or rank and the value. */
  points = new Float64Array(64);
}

type EncodableFamily = Pick<GroupFamily, "type" | "lines" | "side">;

/**
 * Appends the metrics of one family of one group as records of MetricFamily field 4 (`0x22 length Metric`). `side`, where
 * set, is those records already. Fields come in the order of their numbers and labels as they stand.
 *
 * Counts are exact up to 2^64. A histogram one of whose counts is no uint64 has fractions for all of them, as the text
 * parser of the reference decides it.
 */
export function appendMetrics(out: Writer, family: EncodableFamily, scratch = new EncodingScratch()): void {
  if (family.side !== null) {
    out.append(family.side);
    return;
  }
  const cursor = scratch.cursor;
  cursor.open(family.lines, family.type);
  const append = metricEncoder(family.type);
  while (cursor.next()) append(out, scratch);
}

/**
 * Appends fields 1, 2 and 3 of a MetricFamily. A null `help` is a field that was never set; an empty one is written, and so is
 * the type.
 */
export function appendFamilyHeader(out: Writer, name: string, help: Uint8Array | null, type: MetricType): void {
  appendTextField(out, 1, name);
  if (help !== null) appendBytesField(out, 2, help, 0, help.length);
  appendTag(out, 3, WIRE_VARINT);
  appendVarint(out, type);
}

/** Appends a length-delimited field that holds `text` as UTF-8. */
export function appendTextField(out: Writer, field: number, text: string): void {
  appendTag(out, field, WIRE_BYTES);
  appendVarint(out, Buffer.byteLength(text));
  out.text(text);
}

type AppendMetric = (out: Writer, scratch: EncodingScratch) => void;

const appendCounter: AppendMetric = (out, scratch) => appendPlain(out, scratch, 0x1a);
const appendGauge: AppendMetric = (out, scratch) => appendPlain(out, scratch, 0x12);
const appendUntyped: AppendMetric = (out, scratch) => appendPlain(out, scratch, 0x2a);

function metricEncoder(type: MetricType): AppendMetric {
  if (type === MetricType.counter) return appendCounter;
  if (type === MetricType.gauge) return appendGauge;
  if (type === MetricType.untyped) return appendUntyped;
  return type === MetricType.summary ? appendSummary : appendHistogram;
}

/** A metric whose message `key` holds one double. */
function appendPlain(out: Writer, scratch: EncodingScratch, key: number): void {
  const cursor = scratch.cursor;
  appendMetricStart(out, cursor, 2 + DOUBLE_SIZE);
  out.byte(key);
  out.byte(DOUBLE_SIZE);
  out.byte(VALUE);
  scratch.doubles.append(out, readFloat(cursor.lines, cursor.valueStart, cursor.valueEnd));
}

/** The record's key and length and the labels; `valueSize` bytes have to follow. */
function appendMetricStart(out: Writer, cursor: LineCursor, valueSize: number): void {
  const labels = cursor.labels;
  const labelsEnd = cursor.labelCount * LABEL_STRIDE;
  let size = valueSize;
  for (let row = 0; row < labelsEnd; row += LABEL_STRIDE) {
    const pairSize = labelPairSize(labels, row);
    size += 1 + varintSize(pairSize) + pairSize;
  }
  out.byte(FAMILY_METRIC);
  appendVarint(out, size);
  for (let row = 0; row < labelsEnd; row += LABEL_STRIDE) appendLabelPair(out, cursor.lines, labels, row);
}

function nameSize(labels: Int32Array, row: number): number {
  return (
    (labels[row + NAME_END] as number) - (labels[row + NAME_START] as number) - (labels[row + NAME_ESCAPES] as number)
  );
}

function valueSize(labels: Int32Array, row: number): number {
  return (
    (labels[row + VALUE_END] as number) -
    (labels[row + VALUE_START] as number) -
    (labels[row + VALUE_ESCAPES] as number)
  );
}

function labelPairSize(labels: Int32Array, row: number): number {
  const name = nameSize(labels, row);
  const value = valueSize(labels, row);
  return 2 + varintSize(name) + name + varintSize(value) + value;
}

function appendLabelPair(out: Writer, lines: Uint8Array, labels: Int32Array, row: number): void {
  out.byte(METRIC_LABEL);
  appendVarint(out, labelPairSize(labels, row));
  out.byte(PAIR_NAME);
  appendVarint(out, nameSize(labels, row));
  const nameEnd = labels[row + NAME_END] as number;
  appendUnescaped(out, lines, labels[row + NAME_START] as number, nameEnd, labels[row + NAME_ESCAPES] as number);
  out.byte(PAIR_VALUE);
  appendVarint(out, valueSize(labels, row));
  const valueEnd = labels[row + VALUE_END] as number;
  appendUnescaped(out, lines, labels[row + VALUE_START] as number, valueEnd, labels[row + VALUE_ESCAPES] as number);
}

function appendSummary(out: Writer, scratch: EncodingScratch): void {
  const cursor = scratch.cursor;
  const points = readPoints(scratch);
  const count = readFloat(cursor.lines, cursor.countStart, cursor.countEnd);
  if (!(count >= 0))
    throw new Error(`encoding a stored summary: its count is ${count}, expected a whole number from 0`);
  const size = 1 + varintSize(count) + DOUBLE_SIZE + cursor.pointCount * (2 + PAIR_SIZE);
  appendMetricStart(out, cursor, 1 + varintSize(size) + size);
  out.byte(METRIC_SUMMARY);
  appendVarint(out, size);
  out.byte(SAMPLE_COUNT);
  appendVarint(out, count);
  appendSum(out, scratch);
  for (let i = 0; i < cursor.pointCount; i++) {
    out.byte(POINTS);
    out.byte(PAIR_SIZE);
    appendDouble(out, scratch, QUANTILE_RANK, points[i * 2] as number);
    appendDouble(out, scratch, QUANTILE_VALUE, points[i * 2 + 1] as number);
  }
}

function appendHistogram(out: Writer, scratch: EncodingScratch): void {
  const cursor = scratch.cursor;
  readPoints(scratch);
  const count = readFloat(cursor.lines, cursor.countStart, cursor.countEnd);
  if (isUint64(count) && countsAreWhole(scratch)) appendWholeHistogram(out, scratch, count);
  else appendFloatHistogram(out, scratch, count);
}

function countsAreWhole(scratch: EncodingScratch): boolean {
  const points = scratch.points;
  for (let i = 0; i < scratch.cursor.pointCount; i++) if (!isUint64(points[i * 2 + 1] as number)) return false;
  return true;
}

function appendWholeHistogram(out: Writer, scratch: EncodingScratch, count: number): void {
  const { cursor, points } = scratch;
  let size = 1 + varintSize(count) + DOUBLE_SIZE;
  for (let i = 0; i < cursor.pointCount; i++) size += 2 + wholeBucketSize(points[i * 2 + 1] as number);
  appendMetricStart(out, cursor, 1 + varintSize(size) + size);
  out.byte(METRIC_HISTOGRAM);
  appendVarint(out, size);
  out.byte(SAMPLE_COUNT);
  appendVarint(out, count);
  appendSum(out, scratch);
  for (let i = 0; i < cursor.pointCount; i++) {
    const bucketCount = points[i * 2 + 1] as number;
    out.byte(POINTS);
    out.byte(wholeBucketSize(bucketCount));
    out.byte(BUCKET_COUNT);
    appendVarint(out, bucketCount);
    appendDouble(out, scratch, BUCKET_BOUND, points[i * 2] as number);
  }
}

function wholeBucketSize(count: number): number {
  return 1 + varintSize(count) + DOUBLE_SIZE;
}

function appendFloatHistogram(out: Writer, scratch: EncodingScratch, count: number): void {
  const { cursor, points } = scratch;
  const size = 2 * DOUBLE_SIZE + cursor.pointCount * (2 + PAIR_SIZE);
  appendMetricStart(out, cursor, 1 + varintSize(size) + size);
  out.byte(METRIC_HISTOGRAM);
  appendVarint(out, size);
  appendSum(out, scratch);
  for (let i = 0; i < cursor.pointCount; i++) {
    out.byte(POINTS);
    out.byte(PAIR_SIZE);
    appendDouble(out, scratch, BUCKET_BOUND, points[i * 2] as number);
    appendDouble(out, scratch, BUCKET_COUNT_FLOAT, points[i * 2 + 1] as number);
  }
  appendDouble(out, scratch, SAMPLE_COUNT_FLOAT, count);
}

function appendSum(out: Writer, scratch: EncodingScratch): void {
  const cursor = scratch.cursor;
  appendDouble(out, scratch, SAMPLE_SUM, readFloat(cursor.lines, cursor.sumStart, cursor.sumEnd));
}

function appendDouble(out: Writer, scratch: EncodingScratch, key: number, value: number): void {
  out.byte(key);
  scratch.doubles.append(out, value);
}

/** Reads the metric's points into `scratch.points`. */
function readPoints(scratch: EncodingScratch): Float64Array {
  const { lines, points: rows, pointCount } = scratch.cursor;
  if (scratch.points.length < pointCount * 2) scratch.points = new Float64Array(pointCount * 4);
  const points = scratch.points;
  for (let i = 0; i < pointCount; i++) {
    const row = i * POINT_STRIDE;
    points[i * 2] = readFloat(lines, rows[row + KEY_START] as number, rows[row + KEY_END] as number);
    points[i * 2 + 1] = readFloat(lines, rows[row + POINT_START] as number, rows[row + POINT_END] as number);
  }
  return points;
}
