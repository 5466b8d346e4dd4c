import { nativeBound } from "../serialise/native-bounds.ts";
import { addCounts, isNone } from "./counts.ts";
import type { Count, NativeBuckets, NativePart } from "./metric.ts";

/** The exponential schemas in use. */
const COARSEST_SCHEMA = -4;
const FINEST_SCHEMA = 8;

/**
 * Two native histograms bucket by bucket, as Prometheus adds them: the zero bucket of both is widened until it is the
 * same and cuts no bucket that is not empty, then the finer one is reduced to the schema of the coarser. null: they
 * cannot be added, for the buckets of one are not known to fit those of the other.
 */
export function addNative(stored: NativePart, pushed: NativePart): NativePart | null {
  const isAlike = stored.schema === pushed.schema && stored.zeroThreshold === pushed.zeroThreshold;
  if (!isAlike && !(isKnown(stored) && isKnown(pushed))) return null;
  const [one, other] = isAlike ? [stored, pushed] : withSameZero(stored, pushed);
  const schema = Math.min(one.schema, other.schema);
  return {
    schema,
    zeroThreshold: one.zeroThreshold,
    zeroCount: addCounts(one.zeroCount, other.zeroCount),
    positive: addBuckets(reduced(one.positive, one.schema, schema), reduced(other.positive, other.schema, schema)),
    negative: addBuckets(reduced(one.negative, one.schema, schema), reduced(other.negative, other.schema, schema)),
  };
}

function isKnown({ schema, zeroThreshold }: NativePart): boolean {
  return schema >= COARSEST_SCHEMA && schema <= FINEST_SCHEMA && zeroThreshold >= 0 && zeroThreshold < Infinity;
}

/** Each step takes the buckets of one of both that the zero bucket of the other reaches into, so there is an end. */
function withSameZero(stored: NativePart, pushed: NativePart): [NativePart, NativePart] {
  let [one, other] = [stored, pushed];
  while (one.zeroThreshold !== other.zeroThreshold)
    if (one.zeroThreshold > other.zeroThreshold) other = widened(other, one.zeroThreshold);
    else one = widened(one, other.zeroThreshold);
  return [one, other];
}

/** The histogram with a zero bucket up to this threshold, or to the end of a bucket that it would cut. */
function widened(native: NativePart, threshold: number): NativePart {
  const { schema } = native;
  const upTo = (buckets: NativeBuckets, from: number): number => {
    let wider = from;
    for (const index of buckets.keys())
      if (nativeBound(index - 1, schema) < from) wider = Math.max(wider, nativeBound(index, schema));
    return wider;
  };
  let zeroThreshold = threshold;
  for (let before = -1; before !== zeroThreshold; ) {
    before = zeroThreshold;
    zeroThreshold = upTo(native.negative, upTo(native.positive, before));
  }
  let { zeroCount } = native;
  const isOutside = ([index, count]: [number, Count]): boolean => {
    if (nativeBound(index - 1, schema) >= zeroThreshold) return true;
    zeroCount = addCounts(zeroCount, count);
    return false;
  };
  const positive = new Map([...native.positive].filter(isOutside));
  const negative = new Map([...native.negative].filter(isOutside));
  return { schema, zeroThreshold, zeroCount, positive, negative };
}

/** The buckets in a coarser schema: those of 2^d indices become one. */
function reduced(buckets: NativeBuckets, from: number, to: number): NativeBuckets {
  if (from === to) return buckets;
  const shift = 2 ** (from - to);
  const coarser = new Map<number, Count>();
  for (const [index, count] of buckets) addTo(coarser, Math.ceil(index / shift), count);
  return coarser;
}

function addBuckets(one: NativeBuckets, other: NativeBuckets): NativeBuckets {
  const sums = new Map(one);
  for (const [index, count] of other) addTo(sums, index, count);
  return sums;
}

function addTo(sums: Map<number, Count>, index: number, count: Count): void {
  const known = sums.get(index);
  const sum = known === undefined ? count : addCounts(known, count);
  if (!isNone(sum)) sums.set(index, sum);
}
