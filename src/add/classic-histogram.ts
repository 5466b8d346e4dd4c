import { addCounts } from "./counts.ts";
import { latest } from "./messages.ts";
import type { ClassicBucket, Count, HistogramValue } from "./metric.ts";

/**
 * The buckets of two histograms over all bounds of both. The count at a bound is the sum, over both, of the count at
 * the greatest bound of its own that is not above it, so that counts never fall from one bound to the next.
 */
export function addClassic(stored: HistogramValue, pushed: HistogramValue): ClassicBucket[] {
  const hasInfinity = isWithInfinity(stored) || isWithInfinity(pushed);
  const [one, other] = [stepsOf(stored, hasInfinity), stepsOf(pushed, hasInfinity)];
  const sums: ClassicBucket[] = [];
  let [i, j] = [0, 0];
  let [count, otherCount]: [Count, Count] = [0n, 0n];
  let [left, right] = [one[i], other[j]];
  while (left !== undefined || right !== undefined) {
    const bound = Math.min(left?.bound ?? Infinity, right?.bound ?? Infinity);
    const isLeft = left?.bound === bound;
    const isRight = right?.bound === bound;
    if (isLeft) count = left?.count ?? count;
    if (isRight) otherCount = right?.count ?? otherCount;
    const exemplar = latest((isLeft && left?.exemplar) || null, (isRight && right?.exemplar) || null);
    sums.push({ bound, count: addCounts(count, otherCount), exemplar });
    if (isLeft) left = one[++i];
    if (isRight) right = other[++j];
  }
  return sums;
}

const isWithInfinity = ({ buckets }: HistogramValue): boolean => buckets.some(({ bound }) => bound === Infinity);

/** The buckets by their bounds, each bound once; the one of all observations is the count where it was not given. */
function stepsOf(histogram: HistogramValue, hasInfinity: boolean): ClassicBucket[] {
  const buckets = histogram.buckets.filter(({ bound }) => !Number.isNaN(bound)).sort((a, b) => a.bound - b.bound || 0);
  const steps = buckets.filter(({ bound }, i) => bound !== buckets[i + 1]?.bound);
  const isWhole = steps.at(-1)?.bound === Infinity;
  return isWhole || !hasInfinity ? steps : [...steps, { bound: Infinity, count: histogram.count, exemplar: null }];
}
