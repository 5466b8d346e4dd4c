import { delimited, double, integer, part, varint } from "../e2e/protobuf.ts";
import type { Dice } from "../fuzz/dice.ts";

type Whole = number | bigint;

/** One half of a native histogram, as it is sent. */
interface Half {
  spans: { offset: number; length: number }[];
  deltas: Whole[];
  counts: number[];
}

/** A Histogram message, field by field; null is absent. */
interface Histogram {
  count: Whole | null;
  floatCount: number | null;
  sum: number | null;
  schema: number | null;
  zeroThreshold: number | null;
  zeroCount: Whole | null;
  zeroFloatCount: number | null;
  positive: Half;
  negative: Half;
  /** What is appended as it stands. */
  more: Uint8Array[];
}

/** A family with one histogram that is valid or nearly so, as a delimited message, and what was done to it. */
export interface RandomHistogram {
  readonly body: Uint8Array;
  readonly what: string;
}

/** Each turns a valid histogram into one that may not be. */
const MUTATIONS: Readonly<Record<string, (histogram: Histogram, dice: Dice) => void>> = {
  "a count too high or too low": (h, dice) => {
    h.count = BigInt(h.count ?? 0) + BigInt(dice.pick([1, -1, 2, 1000]));
    if (h.count < 0n) h.count = 0n;
  },
  "no count": (h) => {
    h.count = null;
  },
  "a fractional count as well": (h, dice) => {
    h.floatCount = dice.pick([0, -0, 0.5, 3, -1, Number.NaN, Infinity, -Infinity]);
  },
  "a sum of NaN": (h) => {
    h.sum = Number.NaN;
  },
  "another sum": (h, dice) => {
    h.sum = dice.pick([null, Infinity, -Infinity, -0]);
  },
  "a schema that is none": (h, dice) => {
    h.schema = dice.pick([-5, -9, -10, 9, 20, 52, 53, 127, -54, 2147483647, -2147483648]);
  },
  "custom buckets": (h) => {
    h.schema = -53;
  },
  "one custom bucket": (h, dice) => {
    h.schema = -53;
    h.negative = { spans: [], deltas: [], counts: [] };
    h.positive = { spans: [{ offset: dice.pick([0, 0, 0, 1, -1]), length: 1 }], deltas: [3], counts: [3] };
    h.zeroCount = dice.pick([null, 0, 1]);
    h.zeroThreshold = dice.pick([null, 0, 1]);
    h.count = 3;
  },
  "a zero threshold that is none": (h, dice) => {
    h.zeroThreshold = dice.pick([-1, Number.NaN, Infinity, -0]);
  },
  "a zero count too high": (h) => {
    h.zeroCount = BigInt(h.zeroCount ?? 0) + 1n;
  },
  "a fractional zero count": (h, dice) => {
    h.zeroFloatCount = dice.pick([0.5, -1, Number.NaN, Infinity]);
  },
  "a negative bucket": (h, dice) => {
    const half = dice.pick([h.positive, h.negative]);
    const at = dice.below(half.deltas.length + 1);
    if (at < half.deltas.length) half.deltas[at] = BigInt(half.deltas[at] ?? 0) - BigInt(dice.pick([1, 5, 100]));
    if (at < half.counts.length) half.counts[at] = -(half.counts[at] ?? 0) - 1;
  },
  "a bucket that is no number": (h, dice) => {
    const half = dice.pick([h.positive, h.negative]);
    if (half.counts.length > 0) half.counts[dice.below(half.counts.length)] = dice.pick([Number.NaN, Infinity, -0]);
  },
  "an offset of a later span": (h, dice) => {
    const { spans } = dice.pick([h.positive, h.negative]);
    const span = spans[dice.below(spans.length + 1)];
    if (span !== undefined) span.offset = dice.pick([-1, -3, 0, 2147483647, -2147483648, 1]);
  },
  "empty spans": (h, dice) => {
    const { spans } = dice.pick([h.positive, h.negative]);
    for (let i = 1 + dice.below(3); i > 0; i--)
      spans.splice(dice.below(spans.length + 1), 0, { offset: dice.pick([0, 1, -1, -5, 2147483647]), length: 0 });
  },
  "empty buckets": (h, dice) => {
    const half = dice.pick([h.positive, h.negative]);
    const extra = 1 + dice.below(3);
    half.spans.splice(dice.below(half.spans.length + 1), 0, { offset: dice.pick([0, 1, -1]), length: extra });
    half.deltas.push(...Array.from({ length: extra }, () => 0));
    half.counts.push(...Array.from({ length: extra }, () => 0));
  },
  "large deltas": (h, dice) => {
    const half = dice.pick([h.positive, h.negative]);
    const large = dice.pick([2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]);
    half.deltas.push(large);
    half.counts.push(Number(large));
    half.spans.push({ offset: 1, length: 1 });
    if (dice.chance(0.5)) h.count = BigInt.asUintN(64, BigInt(h.count ?? 0) + large);
  },
  "whole and fractional buckets": (h, dice) => {
    const half = dice.pick([h.positive, h.negative]);
    if (half.counts.length === 0) half.counts = half.deltas.map(() => dice.below(5));
    else half.deltas = half.counts.map(() => dice.below(5));
  },
  "no spans": (h) => {
    h.positive = { spans: [], deltas: [], counts: [] };
    h.negative = { spans: [], deltas: [], counts: [] };
    h.count = h.zeroCount;
  },
  "a no-op span": (h) => {
    h.positive.spans.unshift({ offset: 0, length: 0 });
  },
  "classic buckets besides": (h, dice) => {
    h.more.push(part(3, integer(1, dice.below(9)), double(2, dice.pick([1, Infinity, Number.NaN, -Infinity]))));
  },
  exemplars: (h, dice) => {
    const labels = part(1, part(1, dice.pick(["trace", "", "a b"])), part(2, Uint8Array.from([0xff, 0x41])));
    const time = part(3, integer(1, dice.pick([0, 1, 2 ** 52])), integer(2, dice.pick([0, 2 ** 31])));
    h.more.push(part(16, labels, double(2, dice.pick([1, Number.NaN])), ...(dice.chance(0.5) ? [time] : [])));
    h.more.push(part(16, part(1, part(1, "long"), part(2, "x".repeat(dice.pick([1, 300]))))));
  },
  "a time of creation": (h, dice) => {
    h.more.push(part(15, integer(1, dice.pick([0, 1, 2 ** 52])), integer(2, dice.pick([0, 1e9, 2 ** 33]))));
  },
  "unknown fields": (h, dice) => {
    h.more.push(dice.pick([part(100, "x"), integer(17, 1), double(99, 1), Buffer.from("9b069c06", "hex")]));
  },
  "a known field of another wire type": (h, dice) => {
    h.more.push(dice.pick([part(5, "x"), integer(2, 1), double(1, 1), integer(9, 1), part(16, integer(1, 1))]));
  },
};

const EMPTY: Half = { spans: [], deltas: [], counts: [] };

/** A histogram with up to three mutations; the type of the family is now and then GAUGE_HISTOGRAM. */
export function randomHistogram(dice: Dice, name: string): RandomHistogram {
  const isFloat = dice.chance(0.3);
  const histogram = validHistogram(dice, isFloat);
  const done: string[] = [];
  for (let i = dice.pick([0, 1, 1, 1, 2, 3]); i > 0; i--) {
    const [what, mutate] = dice.pick(Object.entries(MUTATIONS));
    mutate(histogram, dice);
    done.push(what);
  }
  const type = dice.chance(0.1) ? 5 : 4;
  const metric = part(4, part(1, part(1, "l"), part(2, "v")), ...histogramParts(histogram, dice));
  return { body: delimited(part(1, name), integer(3, type), metric), what: done.join(", ") || "nothing" };
}

function validHistogram(dice: Dice, isFloat: boolean): Histogram {
  const positive = validHalf(dice, isFloat);
  const negative = dice.chance(0.6) ? structuredClone(EMPTY) : validHalf(dice, isFloat);
  const zeroCount = dice.below(5);
  const inBuckets = [positive, negative].reduce((total, half) => total + observations(half), zeroCount);
  return {
    count: isFloat ? null : inBuckets,
    floatCount: isFloat ? inBuckets + 0.5 : null,
    sum: dice.below(100) / 4,
    schema: dice.below(13) - 4,
    zeroThreshold: dice.pick([null, 0, 0.001]),
    zeroCount: isFloat ? null : zeroCount,
    zeroFloatCount: isFloat ? zeroCount : null,
    positive,
    negative,
    more: [],
  };
}

function validHalf(dice: Dice, isFloat: boolean): Half {
  const spans = Array.from({ length: dice.below(4) }, (_, i) => ({
    offset: i === 0 ? dice.below(20) - 10 : dice.below(5),
    length: dice.below(4),
  }));
  const size = spans.reduce((total, { length }) => total + length, 0);
  const counts = Array.from({ length: size }, () => dice.below(5));
  if (isFloat) return { spans, deltas: [], counts: counts.map((count) => count / 2) };
  return { spans, deltas: counts.map((count, i) => count - (counts[i - 1] ?? 0)), counts: [] };
}

function observations({ deltas, counts }: Half): number {
  let bucket = 0;
  let total = 0;
  for (const delta of deltas) {
    bucket += Number(delta);
    total += bucket;
  }
  return counts.reduce((sum, count) => sum + count, total);
}

/** The histogram's message as field 7 of a Metric, now and then in two parts. */
function histogramParts(h: Histogram, dice: Dice): Uint8Array[] {
  const fields = [
    ...(h.count === null ? [] : [raw(1, BigInt(h.count))]),
    ...(h.floatCount === null ? [] : [double(4, h.floatCount)]),
    ...(h.sum === null ? [] : [double(2, h.sum)]),
    ...(h.schema === null ? [] : [raw(5, zigzag(BigInt(h.schema)))]),
    ...(h.zeroThreshold === null ? [] : [double(6, h.zeroThreshold)]),
    ...(h.zeroCount === null ? [] : [raw(7, BigInt(h.zeroCount))]),
    ...(h.zeroFloatCount === null ? [] : [double(8, h.zeroFloatCount)]),
    ...halfFields(h.negative, 9, dice),
    ...halfFields(h.positive, 12, dice),
    ...h.more,
  ];
  if (dice.chance(0.8)) return [part(7, ...fields)];
  const at = dice.below(fields.length + 1);
  return [part(7, ...fields.slice(0, at)), part(7, ...fields.slice(at))];
}

function halfFields({ spans, deltas, counts }: Half, first: number, dice: Dice): Uint8Array[] {
  const numbers = deltas.map((delta) => zigzag(BigInt(delta)));
  const isPacked = dice.chance(0.3);
  return [
    ...spans.map(({ offset, length }) => part(first, raw(1, zigzag(BigInt(offset))), integer(2, length))),
    ...(isPacked ? [part(first + 1, ...numbers.map(varint64))] : numbers.map((number) => raw(first + 1, number))),
    ...counts.map((count) => double(first + 2, count)),
  ];
}

const zigzag = (value: bigint): bigint => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));

function raw(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint64(value)]);
}

function varint64(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
