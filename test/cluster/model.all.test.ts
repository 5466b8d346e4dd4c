import { describe, expect, test } from "bun:test";
import { REPLICA_RULES } from "../../src/cluster/replica.ts";
import { realRunOf, runOf, uncheckedRunOf } from "./model/run.ts";

const SEEDS = 5000;
const SEEDS_A_TEST = 500;
const REAL_SEEDS_A_TEST = 20;
const from = Number(process.env.CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe(`${SEEDS} runs of replicas over one log (CLUSTER_SEED=${from})`, () => {
  const starts = Array.from({ length: SEEDS / SEEDS_A_TEST }, (_, i) => from + i * SEEDS_A_TEST);
  test.each(starts)(
    "agree, are consistent, and answer as one Pushgateway, from seed %d on",
    async (start) => {
      for (let seed = start; seed < start + SEEDS_A_TEST; seed++)
        expect({ seed, faults: await runOf(seed, REPLICA_RULES) }).toEqual({ seed, faults: [] });
    },
    120_000,
  );

  test.each(starts)(
    "so they do with the store of the program, from seed %d on",
    async (start) => {
      for (let seed = start; seed < start + REAL_SEEDS_A_TEST; seed++)
        expect({ seed, faults: await realRunOf(seed, REPLICA_RULES) }).toEqual({ seed, faults: [] });
    },
    120_000,
  );

  test.each(starts)(
    "so they do where pushes are not checked, and show the same, from seed %d on",
    async (start) => {
      for (let seed = start; seed < start + REAL_SEEDS_A_TEST; seed++)
        expect({ seed, faults: await uncheckedRunOf(seed, REPLICA_RULES) }).toEqual({ seed, faults: [] });
    },
    120_000,
  );
});
