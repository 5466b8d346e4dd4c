import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { Replicas, shownBy, storeSnapshot, type TestReplica, until } from "../cluster/replicas.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 15;
const AT_ONCE = 20;

const MODED = 'g{mode="aggregate"} 1\nlast{mode="replace"} 1\n';
const HISTOGRAM = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n';

describe(`replicas that share a log (CLUSTER_SEED=${seed})`, () => {
  test("each push to one group is added once, whichever was pushed to, though appends are late, lost or come twice", async () => {
    const replicas = new Replicas(seed, { delayMs: 4, lost: 0.05, doubled: 0.05 });
    const joined = () => replicas.joined(["--push.clearmode-label=mode"]);
    const all = [await joined(), await joined(), await joined()];
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const pushes = Array.from({ length: AT_ONCE }, (_, i) => {
        const replica = all[Math.floor(random() * all.length)] as (typeof all)[number];
        return push(
          replica.app,
          "/job/j?aggregate=sum",
          `# TYPE c counter\nc 1\nother{i="${i}"} 1\n${MODED}${HISTOGRAM}`,
        );
      });
      for (const { status } of await Promise.all(pushes)) expect(status).toBe(200);
    }
    const count = ROUNDS * AT_ONCE;
    for (const lines of await shownBy(replicas.engine, ...all)) {
      expect(lines).toContain(`c{instance="",job="j"} ${count}`);
      expect(lines).toContain(`g{instance="",job="j"} ${count}`);
      expect(lines).toContain('last{instance="",job="j"} 1');
      expect(lines).toContain(`other{i="3",instance="",job="j"} ${ROUNDS}`);
      expect(lines).toContain(`h_bucket{instance="",job="j",le="1"} ${count}`);
      expect(lines).toContain(`h_count{instance="",job="j"} ${2 * count}`);
    }
  });
});

describe(`keys on replicas that share a log (CLUSTER_SEED=${seed})`, () => {
  /** Pushes to be added once, at a replica; the status. */
  async function keyed({ app }: TestApp, key: string, body = "# TYPE c counter\nc 1\n"): Promise<number> {
    const init = { body, headers: { "Idempotency-Key": key } };
    return (await ask(app, "POST", "/metrics/job/j?aggregate=sum", init)).status;
  }

  /** The value of the counter at each replica, once all have all of the log. */
  async function countsAt(replicas: Replicas, ...all: readonly TestReplica[]): Promise<(string | undefined)[]> {
    const shown = await shownBy(replicas.engine, ...all);
    return shown.map((lines) => lines.find((line) => line.startsWith("c{"))?.split(" ")[1]);
  }

  test("a push is added once, whichever replicas it is sent to, one after the other and at the same time, though appends are late, lost or come twice", async () => {
    const replicas = new Replicas(seed, { delayMs: 4, lost: 0.05, doubled: 0.05 });
    const all = [await replicas.joined(), await replicas.joined(), await replicas.joined()];
    const random = seededRandom(seed);
    const anyOf = () => all[Math.floor(random() * all.length)] as TestReplica;
    let keys = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const pushes: Promise<number>[] = [];
      for (let i = 0; i < AT_ONCE / 2; i++) {
        keys++;
        for (let tries = 1 + Math.floor(random() * 3); tries > 0; tries--) pushes.push(keyed(anyOf(), `k${keys}`));
      }
      // Some of before, and another push by the key of one of them.
      for (let i = 0; i < 3; i++) pushes.push(keyed(anyOf(), `k${1 + Math.floor(random() * keys)}`));
      expect(new Set(await Promise.all(pushes))).toEqual(new Set([200]));
      expect(await keyed(anyOf(), `k${1 + Math.floor(random() * keys)}`, "# TYPE c counter\nc 2\n")).toBe(422);
    }
    expect(await countsAt(replicas, ...all)).toEqual(all.map(() => String(keys)));
  });

  test("a replica that joins by a snapshot, or by the log alone, knows the keys", async () => {
    const replicas = new Replicas(seed);
    const first = await replicas.joined();
    for (const key of ["k1", "k2"]) expect(await keyed(first, key)).toBe(200);
    const byLog = await replicas.joined();
    expect(await keyed(byLog, "k1")).toBe(200);
    await storeSnapshot(first);
    expect(await keyed(byLog, "k3")).toBe(200);
    await storeSnapshot(first);
    const bySnapshot = await replicas.joined();
    for (const key of ["k1", "k2", "k3"]) expect(await keyed(bySnapshot, key)).toBe(200);
    expect(await countsAt(replicas, first, byLog, bySnapshot)).toEqual(["3", "3", "3"]);
  });

  test("what goes with a group goes everywhere: after a DELETE at one replica the key is a new one at the other", async () => {
    const replicas = new Replicas(seed, { delayMs: 3 });
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    for (let round = 0; round < 10; round++) {
      const [first, second] = round % 2 === 0 ? [one, other] : [other, one];
      expect(await keyed(first, "k")).toBe(200);
      expect(await keyed(second, "k")).toBe(200);
      expect(await countsAt(replicas, one, other)).toEqual(["1", "1"]);
      expect((await ask(second.app, "DELETE", "/metrics/job/j")).status).toBe(202);
      // It began when the deletion had ended: it stands behind it.
      expect(await keyed(first, "k")).toBe(200);
      expect(await countsAt(replicas, one, other)).toEqual(["1", "1"]);
      expect((await ask(first.app, "DELETE", "/metrics/job/j")).status).toBe(202);
    }
  });

  test("a log that is filled from what a server had, and a large push, know their keys", async () => {
    const replicas = new Replicas(seed);
    const alone = createTestApp();
    for (const key of ["k1", "k1", "k2"]) expect(await keyed(alone, key)).toBe(200);
    const first = replicas.join([], 12_000, ({ store }) => store.adopt(alone.store));
    await until(() => first.clustering.state().status === "joined");
    const second = await replicas.joined();
    for (const key of ["k1", "k2"]) expect(await keyed(second, key)).toBe(200);
    const wide = Array.from({ length: 5000 }, (_, i) => `wide{n="${i}"} 1\n`).join("");
    const large = `# TYPE c counter\nc 1\n${wide}`;
    const statuses = await Promise.all([first, second, first].map((replica) => keyed(replica, "large", large)));
    expect(statuses).toEqual([200, 200, 200]);
    expect(await countsAt(replicas, first, second)).toEqual(["3", "3"]);
  });
});
