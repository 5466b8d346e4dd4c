import { describe, expect, test } from "bun:test";
import { ask, push } from "../app.ts";
import { Replicas, shownBy, storeSnapshot, type TestReplica } from "../cluster/replicas.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { principalOf, WrittenPrincipals } from "./principals.ts";

const seed = Number(process.env.CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 20;
const ROUNDS = 8;
const LIMITS = { maxGroups: 30, maxSeries: 150 };

const usageOf = ({ store }: TestReplica) => store.counting.of("team");

async function counted(...replicas: readonly TestReplica[]): Promise<void> {
  for (const { context } of replicas) await context.storeTurns.counted();
}

describe(`replicas that share a log (CLUSTER_SEED=${seed})`, () => {
  test("pushes at once, to whichever, do not together go over a quota, and all replicas count the same", async () => {
    const file = new WrittenPrincipals([principalOf("team", 'job="j"', LIMITS), principalOf("all", null)]);
    const replicas = new Replicas(seed, { delayMs: 4, lost: 0.05, doubled: 0.05 }, file);
    const all = [await replicas.joined(), await replicas.joined(), await replicas.joined()];
    for (const replica of all) replica.principal = file.of("team");
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const someReplica = () => all[below(all.length)] as TestReplica;
    const statuses = { 200: 0, 507: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const pushes = Array.from({ length: AT_ONCE }, () => {
        const lines = Array.from({ length: 1 + below(6) }, (_, i) => `m{i="${below(3)}${i}"} 1\n`).join("");
        return push(someReplica().app, `/job/j/instance/${below(60)}`, lines, random() < 0.5 ? "PUT" : "POST");
      });
      const removal = ask(someReplica().app, "DELETE", `/metrics/job/j/instance/${below(60)}`);
      for (const { status } of await Promise.all(pushes)) statuses[status as keyof typeof statuses]++;
      await removal;
      const [one, ...others] = await shownBy(replicas.engine, ...all);
      for (const other of others) expect(other).toEqual(one as string[]);
      await counted(...all);
      const [first, second, third] = all.map(usageOf);
      expect([second, third]).toEqual([first, first]);
      expect(first?.groups).toBeLessThanOrEqual(LIMITS.maxGroups);
      expect(first?.series).toBeLessThanOrEqual(LIMITS.maxSeries);
      expect(first?.series).toBe(one?.length ?? 0);
    }
    expect(Object.keys(statuses)).toEqual(["200", "507"]);
    expect(Math.min(statuses[200], statuses[507])).toBeGreaterThan(10);
    const [first] = all as [TestReplica];
    await storeSnapshot(first);
    const late = await replicas.joined();
    await counted(late);
    expect(usageOf(late)).toEqual(usageOf(first));
  });
});
