import { nativeBound } from "../../src/serialise/native-bounds.ts";
import type { Dice } from "../fuzz/dice.ts";
import type { Message } from "../fuzz/metrics-schema.ts";

/** What a label of a series may say of how it is added. */
const MODES = ["aggregate", "replace", "family"];

const TYPES = ["COUNTER", "GAUGE", "UNTYPED", "SUMMARY", "HISTOGRAM"];
const BOUNDS = [-1, 0, 0.1, 0.5, 1, 2.5, 5, 10, 100];
const THRESHOLDS = [0, 2 ** -128, 0.001, 0.5, 1, 3];

/** Numbers that are added without rounding. */
const half = (dice: Dice): number => dice.below(2000) / 2;

/**
 * Families of every type, named by it, each of some of so many series of a label `a`; in one of four some have a label
 * `mode` as well.
 */
export function randomPush(dice: Dice, series: number): Message[] {
  const types = TYPES.filter(() => dice.chance(0.5));
  const moded = dice.chance(0.25) ? 0.3 : 0;
  return types.map((type) => ({
    name: type.toLowerCase(),
    type,
    metric: someOf(dice, series).map((a) => randomMetric(dice, type, String(a), moded)),
  }));
}

/** Half of few numbers, or some of many, in any order. */
function someOf(dice: Dice, count: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (count < 10) return all.filter(() => dice.chance(0.5));
  return [...new Set(Array.from({ length: dice.below(8) }, () => dice.pick(all)))];
}

function randomMetric(dice: Dice, type: string, a: string, moded: number): Message {
  const label = [{ name: "a", value: a }];
  if (dice.chance(moded)) label.splice(dice.below(2), 0, { name: "mode", value: dice.pick(MODES) });
  if (type === "COUNTER") return { label, counter: { value: half(dice) } };
  if (type === "GAUGE") return { label, gauge: { value: half(dice) - 500 } };
  if (type === "UNTYPED") return { label, untyped: { value: half(dice) - 500 } };
  if (type === "SUMMARY")
    return {
      label,
      summary: { sampleCount: dice.below(100), sampleSum: half(dice), quantile: [{ quantile: 0.5, value: 1 }] },
    };
  return { label, histogram: randomHistogram(dice) };
}

/** Classic, native, or both at once; counted in whole numbers or in halves. */
function randomHistogram(dice: Dice): Message {
  const unit = dice.chance(0.7) ? 1 : 0.5;
  const histogram: Message = { sampleSum: half(dice) };
  const isNative = dice.chance(0.5);
  let total = dice.below(50);
  if (isNative) total = addNative(dice, histogram, unit);
  if (!isNative || dice.chance(0.3)) histogram.bucket = randomBuckets(dice, total, unit);
  Object.assign(histogram, unit === 1 ? { sampleCount: total } : { sampleCountFloat: total * unit });
  return histogram;
}

function randomBuckets(dice: Dice, total: number, unit: number): Message[] {
  let count = 0;
  const bounds: number[] = BOUNDS.filter(() => dice.chance(0.4));
  if (dice.chance(0.5)) bounds.push(Number.POSITIVE_INFINITY);
  return bounds.map((upperBound) => {
    count = upperBound === Number.POSITIVE_INFINITY ? total : count + dice.below(total - count + 1);
    return unit === 1 ? { upperBound, cumulativeCount: count } : { upperBound, cumulativeCountFloat: count * unit };
  });
}

/** A native histogram without classic buckets. */
export function randomNative(dice: Dice): Message {
  const unit = dice.chance(0.7) ? 1 : 0.5;
  const histogram: Message = { sampleSum: half(dice) };
  const total = addNative(dice, histogram, unit);
  return Object.assign(histogram, unit === 1 ? { sampleCount: total } : { sampleCountFloat: total * unit });
}

/** Returns how many observations the buckets have. */
function addNative(dice: Dice, histogram: Message, unit: number): number {
  const schema = dice.below(13) - 4;
  const zeroThreshold = THRESHOLDS[dice.below(THRESHOLDS.length)] as number;
  const zero = dice.below(10);
  Object.assign(histogram, { schema, zeroThreshold });
  Object.assign(histogram, unit === 1 ? { zeroCount: zero } : { zeroCountFloat: zero * unit });
  return zero + addHalf(dice, histogram, "positive", unit) + addHalf(dice, histogram, "negative", unit);
}

function addHalf(dice: Dice, histogram: Message, half: "positive" | "negative", unit: number): number {
  const { schema, zeroThreshold } = histogram as { schema: number; zeroThreshold: number };
  let index = dice.below(12) - 6;
  while (nativeBound(index - 1, schema) < zeroThreshold) index++;
  const counts: number[] = [];
  const spans: Message[] = [];
  for (let i = dice.below(3), offset = index; i >= 0; i--, offset = dice.below(5)) {
    const length = 1 + dice.below(4);
    spans.push({ offset, length });
    for (let j = 0; j < length; j++) counts.push(dice.below(6));
  }
  histogram[`${half}Span`] = spans;
  if (unit === 1) histogram[`${half}Delta`] = counts.map((count, i) => count - (counts[i - 1] ?? 0));
  else histogram[`${half}Count`] = counts.map((count) => count * unit);
  return counts.reduce((sum, count) => sum + count, 0);
}
