import { Broken } from "../../../src/bytes/broken.ts";
import type { ReplicaRules } from "../../../src/cluster/replica.ts";
import { faultsOf } from "./check.ts";
import type { NewStore } from "./node.ts";
import { groupOfRealRow, RealStore } from "./real-store.ts";
import { ModelStore } from "./store.ts";
import { World, type WorldOptions } from "./world.ts";

/** What is wrong with a run of the model; a broken invariant is a fault, too. */
export async function runOf(
  seed: number,
  rules: ReplicaRules,
  newStore: NewStore = (deps) => new ModelStore(deps),
  options: Partial<WorldOptions> = {},
): Promise<string[]> {
  try {
    return faultsOf(await new World(seed, rules, newStore, options).run());
  } catch (error) {
    if (error instanceof Broken) return [error.message];
    throw error;
  }
}

/** The same with the store of the program whose pushes are not checked against one another. */
export const uncheckedRunOf = (seed: number, rules: ReplicaRules): Promise<string[]> =>
  runOf(seed, rules, (deps) => new RealStore(deps), {
    isChecked: false,
    hasKeys: false,
    hasLabels: false,
    groupOfRow: groupOfRealRow,
  });

/** The same with the store of the program. */
export const realRunOf = (seed: number, rules: ReplicaRules): Promise<string[]> =>
  runOf(seed, rules, (deps) => new RealStore(deps), { hasLabels: false, groupOfRow: groupOfRealRow });

/** The first run with something wrong among so many, from seed 1 on; null: there is none. */
export async function firstFaults(
  rules: ReplicaRules,
  seeds: number,
  newStore?: NewStore,
): Promise<{ seed: number; faults: string[] } | null> {
  for (let seed = 1; seed <= seeds; seed++) {
    const faults = await runOf(seed, rules, newStore);
    if (faults.length > 0) return { seed, faults };
  }
  return null;
}
