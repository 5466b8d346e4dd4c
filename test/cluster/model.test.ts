import { describe, expect, test } from "bun:test";
import { REPLICA_RULES } from "../../src/cluster/replica.ts";
import { KEY_MUTATIONS, MUTATIONS } from "./model/mutations.ts";
import type { NewStore } from "./model/node.ts";
import { firstFaults, realRunOf, runOf, uncheckedRunOf } from "./model/run.ts";
import { KEY_RULES, ModelStore } from "./model/store.ts";

/** More where changes are taken; model.all.test.ts has thousands. */
const SEEDS = process.env.CI ? 300 : 150;
const REAL_SEEDS = process.env.CI ? 30 : 10;
const MUTATED_SEEDS = 2000;
const from = Number(process.env.CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe("replicas over one log that delays, loses and doubles, with kills, snapshots and impatient clients", () => {
  test(`agree, are consistent, and answer as one Pushgateway (CLUSTER_SEED=${from})`, async () => {
    for (let seed = from; seed < from + SEEDS; seed++)
      expect({ seed, faults: await runOf(seed, REPLICA_RULES) }).toEqual({ seed, faults: [] });
  }, 60_000);

  test(`so they do with the store of the program (CLUSTER_SEED=${from})`, async () => {
    for (let seed = from; seed < from + REAL_SEEDS; seed++)
      expect({ seed, faults: await realRunOf(seed, REPLICA_RULES) }).toEqual({ seed, faults: [] });
  }, 120_000);

  test(`so they do where pushes are not checked, and they show the same of what contradicts itself (CLUSTER_SEED=${from})`, async () => {
    for (let seed = from; seed < from + REAL_SEEDS; seed++)
      expect({ seed, faults: await uncheckedRunOf(seed, REPLICA_RULES) }).toEqual({ seed, faults: [] });
  }, 120_000);

  test.each(Object.keys(MUTATIONS))(
    "do not if %s",
    async (name) => {
      const rules = { ...REPLICA_RULES, ...MUTATIONS[name] };
      expect(await firstFaults(rules, MUTATED_SEEDS)).not.toBeNull();
    },
    120_000,
  );

  test.each(Object.keys(KEY_MUTATIONS))(
    "nor if %s",
    async (name) => {
      const newStore: NewStore = (deps) => new ModelStore(deps, { ...KEY_RULES, ...KEY_MUTATIONS[name] });
      expect(await firstFaults(REPLICA_RULES, MUTATED_SEEDS, newStore)).not.toBeNull();
    },
    120_000,
  );
});
