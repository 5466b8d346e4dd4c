import { expect, test } from "bun:test";
import type { Family, Metric } from "../../src/ui/answers.ts";
import { metricsThatFit } from "../../src/ui/fitting.ts";

const familyOf = (metrics: readonly Metric[]): Family => {
  return { name: "f", type: "", help: "", time_stamp: "", series: 0, metrics_total: metrics.length, metrics };
};
const values = (count: number, labels: Record<string, string> = {}) =>
  familyOf(Array.from({ length: count }, () => ({ labels, value: "1" })));
const histograms = (count: number, buckets: number) =>
  familyOf(
    Array.from({ length: count }, () => ({
      labels: {},
      count: "1",
      sum: "1",
      buckets: Object.fromEntries(Array.from({ length: buckets }, (_, i) => [String(i), "1"])),
    })),
  );

test("whatever is small is shown as a whole", () => {
  expect(metricsThatFit([values(1), values(2000), histograms(12, 10), values(0)])).toEqual([1, 2000, 12, 0]);
});

test("of histograms no more than twelve a family are drawn", () => {
  expect(metricsThatFit([histograms(13, 1)])).toEqual([12]);
});

test("of very much the first metrics are shown, then one of each family, and no histogram more", () => {
  const many = metricsThatFit([values(10_000), values(10), histograms(3, 10), values(1)]);
  expect(many[0]).toBeGreaterThan(1000);
  expect(many.slice(1)).toEqual([1, 0, 1]);
  const labels = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`l${i}`, ""]));
  expect(metricsThatFit([values(2000, labels)])[0]).toBeLessThan(200);
});
