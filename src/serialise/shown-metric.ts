import { goFloat } from "../exposition/number-text.ts";
import { MetricType } from "../model/metric-type.ts";
import type { LabelPair } from "../model/view.ts";
import {
  emptyHistogram,
  emptySummary,
  type SideBucket,
  type SideHistogram,
  type SideMetric,
  type SideQuantile,
} from "../protobuf/metric-messages.ts";
import { isFloatHistogram, isNative, type NativeBucket, nativeBuckets } from "./native-histogram.ts";

/** A bucket's bound and count, or a quantile's rank and value. */
export type ShownPoint = readonly [key: string, value: string];

/** Points that are made into text as they are asked for: there may be as many as a push has lines. */
export interface ShownPoints {
  readonly count: number;
  key(point: number): string;
  value(point: number): string;
}

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
  readonly quantiles: ShownPoints;
}

export interface ShownHistogram extends Labelled {
  readonly kind: "histogram";
  readonly count: string;
  readonly sum: string;
  readonly buckets: ShownPoints;
}

export interface ShownNativeHistogram extends Labelled {
  readonly kind: "native histogram";
  readonly count: string;
  readonly sum: string;
  /** null: a turn of the loop may be taken. */
  readonly buckets: Iterable<NativeBucket | null>;
}

/** A metric with its numbers as Go's fmt.Sprint prints them: floats as in the text format, counts in plain digits. */
export type ShownMetric = ShownValue | ShownSummary | ShownHistogram | ShownNativeHistogram;

/** A metric from the records beside the lines. The buckets of a native histogram are made as they are asked for. */
export function showSide(metric: SideMetric, type: MetricType): ShownMetric {
  const labels = metric.labels;
  if (type === MetricType.summary) {
    const { sampleCount, sampleSum, quantiles } = metric.summary ?? emptySummary();
    const count = sampleCount.toString();
    return { kind: "summary", labels, count, sum: goFloat(sampleSum), quantiles: showQuantiles(quantiles) };
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
  return { kind: "histogram", labels, count, sum, buckets: showBuckets(histogram.buckets) };
}

function showQuantiles(quantiles: readonly SideQuantile[]): ShownPoints {
  return {
    count: quantiles.length,
    key: (point) => goFloat((quantiles[point] as SideQuantile).rank),
    value: (point) => goFloat((quantiles[point] as SideQuantile).value),
  };
}

function showBuckets(buckets: readonly SideBucket[]): ShownPoints {
  return {
    count: buckets.length,
    key: (point) => goFloat((buckets[point] as SideBucket).upperBound),
    value: (point) => {
      const { cumulativeCount, cumulativeCountFloat } = buckets[point] as SideBucket;
      return cumulativeCountFloat > 0 ? goFloat(cumulativeCountFloat) : cumulativeCount.toString();
    },
  };
}
