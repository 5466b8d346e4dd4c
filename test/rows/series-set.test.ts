import { describe, expect, test } from "bun:test";
import { SeriesSet } from "../../src/rows/series-set.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.SERIES_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe(`series of a family (SERIES_SEED=${seed})`, () => {
  test("each is new once, in families of any size, whatever was there in the family before", () => {
    const random = seededRandom(seed);
    const series = new SeriesSet();
    for (const size of [0, 1, 7, 8, 9, 3, 100, 2, 40_000, 5, 1_000, 70_000, 70_000, 4, 17]) {
      const texts = Array.from({ length: size }, () => `a="${Math.floor(random() * size * 2)}"`);
      series.open(Buffer.from(texts.join("")));
      const known = new Set<string>();
      let at = 0;
      const wrong = texts.filter((text) => {
        at += text.length;
        const isNew = series.add(at - text.length, at);
        return isNew === known.has(text) || !known.add(text);
      });
      expect({ size, wrong }).toEqual({ size, wrong: [] });
    }
  });
});
