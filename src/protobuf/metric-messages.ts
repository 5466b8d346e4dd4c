import type { LabelPair } from "../model/view.ts";

/** A Metric of metrics.proto. Messages that are absent are null; exemplars and created timestamps are not read. */
export interface SideMetric {
  readonly labels: LabelPair[];
  gauge: number | null;
  counter: number | null;
  untyped: number | null;
  summary: SideSummary | null;
  histogram: SideHistogram | null;
}

/** A Summary; a field that is absent reads as zero, as everywhere in protobuf. */
export interface SideSummary {
  sampleCount: bigint;
  sampleSum: number;
  readonly quantiles: SideQuantile[];
}

export interface SideQuantile {
  rank: number;
  value: number;
}

/** A Histogram: the classic buckets, and what makes it native. */
export interface SideHistogram {
  sampleCount: bigint;
  sampleCountFloat: number;
  sampleSum: number;
  readonly buckets: SideBucket[];
  schema: number;
  zeroThreshold: number;
  zeroCount: bigint;
  zeroCountFloat: number;
  readonly negative: SideBuckets;
  readonly positive: SideBuckets;
}

export interface SideBucket {
  cumulativeCount: bigint;
  cumulativeCountFloat: number;
  upperBound: number;
}

/** One half of a native histogram: where its buckets lie, and their counts as deltas or, for fractions, as they are. */
export interface SideBuckets {
  readonly spans: SideSpan[];
  readonly deltas: bigint[];
  readonly counts: number[];
}

export interface SideSpan {
  offset: number;
  length: number;
}

/** A Summary without fields. */
export function emptySummary(): SideSummary {
  return { sampleCount: 0n, sampleSum: 0, quantiles: [] };
}

/** A Histogram without fields. */
export function emptyHistogram(): SideHistogram {
  return {
    sampleCount: 0n,
    sampleCountFloat: 0,
    sampleSum: 0,
    buckets: [],
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0n,
    zeroCountFloat: 0,
    negative: { spans: [], deltas: [], counts: [] },
    positive: { spans: [], deltas: [], counts: [] },
  };
}

/** A Metric without fields. */
export function emptyMetric(): SideMetric {
  return { labels: [], gauge: null, counter: null, untyped: null, summary: null, histogram: null };
}
