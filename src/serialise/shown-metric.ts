import { MetricType } from "../model/metric-type.ts";
import type { GroupFamily, LabelPair } from "../model/view.ts";
import { KEY_END, KEY_START, LineCursor, POINT_END, POINT_START, POINT_STRIDE } from "./lines.ts";
import { isFloatHistogram, isNative, type NativeBucket, nativeBuckets } from "./native-histogram.ts";
import { goFloat, isUint64, latin1, readFloat, uint64Text } from "./number-text.ts";
import {
  emptyHistogram,
  emptySummary,
  readSide,
  type SideBucket,
  type SideHistogram,
  type SideMetric,
} from "./side-metric.ts";

/** A bucket's bound and count, or a quantile's rank and value. */
export type ShownPoint = readonly [key: string, value: string];

interface Labelled {
  /** In the order of the store, which is by name. */
  readonly labels: readonly LabelPair[];
}

export interface ShownValue extends Labelled {
  readonly kind: "value";
  readonly value: string;
}

export interface ShownSummary extends Labelled {
  readonly kind: "summary";
  readonly count: string;
  readonly sum: string;
  readonly quantiles: readonly ShownPoint[];
}

export interface ShownHistogram extends Labelled {
  readonly kind: "histogram";
  readonly count: string;
  readonly sum: string;
  readonly buckets: readonly ShownPoint[];
}

export interface ShownNativeHistogram extends Labelled {
  readonly kind: "native histogram";
  readonly count: string;
  readonly sum: string;
  readonly buckets: readonly NativeBucket[];
}

/** A metric with its numbers as Go's fmt.Sprint prints them: floats as in the text format, counts in plain digits. */
export type ShownMetric = ShownValue | ShownSummary | ShownHistogram | ShownNativeHistogram;

/**
 * The metrics of a family, from `side` where that is set and from the lines otherwise; in stored order. `cursor` is what the
 * lines are read with: pass the same one for many families.
 */
export function shownMetrics(
  family: Pick<GroupFamily, "type" | "lines" | "side">,
  cursor = new LineCursor(),
): ShownMetric[] {
  if (family.side !== null) return readSide(family.side).map((metric) => showSide(metric, family.type));
  cursor.open(family.lines, family.type);
  const metrics: ShownMetric[] = [];
  while (cursor.next()) metrics.push(showLines(cursor, family.type));
  return metrics;
}

function showLines(cursor: LineCursor, type: MetricType): ShownMetric {
  const labels: LabelPair[] = [];
  for (let i = 0; i < cursor.labelCount; i++) labels.push({ name: cursor.labelName(i), value: cursor.labelValue(i) });
  if (type === MetricType.summary) return showSummaryLines(cursor, labels);
  if (type === MetricType.histogram || type === MetricType.gaugeHistogram) return showHistogramLines(cursor, labels);
  return { kind: "value", labels, value: latin1(cursor.lines, cursor.valueStart, cursor.valueEnd) };
}

function showSummaryLines(cursor: LineCursor, labels: readonly LabelPair[]): ShownSummary {
  const count = uint64Text(readFloat(cursor.lines, cursor.countStart, cursor.countEnd));
  const sum = latin1(cursor.lines, cursor.sumStart, cursor.sumEnd);
  return { kind: "summary", labels, count, sum, quantiles: pointTexts(cursor) };
}

/** Where one count is no uint64, all of them were kept as floats; one that is not above zero then reads as zero. */
function showHistogramLines(cursor: LineCursor, labels: readonly LabelPair[]): ShownHistogram {
  const count = readFloat(cursor.lines, cursor.countStart, cursor.countEnd);
  const counts = pointValues(cursor);
  const countText = [count, ...counts].every(isUint64) ? uint64Text : floatCountText;
  const buckets = pointTexts(cursor).map(([key], i): ShownPoint => [key, countText(counts[i] as number)]);
  const sum = latin1(cursor.lines, cursor.sumStart, cursor.sumEnd);
  return { kind: "histogram", labels, count: countText(count), sum, buckets };
}

function floatCountText(count: number): string {
  return count > 0 ? goFloat(count) : "0";
}

function pointTexts(cursor: LineCursor): ShownPoint[] {
  const { lines, points } = cursor;
  const result: ShownPoint[] = [];
  for (let row = 0; row < cursor.pointCount * POINT_STRIDE; row += POINT_STRIDE) {
    const key = latin1(lines, points[row + KEY_START] as number, points[row + KEY_END] as number);
    result.push([key, latin1(lines, points[row + POINT_START] as number, points[row + POINT_END] as number)]);
  }
  return result;
}

function pointValues(cursor: LineCursor): number[] {
  const { lines, points } = cursor;
  const result: number[] = [];
  for (let row = 0; row < cursor.pointCount * POINT_STRIDE; row += POINT_STRIDE) {
    result.push(readFloat(lines, points[row + POINT_START] as number, points[row + POINT_END] as number));
  }
  return result;
}

function showSide(metric: SideMetric, type: MetricType): ShownMetric {
  const labels = metric.labels;
  if (type === MetricType.summary) {
    const { sampleCount, sampleSum, quantiles } = metric.summary ?? emptySummary();
    const shown = quantiles.map(({ rank, value }): ShownPoint => [goFloat(rank), goFloat(value)]);
    return { kind: "summary", labels, count: sampleCount.toString(), sum: goFloat(sampleSum), quantiles: shown };
  }
  if (type === MetricType.histogram || type === MetricType.gaugeHistogram) {
    return showSideHistogram(metric.histogram ?? emptyHistogram(), labels);
  }
  return { kind: "value", labels, value: goFloat(metric.gauge ?? metric.counter ?? metric.untyped ?? 0) };
}

function showSideHistogram(histogram: SideHistogram, labels: readonly LabelPair[]): ShownMetric {
  const sum = goFloat(histogram.sampleSum);
  const whole = histogram.sampleCount.toString();
  const fraction = goFloat(histogram.sampleCountFloat);
  if (isNative(histogram)) {
    const count = isFloatHistogram(histogram) ? fraction : whole;
    return { kind: "native histogram", labels, count, sum, buckets: nativeBuckets(histogram) };
  }
  const count = histogram.sampleCountFloat > 0 ? fraction : whole;
  return { kind: "histogram", labels, count, sum, buckets: histogram.buckets.map(showBucket) };
}

function showBucket({ upperBound, cumulativeCount, cumulativeCountFloat }: SideBucket): ShownPoint {
  const count = cumulativeCountFloat > 0 ? goFloat(cumulativeCountFloat) : cumulativeCount.toString();
  return [goFloat(upperBound), count];
}
