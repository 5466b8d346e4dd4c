import type { Metric, NativeBucket } from "./answers.ts";

/** A bucket of a histogram with what is in it alone. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** A quantile as it is estimated, and the bucket in which it lies; `within` is how far, from 0 to 1. */
export interface Quantile {
  readonly value: number;
  readonly bucket: number;
  readonly within: number;
}

/** Buckets of a classic histogram from the lowest to the highest; counts below 0 are rounding, and are 0. */
export function classicBuckets(buckets: Readonly<Record<string, string>>): readonly Bucket[] {
  const bounds = Object.entries(buckets)
    .map(([upper, count]) => ({ upper: numberOf(upper), count: Number(count) }))
    .sort((a, b) => a.upper - b.upper);
  return bounds.map(({ upper, count }, i) => {
    const below = bounds[i - 1];
    const first = upper > 0 ? 0 : Number.NEGATIVE_INFINITY;
    return { lower: below?.upper ?? first, upper, count: Math.max(0, count - (below?.count ?? 0)) };
  });
}

/** Buckets of a native histogram from the lowest to the highest. */
export function nativeBuckets(buckets: readonly NativeBucket[]): readonly Bucket[] {
  return buckets
    .map(([, lower, upper, count]) => ({ lower: numberOf(lower), upper: numberOf(upper), count: Number(count) }))
    .sort((a, b) => a.lower - b.lower);
}

/** As the exposition prints it. */
export function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

export function isNative(metric: Metric): metric is Metric & { readonly buckets: readonly NativeBucket[] } {
  return Array.isArray(metric.buckets);
}

export const isAroundZero = ({ lower, upper }: Bucket): boolean => lower <= 0 && upper >= 0;

/** As `histogram_quantile` of Prometheus finds it in a classic histogram; null where nothing was observed. */
export function classicQuantile(buckets: readonly Bucket[], q: number): Quantile | null {
  const found = bucketOf(buckets, q);
  if (found === null) return null;
  const { index, within } = found;
  const { lower, upper } = buckets[index] ?? NO_BUCKET;
  // What is above all bounds is taken for the highest of them, what is below for the lowest.
  if (upper === Number.POSITIVE_INFINITY) return { value: lower, bucket: index, within: 0 };
  if (lower === Number.NEGATIVE_INFINITY) return { value: upper, bucket: index, within: 1 };
  return { value: lower + (upper - lower) * within, bucket: index, within };
}

/** The same in a native histogram: within a bucket values are spread as bounds are, by powers. */
export function nativeQuantile(buckets: readonly Bucket[], q: number): Quantile | null {
  const found = bucketOf(buckets, q);
  if (found === null) return null;
  const { index, within } = found;
  const bucket = buckets[index] ?? NO_BUCKET;
  return { value: valueWithin(bucket, within, buckets), bucket: index, within };
}

function valueWithin(bucket: Bucket, within: number, buckets: readonly Bucket[]): number {
  const { lower, upper } = bucket;
  if (isAroundZero(bucket)) {
    const hasLower = buckets.some((one) => one.upper <= lower);
    const hasHigher = buckets.some((one) => one.lower >= upper);
    const [from, to] = [!hasLower && hasHigher ? 0 : lower, hasLower && !hasHigher ? 0 : upper];
    return from + (to - from) * within;
  }
  return lower > 0 ? lower * (upper / lower) ** within : upper * (lower / upper) ** (1 - within);
}

const NO_BUCKET: Bucket = { lower: 0, upper: 0, count: 0 };

function bucketOf(buckets: readonly Bucket[], q: number): { index: number; within: number } | null {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (!(total > 0)) return null;
  let rank = q * total;
  for (let index = 0; index < buckets.length; index++) {
    const { count } = buckets[index] ?? NO_BUCKET;
    if (count > 0 && rank <= count) return { index, within: Math.max(0, rank / count) };
    rank -= count;
  }
  const last = buckets.findLastIndex(({ count }) => count > 0);
  return { index: last, within: 1 };
}

/** By how much each bound of a native histogram is larger than the one before; null where no bucket tells. */
export function growthOf(buckets: readonly Bucket[]): number | null {
  const one = buckets.find(
    (bucket) => !isAroundZero(bucket) && Number.isFinite(bucket.lower) && Number.isFinite(bucket.upper),
  );
  if (one === undefined) return null;
  return one.lower > 0 ? one.upper / one.lower : one.lower / one.upper;
}

/** The schema that makes bounds grow so. */
export function schemaOf(growth: number): number {
  return Math.round(-Math.log2(Math.log2(growth))) + 0;
}
