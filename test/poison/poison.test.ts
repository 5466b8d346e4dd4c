import { describe, expect, test } from "bun:test";
import { findPoison, outcome } from "./finding.ts";
import { corpusPushes, grammarPushes, poisonPushes, recordedPushes } from "./pushes.ts";

const seed = Number(process.env.POISON_SEED ?? Math.floor(Math.random() * 1_000_000));
/** Every push in so many; the others are for `npm run test:all`. */
const SHARE = 5;

describe("no push makes a scrape fail", () => {
  test.each(poisonPushes())("$status: $what", async (push) => {
    expect(await outcome(push)).toEqual({ status: push.status ?? 0, faults: [] });
  });

  test(`of those recorded, one in ${SHARE}`, async () => {
    const { taken, poison } = await findPoison(recordedPushes().filter((_, i) => i % SHARE === 0));
    expect(poison).toEqual([]);
    expect(taken).toBeGreaterThan(100);
  });

  test("of a grammar of reserved and colliding names, all types and all ways to bring a label", async () => {
    const { taken, poison } = await findPoison(grammarPushes(1, 0.02));
    expect(poison).toEqual([]);
    expect(taken).toBeGreaterThan(20);
  });

  test(`of the fuzzer's corpora, changed at random (POISON_SEED=${seed})`, async () => {
    const { taken, poison } = await findPoison(corpusPushes(seed, 20));
    expect(poison).toEqual([]);
    expect(taken).toBeGreaterThan(50);
  });
});
