import { expect, test } from "bun:test";
import {
  classicBuckets,
  classicQuantile,
  growthOf,
  nativeBuckets,
  nativeQuantile,
  schemaOf,
} from "../../src/ui/histogram.ts";

const CLASSIC = classicBuckets({ "1": "2", "10": "8", "0.5": "0", "+Inf": "10" });

test("buckets hold what is in them alone, from the lowest to the highest", () => {
  expect(CLASSIC.map(({ lower, upper, count }) => [lower, upper, count])).toEqual([
    [0, 0.5, 0],
    [0.5, 1, 2],
    [1, 10, 6],
    [10, Number.POSITIVE_INFINITY, 2],
  ]);
});

test("counts that fall by rounding are none", () => {
  expect(classicBuckets({ "1": "3", "2": "2" }).map(({ count }) => count)).toEqual([3, 0]);
});

// What histogram_quantile of Prometheus 3 says of the same buckets.
const QUANTILES: readonly { q: number; value: number }[] = [
  { q: 0.1, value: 0.75 },
  { q: 0.2, value: 1 },
  { q: 0.5, value: 5.5 },
  { q: 0.95, value: 10 },
];

test.each(QUANTILES)("p$q of a classic histogram is what Prometheus finds", ({ q, value }) => {
  expect(classicQuantile(CLASSIC, q)?.value).toBeCloseTo(value, 10);
});

test("where nothing was observed there is no quantile", () => {
  expect(classicQuantile(classicBuckets({}), 0.5)).toBeNull();
  expect(classicQuantile(classicBuckets({ "+Inf": "0" }), 0.5)).toBeNull();
  expect(nativeQuantile([], 0.5)).toBeNull();
});

test("a first bucket below zero has no lower end", () => {
  const buckets = classicBuckets({ "-1": "4", "+Inf": "4" });
  expect(classicQuantile(buckets, 0.5)?.value).toBe(-1);
});

const NATIVE = nativeBuckets([
  [0, "2", "4", "4"],
  [0, "1", "2", "4"],
  [3, "-0.001", "0.001", "2"],
]);

test("values within a native bucket are spread by powers", () => {
  expect(nativeQuantile(NATIVE, 0.4)?.value).toBeCloseTo(Math.SQRT2, 10);
  expect(nativeQuantile(NATIVE, 1)?.value).toBeCloseTo(4, 10);
});

test("within the bucket around zero, with none below it, they are spread evenly from zero on", () => {
  expect(nativeQuantile(NATIVE, 0.1)?.value).toBeCloseTo(0.0005, 10);
});

test("the schema is found from how bounds grow", () => {
  expect(growthOf(NATIVE)).toBe(2);
  expect(schemaOf(2)).toBe(0);
  expect(schemaOf(2 ** (1 / 4))).toBe(2);
  expect(schemaOf(16)).toBe(-2);
  expect(growthOf(nativeBuckets([[1, "-4", "-2", "1"]]))).toBe(2);
  expect(growthOf([])).toBeNull();
});
