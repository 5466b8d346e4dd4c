import { CUSTOM_BOUNDS_SCHEMA, nativeBound } from "./native-bounds.ts";
import { goFloat } from "./number-text.ts";
import type { SideBuckets, SideHistogram } from "./side-metric.ts";

/** Which ends of a bucket belong to it, as the JSON API numbers it. */
export const Boundaries = { openLeft: 0, openRight: 1, open: 2, closed: 3 } as const;
export type Boundaries = (typeof Boundaries)[keyof typeof Boundaries];

/** A bucket of a native histogram; bounds and count as Go prints them. */
export interface NativeBucket {
  readonly boundaries: Boundaries;
  readonly lower: string;
  readonly upper: string;
  readonly count: string;
}

/** Whether a histogram is shown as a native one: it has spans. Its classic buckets, if any, are then left out. */
export function isNative(histogram: SideHistogram): boolean {
  return histogram.negative.spans.length + histogram.positive.spans.length > 0;
}

/** Whether a histogram counts in fractions. */
export function isFloatHistogram(histogram: SideHistogram): boolean {
  return histogram.sampleCountFloat > 0 || histogram.zeroCountFloat > 0;
}

/**
 * The buckets of a native histogram that are not empty, from the lowest up: the negative ones, the zero bucket, the positive
 * ones. Spans that speak of more buckets than there are counts end with the last count.
 */
export function nativeBuckets(histogram: SideHistogram): NativeBucket[] {
  const float = isFloatHistogram(histogram);
  const result = halfBuckets(histogram.negative, histogram.schema, float, -1).reverse();
  const zeroCount = float ? goCount(histogram.zeroCountFloat) : goCount(histogram.zeroCount);
  if (zeroCount !== null) result.push(bucket(-histogram.zeroThreshold, histogram.zeroThreshold, true, true, zeroCount));
  return result.concat(halfBuckets(histogram.positive, histogram.schema, float, 1));
}

/** The buckets of one half that are not empty, from zero outwards. */
function halfBuckets(half: SideBuckets, schema: number, float: boolean, sign: 1 | -1): NativeBucket[] {
  const counts = float ? half.counts.map(goCount) : wholeCounts(half.deltas);
  const result: NativeBucket[] = [];
  let at = 0;
  let index = 0;
  for (const span of half.spans) {
    index = (index + span.offset) | 0;
    for (let i = 0; i < span.length && at < counts.length; i++) {
      const count = counts[at++];
      if (typeof count === "string" && !(float && nativeBound(index, schema) <= 0)) {
        result.push(sideBucket(index, schema, sign, count));
      }
      index = (index + 1) | 0;
    }
  }
  return result;
}

/** Each delta counts from the bucket before; a sum below zero wraps around, as an unsigned number does in Go. */
function wholeCounts(deltas: readonly bigint[]): (string | null)[] {
  let count = 0n;
  return deltas.map((delta) => {
    count += delta;
    return goCount(BigInt.asUintN(64, count));
  });
}

/** A count as Go prints it; null for an empty bucket. */
function goCount(count: bigint | number): string | null {
  if (typeof count === "bigint") return count === 0n ? null : count.toString();
  return count === 0 ? null : goFloat(count);
}

function sideBucket(index: number, schema: number, sign: 1 | -1, count: string): NativeBucket {
  const outer = sign * nativeBound(index, schema);
  const inner = sign * nativeBound((index - 1) | 0, schema);
  const lower = sign < 0 ? outer : inner;
  const upper = sign < 0 ? inner : outer;
  if (schema === CUSTOM_BOUNDS_SCHEMA) return bucket(lower, upper, index === 0, true, count);
  return bucket(lower, upper, lower < 0, upper > 0, count);
}

function bucket(lower: number, upper: number, withLower: boolean, withUpper: boolean, count: string): NativeBucket {
  return { boundaries: boundariesOf(withLower, withUpper), lower: goFloat(lower), upper: goFloat(upper), count };
}

function boundariesOf(withLower: boolean, withUpper: boolean): Boundaries {
  if (withLower) return withUpper ? Boundaries.closed : Boundaries.openRight;
  return withUpper ? Boundaries.openLeft : Boundaries.open;
}
