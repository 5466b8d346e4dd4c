import { describe, expect, test } from "bun:test";
import { ask, push, scrape } from "../app.ts";
import { pathOf, requestOf } from "../store/model/body.ts";
import { GROUPS, PushSource } from "../store/model/random-push.ts";
import { verifyStore } from "../store/verify.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { fill, keep, Replicas, shownBy, statusOf, storeSnapshot, sweep, type TestReplica, until } from "./replicas.ts";

const seed = Number(process.env.CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));

async function expectAlike(replicas: Replicas, ...all: readonly TestReplica[]): Promise<string[]> {
  const [first = [], ...others] = await shownBy(replicas.engine, ...all);
  for (const other of others) expect(other).toEqual(first);
  for (const { store } of all) verifyStore(store);
  return first;
}

/** How many pushes a replica has done again. */
async function redoneOf(app: TestReplica["app"]): Promise<number> {
  const own = await (await ask(app, "GET", "/-/metrics")).text();
  return Number(/^pushgateway_cluster_redone_pushes_total (\d+)$/m.exec(own)?.[1]);
}

/** The groups that a replica's audit log has as expired. */
const expiredIn = ({ audited }: TestReplica) =>
  audited.flatMap(({ event, group }) => (event === "group_expired" ? (group ?? []) : []));

describe(`replicas that share a log (CLUSTER_SEED=${seed})`, () => {
  test("what is pushed to one is shown by all, push times as well; deletes and wipes reach all", async () => {
    const replicas = new Replicas(seed, { delayMs: 3 });
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    expect((await push(one.app, "/job/a", "a 1\nb 2\n", "PUT")).status).toBe(200);
    expect((await push(other.app, "/job/b", "a 1\n")).status).toBe(200);
    expect((await push(other.app, "/job/a", "a 3\n")).status).toBe(200);
    const shown = await expectAlike(replicas, one, other);
    expect(shown).toContain('a{instance="",job="a"} 3');
    expect(shown).toContain('b{instance="",job="a"} 2');
    expect(await statusOf(one, "DELETE", "/metrics/job/b")).toBe(202);
    expect((await expectAlike(replicas, one, other)).join("\n")).not.toContain('job="b"');
    expect(await statusOf(other, "PUT", "/api/v1/admin/wipe")).toBe(202);
    expect(await expectAlike(replicas, one, other)).toEqual([]);
    // Each tells its audit log what its own clients did.
    expect(one.audited).toEqual([expect.objectContaining({ event: "group_deleted", status: 202, count: 1 })]);
    expect(other.audited).toEqual([expect.objectContaining({ event: "store_wiped", status: 202, count: 1 })]);
  });

  test.each([
    { pushes: "that are checked", flags: [] },
    { pushes: "that are not checked", flags: ["--push.disable-consistency-check"] },
  ])(
    "random pushes $pushes, deletes and wipes to three of them come to the same, though appends are late, lost or come twice",
    async ({ flags }) => {
      const replicas = new Replicas(seed, { delayMs: 4, lost: 0.05, doubled: 0.05 });
      const all = [await replicas.joined(flags), await replicas.joined(flags), await replicas.joined(flags)];
      const source = new PushSource(seededRandom(seed));
      const counts = new Map<number, number>();
      for (let round = 0; round < 25; round++) {
        const statuses = Array.from({ length: 30 }, () => step(source, source.pick(all)));
        for (const status of await Promise.all(statuses)) counts.set(status, (counts.get(status) ?? 0) + 1);
        for (const replica of all) replica.nowMs += source.below(3);
        if (round % 5 === 4) await expectAlike(replicas, ...all);
      }
      expect([...counts.keys()].filter((status) => ![200, 202, 400].includes(status))).toEqual([]);
      expect(counts.get(flags.length > 0 ? 202 : 200)).toBeGreaterThan(200);
      if (flags.length === 0) expect(counts.get(400)).toBeGreaterThan(5);
    },
  );

  async function step(source: PushSource, replica: TestReplica): Promise<number> {
    const kind = source.random();
    if (kind < 0.005) return statusOf(replica, "PUT", "/api/v1/admin/wipe");
    if (kind < 0.1) return statusOf(replica, "DELETE", pathOf(source, source.pick(GROUPS)));
    const { path, init } = requestOf(source, source.push());
    return (await ask(replica.app, init.method ?? "PUT", path, init)).status;
  }

  test("of two pushes that contradict each other one is taken, whichever replicas they went to; all show when the other failed", async () => {
    const replicas = new Replicas(seed, { delayMs: 5 });
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all([
        push(one.app, `/job/one${round}`, `# TYPE m${round} counter\nm${round} 1\n`),
        push(other.app, `/job/other${round}`, `# TYPE m${round} gauge\nm${round} 1\n`),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    }
    const shown = await expectAlike(replicas, one, other);
    expect(shown.filter((line) => /^push_failure_time_seconds.* 1\.79/.test(line))).toHaveLength(10);
  });

  test("three that push into the same ten groups take turns: all is taken, and little is done again", async () => {
    const replicas = new Replicas(seed, { delayMs: 2 });
    const rivals = [await replicas.joined(), await replicas.joined(), await replicas.joined()];
    const [clients, pushes] = [16, 25];
    const pushAll = async ({ app }: TestReplica, client: number): Promise<void> => {
      for (let i = 0; i < pushes; i++)
        expect((await push(app, `/job/j${(7 * i + client) % 10}`, `a ${i}\nb ${client}\n`)).status).toBe(200);
    };
    await Promise.all(
      rivals.flatMap((rival) => Array.from({ length: clients }, (_, client) => pushAll(rival, client))),
    );
    await expectAlike(replicas, ...rivals);
    const redone = await Promise.all(rivals.map(({ app }) => redoneOf(app)));
    const all = rivals.length * clients * pushes;
    expect(redone.reduce((sum, one) => sum + one)).toBeLessThan(all);
  });

  test("a large push goes through the log as well, as one", async () => {
    const replicas = new Replicas(seed);
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    const body = Array.from({ length: 20_000 }, (_, i) => `large{i="${i}"} ${i}\n`).join("");
    const answers = await Promise.all([
      push(one.app, "/job/large", body, "PUT"),
      push(one.app, "/job/small", "a 1\n"),
      push(other.app, "/job/large", "a 1\n"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const shown = await expectAlike(replicas, one, other);
    expect(shown.filter((line) => line.startsWith("large{")).length % 20_000).toBe(0);
  });

  test("groups that are over go from all, each once, and one that is pushed to meanwhile stays", async () => {
    const replicas = new Replicas(seed);
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    for (let i = 0; i < 20; i++) await push(one.app, `/job/j${i}?ttl=10s`, "a 1\n");
    await push(one.app, "/job/stays", "a 1\n");
    await expectAlike(replicas, one, other);
    for (const { sweeps } of [one, other]) for (const run of sweeps) run();
    for (const replica of [one, other]) replica.nowMs += 12_500;
    await push(other.app, "/job/j7", "a 2\n");
    await until(() => {
      sweep(one, other);
      return one.store.stats.groups === 2 && other.store.stats.groups === 2;
    });
    const shown = await expectAlike(replicas, one, other);
    expect(shown.filter((line) => line.startsWith("a{"))).toEqual([
      'a{instance="",job="j7"} 2',
      'a{instance="",job="stays"} 1',
    ]);
    expect(one.store.stats.expiredGroups + other.store.stats.expiredGroups).toBe(19);
    // The audit log of the one that had a group go has it, and no other.
    const told = [one, other].map(expiredIn);
    expect(told.map(({ length }) => length)).toEqual([one, other].map(({ store }) => store.stats.expiredGroups));
    const jobs = Array.from({ length: 20 }, (_, i) => `job="j${i}"`).filter((key) => key !== 'job="j7"');
    expect(told.flat().sort()).toEqual(jobs.sort());
  });

  test("groups that keep their push times lose their metrics on all", async () => {
    const replicas = new Replicas(seed);
    const flags = ["--push.ttl-keep-times", "--push.group-ttl=10s"];
    const [one, other] = [await replicas.joined(flags), await replicas.joined(flags)];
    await push(one.app, "/job/j", "a 1\n");
    for (const replica of [one, other]) replica.nowMs += 12_500;
    await until(() => {
      sweep(one, other);
      return one.store.stats.series === 2 && other.store.stats.series === 2;
    });
    expect((await expectAlike(replicas, one, other)).map((line) => line.split("{")[0])).toEqual([
      "push_failure_time_seconds",
      "push_time_seconds",
    ]);
    await until(() => one.store.stats.expiredGroups + other.store.stats.expiredGroups > 0);
    for (let n = 0; n < 3; n++) sweep(one, other);
    await expectAlike(replicas, one, other);
    const told = [one, other].map(expiredIn);
    expect(told.map(({ length }) => length)).toEqual([one, other].map(({ store }) => store.stats.expiredGroups));
    expect(told.flat()).toContain('job="j"');
  });

  test("groups that match are deleted on all, but for those that were pushed to since", async () => {
    const replicas = new Replicas(seed, { delayMs: 2 });
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    for (let i = 0; i < 30; i++) await push(one.app, `/job/old/i/${i}`, "a 1\n");
    await expectAlike(replicas, one, other);
    const query = new URLSearchParams({ "match[]": '{job="old"}' });
    const plan = (await (await ask(one.app, "DELETE", `/api/v1/groups?${query}`)).json()) as {
      data: { as_of: number };
    };
    for (const replica of [one, other]) replica.nowMs += 1000;
    await push(other.app, "/job/old/i/7", "a 2\n");
    await expectAlike(replicas, one, other);
    query.set("dry_run", "false");
    query.set("expect", "30");
    query.set("as_of", String(plan.data.as_of));
    const answer = await ask(one.app, "DELETE", `/api/v1/groups?${query}`);
    expect([answer.status, await answer.json()]).toMatchObject([202, { data: { deleted: 29, left_alone: 1 } }]);
    const shown = await expectAlike(replicas, one, other);
    expect(shown.filter((line) => line.startsWith("a{"))).toEqual(['a{i="7",instance="",job="old"} 2']);
  });
});

// Most of these wait for seconds that pass by themselves: they do so side by side.
describe.concurrent(`a replica that cannot reach the log (CLUSTER_SEED=${seed})`, () => {
  test("answers pushes and deletes 503 in time, is healthy but not ready, is scraped, and goes on once it is back", async () => {
    const replicas = new Replicas(seed);
    const [one, other] = [await replicas.joined([], 300), await replicas.joined()];
    await push(one.app, "/job/a", "a 1\n");
    await expectAlike(replicas, one, other);
    one.log.cut();
    const answers = [push(one.app, "/job/b", "b 1\n"), ask(one.app, "DELETE", "/metrics/job/none")];
    let isDone = false;
    const ended = Promise.all(answers).then((all) => {
      isDone = true;
      return all;
    });
    await until(() => {
      sweep(one);
      return isDone;
    });
    for (const answer of await ended) {
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
      expect(await answer.text()).toContain("has not got its place in the cluster's log within 0.3 s");
    }
    await until(() => one.clustering.state().status === "lost");
    expect(await statusOf(one, "GET", "/-/ready")).toBe(503);
    expect(await statusOf(one, "GET", "/-/healthy")).toBe(200);
    expect(await scrape(one.app)).toContain('\na{instance="",job="a"} 1\n');
    await push(other.app, "/job/a", "a 2\n");
    one.log.heal();
    await until(() => one.clustering.state().status === "joined");
    expect(await statusOf(one, "GET", "/-/ready")).toBe(200);
    expect((await push(one.app, "/job/c", "c 1\n")).status).toBe(200);
    await expectAlike(replicas, one, other);
    for (const words of ["lost the cluster", "found the cluster"])
      expect(one.logged.filter((line) => line.includes(words))).toHaveLength(1);
  });

  test("loads a snapshot where the log that it has not read is gone, and is scraped meanwhile", async () => {
    const replicas = new Replicas(seed);
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    await push(one.app, "/job/a", "a 1\n");
    await expectAlike(replicas, one, other);
    one.log.cut();
    for (let round = 0; round < 3; round++) {
      await push(other.app, `/job/b${round}`, "b 1\n");
      await push(other.app, "/job/a", `a ${round + 2}\n`);
      await storeSnapshot(other);
    }
    expect(replicas.engine.purgedTo).toBeGreaterThan(1);
    await push(other.app, "/job/c", "c 1\n");
    one.log.heal();
    await until(() => one.clustering.state().status === "joining");
    expect(await scrape(one.app)).toContain('\na{instance="",job="a"} 1\n');
    await until(() => one.clustering.state().status === "joined");
    const shown = await expectAlike(replicas, one, other);
    expect(shown).toContain('a{instance="",job="a"} 4');
    expect(shown).toContain('c{instance="",job="c"} 1');
    expect((await push(one.app, "/job/a", "a 9\n")).status).toBe(200);
    await expectAlike(replicas, one, other);
  });

  test("and all others: a log that was made anew gets what they have", async () => {
    const replicas = new Replicas(seed);
    const [one, other] = [await replicas.joined(), await replicas.joined()];
    for (let i = 0; i < 50; i++) await push(one.app, `/job/j${i}`, "a 1\n");
    const before = await expectAlike(replicas, one, other);
    replicas.engine.makeAnew();
    await until(() => [one, other].every(({ logged }) => logged.some((line) => line.includes("loaded again"))));
    await until(() => [one, other].every(({ clustering }) => clustering.state().status === "joined"));
    expect(await expectAlike(replicas, one, other)).toEqual(before);
    expect((await push(other.app, "/job/j3", "a 2\n")).status).toBe(200);
    expect(await expectAlike(replicas, one, other, await replicas.joined())).toContain('a{instance="",job="j3"} 2');
  });
});

describe.concurrent(`the start of a replica (CLUSTER_SEED=${seed})`, () => {
  test("is answered 503 until it has what the others have, from a snapshot and the log behind it", async () => {
    const replicas = new Replicas(seed, { delayMs: 20 });
    const one = await replicas.joined();
    await fill(one, 100);
    await storeSnapshot(one);
    await fill(one, 150);
    const late = replicas.join();
    for (const [method, path] of [
      ["GET", "/metrics"],
      ["GET", "/-/ready"],
      ["DELETE", "/metrics/job/j1"],
    ] as const)
      expect(await statusOf(late, method, path)).toBe(503);
    expect((await push(late.app, "/job/j1", "a 1\n")).status).toBe(503);
    expect(await statusOf(late, "GET", "/-/metrics")).toBe(200);
    expect(await statusOf(late, "GET", "/-/healthy")).toBe(200);
    await until(() => late.clustering.state().status === "joined");
    expect(await statusOf(late, "GET", "/-/ready")).toBe(200);
    expect((await expectAlike(replicas, one, late)).filter((line) => line.startsWith("a{"))).toHaveLength(150);
    expect(late.logged.join("")).toContain("snapshot loaded");
    expect(late.logged.join("")).toContain("joined the cluster");
  });

  test("what the first one has itself goes into an empty log; what a later one has does not count", async () => {
    const replicas = new Replicas(seed);
    const one = replicas.join([], 12_000, (app) => keep(app, ...Array.from({ length: 40 }, (_, i) => `j${i}`)));
    await until(() => one.clustering.state().status === "joined");
    const late = replicas.join([], 12_000, (app) => keep(app, "old"));
    await until(() => late.clustering.state().status === "joined");
    const shown = await expectAlike(replicas, one, late);
    expect(shown.filter((line) => line.startsWith("a{"))).toHaveLength(40);
    expect(shown.join("\n")).not.toContain("old");
  });

  test("without the log it shows what it has itself, and takes no pushes", async () => {
    const replicas = new Replicas(seed);
    const alone = replicas.join([], 12_000, async (app) => {
      await keep(app, "j0", "j1", "j2");
      app.log.cut();
    });
    await until(() => alone.logged.some((line) => line.includes("lost the cluster")));
    expect((await scrape(alone.app)).match(/^a\{/gm)).toHaveLength(3);
    expect((await push(alone.app, "/job/j1", "a 1\n")).status).toBe(503);
    expect(await statusOf(alone, "GET", "/-/ready")).toBe(503);
    alone.log.heal();
    await until(() => alone.clustering.state().status === "joined");
    expect((await push(alone.app, "/job/j1", "a 1\n")).status).toBe(200);
  });

  test("with other flags than the others it ends, and says which", async () => {
    const replicas = new Replicas(seed);
    await replicas.joined();
    const other = replicas.join(["--push.enable-utf8-names"]);
    await until(() => other.quits === 1);
    expect(other.logged.join("")).toContain("another writer uses other flags: push.enable-utf8-names is false");
  });
});

test("a replica in which something is thrown takes nothing more and is not ready; it is scraped, and the others go on", async () => {
  const replicas = new Replicas(seed);
  const [one, other] = [await replicas.joined(), await replicas.joined()];
  await push(one.app, "/job/a", "a 1\n");
  await expectAlike(replicas, one, other);
  one.store.apply = () => {
    throw new Error("a fault of ours");
  };
  expect((await push(one.app, "/job/a", "a 2\n")).status).toBe(503);
  expect((await push(one.app, "/job/a", "a 3\n")).status).toBe(503);
  expect(await statusOf(one, "GET", "/-/ready")).toBe(503);
  expect(await statusOf(one, "GET", "/-/healthy")).toBe(200);
  expect(await scrape(one.app)).toContain('\na{instance="",job="a"} 1\n');
  expect(one.logged.join("")).toContain("a fault of ours");
  expect((await push(other.app, "/job/a", "a 4\n")).status).toBe(200);
});

test("more than --push.max-buffered-size does not wait for the log: what would be over that is answered 503 at once", async () => {
  const replicas = new Replicas(seed);
  const one = await replicas.joined(["--push.max-buffered-size=3KiB"], 300);
  one.log.cut();
  const pushes = Array.from({ length: 6 }, (_, i) => push(one.app, `/job/j${i}`, `a ${"1".repeat(300)}\n`));
  expect((await Promise.race(pushes)).status).toBe(503);
  let isDone = false;
  const all = Promise.all(pushes).then((answers) => {
    isDone = true;
    return Promise.all(answers.map((answer) => answer.text()));
  });
  await until(() => {
    sweep(one);
    return isDone;
  });
  const words = await all;
  expect(words.filter((text) => text.includes("(--push.max-buffered-size)")).length).toBeGreaterThan(0);
  expect(words.filter((text) => text.includes("within 0.3 s")).length).toBeGreaterThan(0);
});

test("the status API, the page and metrics tell where a replica is", async () => {
  const replicas = new Replicas(seed);
  const [one, other] = [await replicas.joined(), await replicas.joined()];
  await push(one.app, "/job/a", "a 1\n");
  await expectAlike(replicas, one, other);
  for (const path of ["/api/v1/status", "/api/v1/status/runtime"]) {
    const { data } = (await (await ask(other.app, "GET", path)).json()) as { data: { cluster: object } };
    expect(data.cluster).toMatchObject({ name: "test", status: "joined", reason: "", position: 1, lag_seconds: 0 });
  }
  const page = await (await ask(other.app, "GET", "/status")).text();
  for (const words of ["Replica", "joined", "in step"]) expect(page).toContain(words);
  const own = await (await ask(other.app, "GET", "/-/metrics")).text();
  for (const line of ["up 1", "position 1", "head 1", "lag_seconds 0", 'folded_batches_total{from="others"} 1'])
    expect(own).toContain(`\npushgateway_cluster_${line}\n`);
});
