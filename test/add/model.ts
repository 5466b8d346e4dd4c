import { nativeBound } from "../../src/serialise/native-bounds.ts";
import type { Message } from "../fuzz/metrics-schema.ts";

/** What the sums must be, as slowly and plainly as it can be said: bounds and counts, no schemas but at the end. */

export interface Native {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** By index. */
  readonly positive: Record<number, number>;
  readonly negative: Record<number, number>;
}

export interface Histogram {
  readonly count: number;
  readonly sum: number;
  /** Cumulative, by bound. */
  readonly buckets: Record<string, number>;
  readonly native: Native | null;
}

export type Value = { readonly number: number } | { readonly count: number; readonly sum: number } | Histogram;

export type Rule = "replace" | "sum" | "min" | "max";

export function addValues(type: string, rule: Rule, one: Value, other: Value): Value {
  if ("number" in one && "number" in other) {
    if (type !== "GAUGE" || rule === "sum") return { number: one.number + other.number };
    if (rule === "replace") return other;
    return { number: rule === "min" ? Math.min(one.number, other.number) : Math.max(one.number, other.number) };
  }
  if ("number" in one || "number" in other) throw new Error("adding values of two kinds");
  const totals = { count: one.count + other.count, sum: one.sum + other.sum };
  if (!("buckets" in one) || !("buckets" in other)) return totals;
  const native = one.native && other.native ? addNative(one.native, other.native) : null;
  return { ...totals, buckets: addBuckets(one, other), native };
}

function addBuckets(one: Histogram, other: Histogram): Record<string, number> {
  const bounds = [...new Set([...Object.keys(one.buckets), ...Object.keys(other.buckets)])];
  const at = ({ buckets, count }: Histogram, bound: number): number => {
    if (bound === Infinity) return count;
    const below = Object.keys(buckets).filter((own) => Number(own) <= bound);
    const greatest = below.sort((a, b) => Number(a) - Number(b)).at(-1);
    return greatest === undefined ? 0 : (buckets[greatest] ?? 0);
  };
  return Object.fromEntries(bounds.map((bound) => [bound, at(one, Number(bound)) + at(other, Number(bound))]));
}

interface Bucket {
  readonly sign: 1 | -1;
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

function bucketsOf({ schema, positive, negative }: Native): Bucket[] {
  const half = (sign: 1 | -1, counts: Record<number, number>): Bucket[] =>
    Object.entries(counts).map(([index, count]) => ({
      sign,
      lower: nativeBound(Number(index) - 1, schema),
      upper: nativeBound(Number(index), schema),
      count,
    }));
  return [...half(1, positive), ...half(-1, negative)].filter(({ count }) => count !== 0);
}

/** Buckets with the zero bucket beside them. */
interface Zeroed {
  threshold: number;
  zeroCount: number;
  buckets: Bucket[];
}

/** The one with the narrower zero bucket gets the other's, or a wider one where that would cut a bucket, in turn. */
function withSameZero(one: Zeroed, other: Zeroed): void {
  while (one.threshold !== other.threshold) {
    const [narrow, wide] = one.threshold < other.threshold ? [one, other] : [other, one];
    narrow.threshold = wide.threshold;
    const isCut = ({ lower, upper }: Bucket) => lower < narrow.threshold && narrow.threshold < upper;
    for (let cut = narrow.buckets.find(isCut); cut !== undefined; cut = narrow.buckets.find(isCut))
      narrow.threshold = cut.upper;
    const inside = narrow.buckets.filter(({ lower }) => lower < narrow.threshold);
    narrow.zeroCount += inside.reduce((sum, { count }) => sum + count, 0);
    narrow.buckets = narrow.buckets.filter(({ lower }) => lower >= narrow.threshold);
  }
}

const zeroed = (native: Native): Zeroed => ({
  threshold: native.zeroThreshold,
  zeroCount: native.zeroCount,
  buckets: bucketsOf(native),
});

function addNative(stored: Native, pushed: Native): Native {
  const [one, other] = [zeroed(stored), zeroed(pushed)];
  withSameZero(one, other);
  const schema = Math.min(stored.schema, pushed.schema);
  const half = (wanted: 1 | -1): Record<number, number> => {
    const counts: Record<number, number> = {};
    for (const bucket of [...one.buckets, ...other.buckets]) {
      if (bucket.sign !== wanted) continue;
      const index = indexOf(bucket.upper, schema);
      counts[index] = (counts[index] ?? 0) + bucket.count;
    }
    return counts;
  };
  const zeroCount = one.zeroCount + other.zeroCount;
  return { schema, zeroThreshold: one.threshold, zeroCount, positive: half(1), negative: half(-1) };
}

/** The bucket of a schema that a number is in. */
function indexOf(value: number, schema: number): number {
  let index = Math.ceil(Math.log2(value) * 2 ** schema) - 2;
  while (nativeBound(index, schema) < value) index++;
  return index;
}

/** What the labels `mode` of a decoded family say, by the value of their label `a`. */
export function modesOf(family: Message): Map<string, string> {
  const labels = ((family.metric as Message[] | undefined) ?? []).map(labelsOf);
  return new Map(labels.filter(({ mode }) => mode !== undefined).map(({ a = "", mode = "" }) => [a, mode]));
}

const labelsOf = ({ label }: Message): Record<string, string> =>
  Object.fromEntries((label as { name: string; value: string }[]).map(({ name, value }) => [name, value]));

/** The values of a decoded family, by the value of their label `a`. */
export function valuesOf(family: Message): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const metric of (family.metric as Message[] | undefined) ?? [])
    values.set(labelsOf(metric).a ?? "", readValue(metric));
  return values;
}

function readValue(metric: Message): Value {
  const { counter, gauge, untyped, summary, histogram } = metric as Record<string, Record<string, number> | undefined>;
  const single = counter ?? gauge ?? untyped;
  if (single !== undefined) return { number: single.value ?? 0 };
  if (summary !== undefined) return { count: summary.sampleCount ?? 0, sum: summary.sampleSum ?? 0 };
  return histogramOf((histogram ?? {}) as Message);
}

interface Span {
  readonly offset: number;
  readonly length: number;
}

function histogramOf(read: Message): Histogram {
  const number = (name: string): number => (read[name] as number | undefined) ?? 0;
  const buckets = (read.bucket as Record<string, number>[] | undefined) ?? [];
  const positive = (read.positiveSpan as Span[] | undefined) ?? [];
  const negative = (read.negativeSpan as Span[] | undefined) ?? [];
  return {
    count: number("sampleCountFloat") || number("sampleCount"),
    sum: number("sampleSum"),
    buckets: Object.fromEntries(
      buckets.map((bucket) => [
        String(bucket.upperBound),
        bucket.cumulativeCountFloat || (bucket.cumulativeCount ?? 0),
      ]),
    ),
    native:
      positive.length + negative.length === 0
        ? null
        : {
            schema: number("schema"),
            zeroThreshold: number("zeroThreshold"),
            zeroCount: number("zeroCountFloat") || number("zeroCount"),
            positive: countsOf(positive, read.positiveDelta as number[], read.positiveCount as number[]),
            negative: countsOf(negative, read.negativeDelta as number[], read.negativeCount as number[]),
          },
  };
}

function countsOf(spans: readonly Span[], deltas: number[] = [], fractions: number[] = []): Record<number, number> {
  let before = 0;
  const whole = deltas.map((delta) => {
    before += delta;
    return before;
  });
  const counts = fractions.length > 0 ? fractions : whole;
  const found: Record<number, number> = {};
  let [at, index] = [0, 0];
  for (const { offset = 0, length = 0 } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      const count = counts[at++] ?? 0;
      if (count !== 0) found[index] = count;
    }
  }
  return found;
}
