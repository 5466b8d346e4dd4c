import { expect, test } from "bun:test";
import { formatFloat } from "../../src/bytes/float.ts";
import { Writer } from "../../src/bytes/writer.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const EDGES = [
  0,
  -0,
  1,
  -1,
  9,
  10,
  999_999,
  1e6,
  1_000_001,
  -1e6,
  9_999_999,
  1e7,
  10_000_001,
  4_294_967_295,
  7e9,
  1e15 - 1,
  1e15,
  2 ** 53 - 1,
  1 - 2 ** 53,
  2 ** 53,
  1e21,
];

test("a whole number is written digit by digit as it is formatted as text: edges and 100,000 of all sizes", () => {
  const random = seededRandom(1);
  const numbers = [...EDGES];
  for (let i = 0; i < 100_000; i++)
    numbers.push(Math.floor(random() * 10 ** (1 + random() * 15)) * (random() < 0.2 ? -1 : 1));
  const out = new Writer(1);
  const wrong = numbers.filter((number) => {
    out.reset();
    out.float(number);
    return Buffer.from(out.view()).toString() !== formatFloat(number);
  });
  expect(wrong).toEqual([]);
});
