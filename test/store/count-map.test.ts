import { expect, test } from "bun:test";
import { CountMap } from "../../src/store/table/count-map.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

for (const keys of [6, 20, 3_000])
  test(`20000 random counts of ${keys} keys are what a Map holds, and are given back (MODEL_SEED=${seed})`, () => {
    const random = seededRandom(seed);
    const counts = new CountMap();
    const model = new Map<number, number>();
    const emptyBytes = counts.sizeBytes;
    for (let step = 0; step < 20_000; step++) {
      // Phases of growth and of shrinking, so that both ways of resizing are met.
      const by = random() < (Math.floor(step / 4_000) % 2 === 0 ? 0.7 : 0.2) ? 1 : -1;
      const key = Math.floor(random() * keys) - 1;
      const before = model.get(key) ?? 0;
      if (before + by < 0) continue;
      expect(counts.add(key, by)).toBe(before);
      if (before + by === 0) model.delete(key);
      else model.set(key, before + by);
      expect(counts.size).toBe(model.size);
    }
    expect([...counts].sort(([a], [b]) => a - b)).toEqual([...model].sort(([a], [b]) => a - b));
    for (const [key, count] of model) expect([counts.has(key), counts.get(key)]).toEqual([true, count]);
    for (const [key, count] of model) counts.add(key, -count);
    expect([...counts.keys()]).toEqual([]);
    expect(counts.sizeBytes).toBeLessThan(emptyBytes + 200);
  });
