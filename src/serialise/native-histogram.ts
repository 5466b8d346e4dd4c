import { goFloat } from "../exposition/number-text.ts";
import type { SideBuckets, SideHistogram } from "../protobuf/metric-messages.ts";
import { CUSTOM_BOUNDS_SCHEMA, nativeBound } from "./native-bounds.ts";

/** Which ends of a bucket belong to it, as the JSON API numbers it. */
const Boundaries = { openLeft: 0, openRight: 1, open: 2, closed: 3 } as const;
export type Boundaries = (typeof Boundaries)[keyof typeof Boundaries];

/** A bucket of a native histogram; bounds and count as Go prints them. */
export interface NativeBucket {
  readonly boundaries: Boundaries;
  readonly lower: string;
  readonly upper: string;
  readonly count: string;
}

/** Buckets or spans that are read before a turn of the loop may be taken. */
const STEPS_A_TURN = 256;

/** Whether a histogram is shown as a native one: it has spans. Its classic buckets, if any, are then left out. */
export function isNative(histogram: SideHistogram): boolean {
  return histogram.negative.spans.length + histogram.positive.spans.length > 0;
}

/** Whether a histogram counts in fractions. */
export function isFloatHistogram(histogram: SideHistogram): boolean {
  return histogram.sampleCountFloat > 0 || histogram.zeroCountFloat > 0;
}

/**
 * The buckets of a native histogram that are not empty, from the lowest up: the negative ones, the zero bucket, the
 * positive ones. Spans that speak of more buckets than there are counts end with the last count. null: a turn of the
 * loop may be taken.
 */
export function* nativeBuckets(histogram: SideHistogram): Generator<NativeBucket | null> {
  const float = isFloatHistogram(histogram);
  const { schema } = histogram;
  // Counts are in the order from zero outwards.
  const negative: HalfBucket[] = [];
  for (const one of halfBuckets(histogram.negative, schema, float)) {
    if (one !== null) negative.push(one);
    else yield null;
  }
  for (let i = negative.length - 1; i >= 0; i--) {
    const { index, count } = negative[i] as HalfBucket;
    yield sideBucket(index, schema, -1, count);
    if (i % STEPS_A_TURN === 0) yield null;
  }
  const zeroCount = goCount(float ? histogram.zeroCountFloat : histogram.zeroCount);
  if (zeroCount !== null) yield bucket(-histogram.zeroThreshold, histogram.zeroThreshold, true, true, zeroCount);
  for (const one of halfBuckets(histogram.positive, schema, float))
    yield one === null ? null : sideBucket(one.index, schema, 1, one.count);
}

interface HalfBucket {
  readonly index: number;
  readonly count: string;
}

/** The buckets of one half that are not empty, from zero outwards; null now and then. */
function* halfBuckets(half: SideBuckets, schema: number, float: boolean): Generator<HalfBucket | null> {
  const { spans, deltas, counts } = half;
  const countOf = float ? (at: number) => goCount(counts[at] as number) : wholeCounts(deltas);
  const size = float ? counts.length : deltas.length;
  let at = 0;
  let index = 0;
  for (const [i, span] of spans.entries()) {
    index = (index + span.offset) | 0;
    for (let j = 0; j < span.length && at < size; j++) {
      const count = countOf(at++);
      if (count !== null && !(float && nativeBound(index, schema) <= 0)) yield { index, count };
      index = (index + 1) | 0;
      if (at % STEPS_A_TURN === 0) yield null;
    }
    if (i % STEPS_A_TURN === 0) yield null;
  }
}

/**
 * The counts, asked for in order: each delta counts from the bucket before; a sum below zero wraps around, as in Go.
 */
function wholeCounts(deltas: readonly bigint[]): (at: number) => string | null {
  let count = 0n;
  return (at) => {
    count += deltas[at] as bigint;
    return goCount(BigInt.asUintN(64, count));
  };
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
