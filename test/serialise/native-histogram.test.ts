import { describe, expect, test } from "bun:test";
import { emptyHistogram, type SideHistogram } from "../../src/protobuf/metric-messages.ts";
import { SideCursor } from "../../src/protobuf/metric-reader.ts";
import { nativeBound } from "../../src/serialise/native-bounds.ts";
import { nativeBuckets } from "../../src/serialise/native-histogram.ts";
import { recordedConversations } from "./families.ts";

const shown = (parts: Partial<SideHistogram>) =>
  [...nativeBuckets({ ...emptyHistogram(), ...parts })]
    .filter((bucket) => bucket !== null)
    .map(({ boundaries, lower, upper, count }) => [boundaries, lower, upper, count]);
const half = (spans: [offset: number, length: number][], deltas: bigint[], counts: number[] = []) => ({
  spans: spans.map(([offset, length]) => ({ offset, length })),
  deltas,
  counts,
});

/** floor(2^(52 + i/256)), exactly, by eight integer square roots. */
function exactBound(i: number): number {
  let root = 1n << BigInt(52 * 256 + i);
  for (let k = 0; k < 8; k++) root = integerRoot(root);
  return Number(root) / 2 ** 53;
}

function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

describe("nativeBound", () => {
  test("is within four units in the last place of the exact bound for every bucket of schema 8", () => {
    for (let i = 0; i < 256; i++) {
      expect(Math.abs(nativeBound(i - 256, 8) - exactBound(i))).toBeLessThanOrEqual(4 * 2 ** -53);
    }
  });

  test("gives coarser schemas every second bound of the next finer one", () => {
    for (let schema = -4; schema < 8; schema++) {
      for (let index = -40; index < 40; index++) {
        expect(nativeBound(index, schema)).toBe(nativeBound(index * 2, schema + 1));
      }
    }
  });

  /** As the recorded answers and the reference's table have them. */
  test.each([
    [1, 1, "1.414213562373095"],
    [1, 3, "1.0905077326652577"],
    [-1, 3, "0.9170040432046711"],
    [1, 8, "1.0027112750502025"],
    [255, 8, "1.9945921121709396"],
  ])("of index %d and schema %d prints %s", (index, schema, bound) => {
    expect(String(nativeBound(index, schema))).toBe(bound);
  });

  test.each([
    ["the last one of finite numbers", 1024, 0, Number.MAX_VALUE],
    ["the last one of finite numbers, coarse", 64, -4, Number.MAX_VALUE],
    ["the last one of finite numbers, fine", 1024 * 256, 8, Number.MAX_VALUE],
    ["the one before", 1024 * 256 - 256, 8, 2 ** 1023],
    ["the one for infinity", 1025, 0, Infinity],
    ["the one for infinity, fine", 1024 * 256 + 1, 8, Infinity],
    ["the smallest number", -1074, 0, 5e-324],
    ["below the smallest number", -1075, 0, 0],
    ["a bound that is subnormal", -1073 * 2 + 1, 1, 1.5e-323],
    ["custom bounds, from below", -1, -53, -Infinity],
    ["custom bounds, from above", 0, -53, Infinity],
  ])("of %s is right", (_, index, schema, bound) => expect(nativeBound(index, schema)).toBe(bound));
});

describe("nativeBuckets", () => {
  test("agrees with the recorded case proto/native negative", () => {
    const recorded = recordedConversations().find(({ name }) => name === "proto/native negative");
    const body = Buffer.from(recorded?.steps[0]?.body ?? "", "base64");
    /** The message's length, its name `n` and its type come before the metric. */
    const cursor = new SideCursor(body.subarray(6));
    const metric = cursor.step() ? cursor.metric() : undefined;
    expect(shown(metric?.histogram ?? {})).toEqual([
      [1, "-0.9170040432046711", "-0.8408964152537144", "4"],
      [3, "-0.001", "0.001", "2"],
      [0, "0.9170040432046711", "1", "1"],
      [0, "1", "1.0905077326652577", "3"],
      [0, "1.2968395546510096", "1.414213562373095", "2"],
    ]);
  });

  test("leaves out empty buckets and lists negative ones from the lowest up", () => {
    const negative = half([[0, 3]], [5n, -5n, 7n]);
    expect(shown({ negative, positive: half([[1, 2]], [0n, 1n]) })).toEqual([
      [1, "-4", "-2", "7"],
      [1, "-1", "-0.5", "5"],
      [0, "2", "4", "1"],
    ]);
  });

  test("keeps counts exact above 2^53 and wraps what goes below zero", () => {
    expect(
      shown({ positive: half([[0, 2]], [9007199254740993n, -9007199254740994n]) }).map(([, , , count]) => count),
    ).toEqual(["9007199254740993", "18446744073709551615"]);
  });

  test("takes the fractions of a float histogram and prints them as floats", () => {
    const positive = half([[0, 3]], [], [1.5, 0, 2e6]);
    expect(shown({ sampleCountFloat: 5, zeroCountFloat: 0.25, positive })).toEqual([
      [3, "-0", "0", "0.25"],
      [0, "0.5", "1", "1.5"],
      [0, "2", "4", "2e+06"],
    ]);
  });

  test("steps over spans of length 0, and ends where spans promise more than there is", () => {
    expect(
      shown({
        positive: half(
          [
            [1, 0],
            [1, 1],
            [3, 4294967295],
          ],
          [1n, 1n],
        ),
      }),
    ).toEqual([
      [0, "2", "4", "1"],
      [0, "32", "64", "2"],
    ]);
  });
});
