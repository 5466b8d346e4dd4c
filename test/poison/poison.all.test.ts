import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { findPoison } from "./finding.ts";
import { corpusPushes, grammarPushes, recordedPushes } from "./pushes.ts";

setDefaultTimeout(600_000);

const seed = Number(process.env.POISON_SEED ?? Math.floor(Math.random() * 1_000_000));

describe("no push makes a scrape fail", () => {
  test("of those recorded", async () => {
    const { taken, poison } = await findPoison(recordedPushes());
    expect(poison).toEqual([]);
    expect(taken).toBeGreaterThan(500);
  });

  test("of a grammar of reserved and colliding names, all types and all ways to bring a label", async () => {
    const { taken, poison } = await findPoison(grammarPushes(1, 0.15));
    expect(poison).toEqual([]);
    expect(taken).toBeGreaterThan(50);
  });

  test(`of the fuzzer's corpora, changed at random (POISON_SEED=${seed})`, async () => {
    const { taken, poison } = await findPoison(corpusPushes(seed, 200));
    expect(poison).toEqual([]);
    expect(taken).toBeGreaterThan(50);
  });
});
