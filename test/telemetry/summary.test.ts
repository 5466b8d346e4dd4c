import { describe, expect, test } from "bun:test";
import { SlidingSummary } from "../../src/telemetry/summary.ts";
import { seededRandom } from "./fixtures.ts";

const SLOT_MS = 120_000;
const RANKS = [0.1, 0.5, 0.9];
const RANGE = { lowestExponent: -20, highestExponent: 12 };
const LARGEST_RELATIVE_ERROR = 0.01;

interface Observation {
  readonly value: number;
  readonly atMs: number;
}

/** The slot of a moment, counted from the start of the clock at 0; a slot's last moment belongs to it. */
const slotOf = (atMs: number) => Math.max(0, Math.ceil(atMs / SLOT_MS) - 1);

/** The exact quantiles of the present slot and the four before it, by sorting. */
function exactQuantiles(observations: readonly Observation[], nowMs: number): number[] {
  const oldest = slotOf(nowMs) - 4;
  const inWindow = observations.filter(({ atMs }) => slotOf(atMs) >= oldest).map(({ value }) => value);
  const sorted = inWindow.sort((a, b) => a - b);
  return RANKS.map((rank) => sorted[Math.ceil(rank * sorted.length) - 1] ?? Number.NaN);
}

/** Fails where `actual` is further from `expected` than the stated bound. */
function expectClose(actual: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) {
    const got = actual[i] as number;
    if (Number.isNaN(value)) expect(got).toBeNaN();
    else expect(Math.abs(got - value)).toBeLessThanOrEqual(LARGEST_RELATIVE_ERROR * value);
  }
}

type Draw = (random: () => number) => number;

const DISTRIBUTIONS: readonly (readonly [name: string, draw: Draw])[] = [
  ["log-uniform over the range", (random) => 2 ** (-19.9 + random() * 31.8)],
  ["uniform", (random) => 0.001 + random()],
  ["two far clusters", (random) => (random() < 0.5 ? 1e-5 : 100) * (1 + random() / 10)],
  ["few distinct values", (random) => 0.125 * (1 + Math.floor(random() * 4))],
  [
    "just below and at powers of two",
    (random) => 2 ** Math.floor(random() * 20 - 10) * (random() < 0.5 ? 1 : 1 - 2 ** -53),
  ],
];

const SEEDS = [1, 20_261_121, 0x7fffffff];
const CASES = DISTRIBUTIONS.flatMap(([name, draw]) => SEEDS.map((seed) => [name, seed, draw] as const));

describe("SlidingSummary", () => {
  test.each(CASES)("quantiles of %s (seed %i) stay within 1 %% of a sorted array", (_, seed, draw) => {
    const random = seededRandom(seed);
    const summary = new SlidingSummary(RANGE, 0);
    const observations: Observation[] = [];
    for (const size of [1, 2, 9, 10, 11, 500, 3000]) {
      while (observations.length < size) {
        const value = draw(random);
        observations.push({ value, atMs: 0 });
        summary.observe(value, 0);
      }
      expectClose(summary.quantiles(RANKS, 0), exactQuantiles(observations, 0));
    }
  });

  test.each(SEEDS)("quantiles follow the window as it rolls over, with pauses of all lengths (seed %i)", (seed) => {
    const random = seededRandom(seed);
    const summary = new SlidingSummary(RANGE, 0);
    const observations: Observation[] = [];
    let nowMs = 0;
    for (let round = 0; round < 400; round++) {
      nowMs += random() < 0.1 ? Math.floor(random() * 14) * SLOT_MS : Math.floor(random() * SLOT_MS);
      if (random() < 0.1) nowMs = Math.ceil(nowMs / SLOT_MS) * SLOT_MS;
      const scale = 2 ** (random() * 20 - 10);
      for (let i = Math.floor(random() * 20); i > 0; i--) {
        const value = scale * (0.5 + random());
        observations.push({ value, atMs: nowMs });
        summary.observe(value, nowMs);
      }
      if (random() < 0.7) expectClose(summary.quantiles(RANKS, nowMs), exactQuantiles(observations, nowMs));
    }
    expect(summary.count).toBe(observations.length);
    expect(summary.sum).toBe(observations.reduce((sum, { value }) => sum + value, 0));
  });

  const WINDOW: readonly (readonly [what: string, readMs: number, median: number])[] = [
    ["is there at once", 0, 0.5],
    ["is there at the last moment of the tenth minute", 5 * SLOT_MS, 0.5],
    ["is gone right after the tenth minute", 5 * SLOT_MS + 1, Number.NaN],
    ["is gone after a day", 86_400_000, Number.NaN],
  ];

  test.each(WINDOW)("an observation made at the start %s", (_, readMs, median) => {
    const summary = new SlidingSummary(RANGE, 0);
    summary.observe(0.5, 0);
    expect(summary.quantiles([0.5], readMs)).toEqual([median]);
  });

  test("an observation made late in a slot leaves the window with its slot, after little more than eight minutes", () => {
    const summary = new SlidingSummary(RANGE, 0);
    summary.observe(0.5, SLOT_MS);
    expect(summary.quantiles([0.5], 5 * SLOT_MS)).toEqual([0.5]);
    expect(summary.quantiles([0.5], 5 * SLOT_MS + 1)).toEqual([Number.NaN]);
  });

  test("all quantiles are NaN before anything was observed", () => {
    expect(new SlidingSummary(RANGE, 0).quantiles(RANKS, 0)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  const EDGES: readonly (readonly [what: string, value: number, median: number, sum: number])[] = [
    ["0", 0, 0, 0],
    ["a negative value as 0", -3, 0, 0],
    ["NaN as 0", Number.NaN, 0, 0],
    ["a value below the range", 1e-300, 1e-300, 1e-300],
    ["a value above the range", 1e300, 1e300, 1e300],
    ["the lower end of the range", 2 ** -20, 2 ** -20, 2 ** -20],
    ["the upper end of the range", 2 ** 12, 2 ** 12, 2 ** 12],
  ];

  test.each(EDGES)("takes %s", (_, value, median, sum) => {
    const summary = new SlidingSummary(RANGE, 0);
    summary.observe(value, 0);
    expect(summary.quantiles([0.5], 0)).toEqual([median]);
    expect([summary.sum, summary.count]).toEqual([sum, 1]);
  });
});
