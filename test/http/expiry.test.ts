import { describe, expect, test } from "bun:test";
import { TURN_MS } from "../../src/model/work.ts";
import { ask, createTestApp, push, scrape, type TestApp } from "../app.ts";
import { eventually } from "../program.ts";
import { verifyStore } from "../store/verify.ts";

const START_MS = Date.UTC(2026, 10, 21);

/** Lets time pass, and waits until all groups have gone whose time is over. */
async function pass(test: TestApp, ms: number): Promise<void> {
  test.nowMs += ms;
  for (const sweep of test.sweeps) sweep();
  await eventually("no group is due", async () => test.store.expiry.nextSeconds * 1000 > test.nowMs);
}

const seriesOf = async ({ app }: TestApp): Promise<string[]> =>
  (await scrape(app)).split("\n").filter((line) => line.startsWith("m{") || line.startsWith("m "));

/** The value of each push time of job "j". */
async function pushTimes({ app }: TestApp): Promise<string[]> {
  const lines = (await scrape(app)).split("\n").filter((line) => /^push_.*job="j"/.test(line));
  return lines.map((line) => line.replace(/\{.*\}/, ""));
}

interface GroupRow {
  readonly labels: Readonly<Record<string, string>>;
  readonly expires_at: number | null;
}

/** When each group goes, in milliseconds since the start; null: it does not. */
async function ends({ app }: TestApp): Promise<Record<string, number | null>> {
  const answer = (await (await ask(app, "GET", "/api/v1/groups?sort=labels")).json()) as {
    data: { groups: GroupRow[] };
  };
  const end = ({ expires_at: seconds }: GroupRow) => (seconds === null ? null : Math.round(seconds * 1000) - START_MS);
  return Object.fromEntries(answer.data.groups.map((row) => [row.labels.job ?? "", end(row)]));
}

const expiredTotal = async ({ app }: TestApp): Promise<string> =>
  /^pushgateway_groups_expired_total (.*)$/m.exec(await scrape(app))?.[1] ?? "";

describe("a group goes when its time is over", () => {
  const WAYS: { what: string; flags: string[]; path: string; headers?: Record<string, string>; ms: number }[] = [
    { what: "that of all", flags: ["--push.group-ttl=10s"], path: "/job/j", ms: 10_000 },
    { what: "of the query", flags: [], path: "/job/j?ttl=10m", ms: 600_000 },
    { what: "of the query, escaped", flags: [], path: "/job/j?x=1&ttl=1%6D", ms: 60_000 },
    { what: "of the header", flags: [], path: "/job/j", headers: { "Pushgateway-TTL": "1h30m" }, ms: 5_400_000 },
    { what: "its own before that of all", flags: ["--push.group-ttl=1s"], path: "/job/j?ttl=1d", ms: 86_400_000 },
    {
      what: "of the query before that of the header",
      flags: [],
      path: "/job/j?ttl=2s",
      headers: { "pushgateway-ttl": "no duration" },
      ms: 2000,
    },
    { what: "below a second", flags: [], path: "/job@base64/ag?ttl=250ms", ms: 250 },
  ];
  test.each(WAYS)("$what", async ({ flags, path, headers, ms }) => {
    const test = createTestApp(...flags);
    const init = { body: "m 1\n", headers: headers ?? {} };
    expect((await ask(test.app, "PUT", `/metrics${path}`, init)).status).toBe(200);
    expect(await ends(test)).toEqual({ j: ms });
    await pass(test, ms - 1);
    expect(await seriesOf(test)).toHaveLength(1);
    await pass(test, 1);
    expect(await ends(test)).toEqual({});
    expect(await seriesOf(test)).toEqual([]);
    expect(await expiredTotal(test)).toBe("1");
    const lines = () => test.logged.filter((line) => line.includes("groups expired"));
    // At the end of the pass, which has turns of the loop of its own.
    await eventually("it is logged", async () => lines().length > 0);
    expect(lines()).toEqual([expect.stringMatching(/level=info .*msg="groups expired" groups=1\n$/)]);
    verifyStore(test.store);
  });

  test("of a large push, too, compressed or not", async () => {
    const test = createTestApp();
    const body = Array.from({ length: 20_000 }, (_, i) => `m{i="${i}"} 1\n`).join("");
    await push(test.app, "/job/large?ttl=1s", body);
    const headers = { "content-encoding": "gzip", "Pushgateway-TTL": "2s" };
    await ask(test.app, "POST", "/metrics/job/j", { body: Bun.gzipSync(body.replaceAll("i=", "k=")), headers });
    expect(await ends(test)).toEqual({ large: 1000, j: 2000 });
    await pass(test, 1000);
    expect(await seriesOf(test)).toHaveLength(20_000);
    await pass(test, 1000);
    expect(await seriesOf(test)).toEqual([]);
    verifyStore(test.store);
  });
});

describe("the time counts from the last push that succeeded", () => {
  test("POST and PUT prolong it, also where nothing but values changes; a refused push does not", async () => {
    const test = createTestApp("--push.group-ttl=10s");
    for (const method of ["PUT", "POST", "PUT", "POST"]) {
      await push(test.app, "/job/j", `m ${test.nowMs}\n`, method);
      await pass(test, 6000);
    }
    expect(await ends(test)).toEqual({ j: 18_000 + 10_000 });
    expect((await push(test.app, "/job/j?ttl=1h", "m 1\nm 2\n")).status).toBe(400);
    expect((await push(test.app, "/job/j?ttl=1h", "m{\n")).status).toBe(400);
    expect(await ends(test)).toEqual({ j: 18_000 + 10_000 });
  });

  test("where none has succeeded, from the first that was refused; it brings the time of the group that it makes", async () => {
    const test = createTestApp();
    expect((await push(test.app, "/job/j?ttl=10s", "m 1\nm 2\n")).status).toBe(400);
    await pass(test, 6000);
    expect((await push(test.app, "/job/j?ttl=1h", "m 1\nm 2\n")).status).toBe(400);
    expect(await ends(test)).toEqual({ j: 10_000 });
    await pass(test, 4000);
    expect(await ends(test)).toEqual({});
  });

  test("a group is kept by later pushes that say nothing of it; 0 is never; default is that of all", async () => {
    const test = createTestApp("--push.group-ttl=1m");
    await push(test.app, "/job/j?ttl=5s", "m 1\n");
    await push(test.app, "/job/j", "m 2\n");
    expect(await ends(test)).toEqual({ j: 5000 });
    await push(test.app, "/job/j?ttl=2s", "m 2\n");
    expect(await ends(test)).toEqual({ j: 2000 });
    await push(test.app, "/job/j?ttl=0", "m 2\n");
    expect(await ends(test)).toEqual({ j: null });
    await pass(test, 1e9);
    expect(await seriesOf(test)).toHaveLength(1);
    await push(test.app, "/job/j?ttl=default", "m 2\n");
    expect(await ends(test)).toEqual({ j: 1e9 + 60_000 });
  });

  test("a group that is deleted, or wiped, begins anew", async () => {
    const test = createTestApp("--web.enable-admin-api");
    await push(test.app, "/job/j?ttl=5s", "m 1\n");
    await ask(test.app, "DELETE", "/metrics/job/j");
    await push(test.app, "/job/j", "m 1\n");
    expect(await ends(test)).toEqual({ j: null });
    await push(test.app, "/job/j?ttl=5s", "m 1\n");
    await ask(test.app, "PUT", "/api/v1/admin/wipe");
    await push(test.app, "/job/j", "m 1\n");
    expect(await ends(test)).toEqual({ j: null });
    await pass(test, 1e9);
    expect(await seriesOf(test)).toHaveLength(1);
    expect(await expiredTotal(test)).toBe("0");
  });

  test("a clock that goes back puts it off, and no more", async () => {
    const test = createTestApp("--push.group-ttl=10s");
    await push(test.app, "/job/j", "m 1\n");
    await pass(test, -3_600_000);
    await push(test.app, "/job/back", "m 1\n");
    expect(await ends(test)).toEqual({ j: 10_000, back: -3_600_000 + 10_000 });
    await pass(test, 10_000);
    expect(await ends(test)).toEqual({ j: 10_000 });
    await pass(test, 3_600_000);
    expect(await ends(test)).toEqual({});
  });
});

describe("a ttl that is none is refused with 400, and nothing is pushed", () => {
  const TEXTS = ["", "10", "10x", "-1s", "m", "1 m", "DEFAULT", "never", "99999999999h"];
  for (const text of TEXTS) {
    test(JSON.stringify(text), async () => {
      const test = createTestApp();
      for (const place of ["query", "header"] as const) {
        const path = place === "query" ? `/metrics/job/j?ttl=${encodeURIComponent(text)}` : "/metrics/job/j";
        const headers: Record<string, string> = place === "query" ? {} : { "Pushgateway-TTL": text };
        const answer = await ask(test.app, "POST", path, { body: "m 1\n", headers });
        const expected = "expected a duration such as 30s, 10m or 1h30m, 0 (never), or default";
        expect(await answer.text()).toBe(`invalid ttl ${JSON.stringify(text)} in the ${place}: ${expected}\n`);
        expect(answer.status).toBe(400);
      }
      expect(test.store.stats.groups).toBe(0);
    });
  }

  test("?ttl without a value", async () => {
    const test = createTestApp();
    expect((await push(test.app, "/job/j?ttl", "m 1\n")).status).toBe(400);
  });
});

describe("with --push.ttl-keep-times", () => {
  test("metrics go, push times stay as they were, and the group goes no second time", async () => {
    const test = createTestApp("--push.group-ttl=10s", "--push.ttl-keep-times");
    await push(test.app, "/job/j", "m 1\n");
    const before = await pushTimes(test);
    await pass(test, 10_000);
    expect(await seriesOf(test)).toEqual([]);
    expect(await pushTimes(test)).toEqual(before);
    expect(await ends(test)).toEqual({ j: null });
    await pass(test, 1e6);
    await push(test.app, "/job/j", "m 1\nm 2\n");
    expect(await ends(test)).toEqual({ j: null });
    expect(await expiredTotal(test)).toBe("1");
    verifyStore(test.store);
  });

  test("a push brings it back to life, with the time that it had; a DELETE takes it away", async () => {
    const test = createTestApp("--push.ttl-keep-times");
    await push(test.app, "/job/j?ttl=10s", "m 1\n");
    await pass(test, 10_000);
    await push(test.app, "/job/j", "m 2\n");
    expect(await ends(test)).toEqual({ j: 20_000 });
    await pass(test, 10_000);
    expect(await expiredTotal(test)).toBe("2");
    expect((await ask(test.app, "DELETE", "/metrics/job/j")).status).toBe(202);
    expect(await pushTimes(test)).toEqual([]);
  });

  test("a large group is taken out in steps", async () => {
    const test = createTestApp("--push.ttl-keep-times");
    await push(test.app, "/job/j?ttl=10s", Array.from({ length: 3000 }, (_, i) => `m${i} 1\n`).join(""));
    await pass(test, 10_000);
    verifyStore(test.store);
    expect(test.store.stats).toMatchObject({ groups: 1, families: 2, series: 2 });
  });
});

describe("many groups that go at once", () => {
  const GROUPS = 20_000;

  async function filled(): Promise<TestApp> {
    const test = createTestApp("--push.group-ttl=1m");
    for (let i = 0; i < GROUPS; i++) await push(test.app, `/job/j${i}`, "m 1\n");
    return test;
  }

  test("give others their turns: a group that is pushed meanwhile stays, and scrapes show whole groups", async () => {
    const test = await filled();
    test.nowMs += 60_000;
    for (const sweep of test.sweeps) sweep();
    let scrapes = 0;
    while (test.store.stats.groups > 1) {
      const last = `m{instance="",job="j${GROUPS - 1}"} 2`;
      if (scrapes === 0) await push(test.app, `/job/j${GROUPS - 1}`, "m 2\n");
      const lines = (await scrape(test.app)).split("\n");
      const count = (start: string) => lines.filter((line) => line.startsWith(start)).length;
      expect(count("m{")).toBe(count("push_time_seconds{"));
      expect(lines).toContain(last);
      scrapes++;
    }
    expect(scrapes).toBeGreaterThan(1);
    expect(await ends(test)).toEqual({ [`j${GROUPS - 1}`]: 120_000 });
    expect(await expiredTotal(test)).toBe(String(GROUPS - 1));
    verifyStore(test.store);
  });

  test("no turn of the loop takes more than its share: as many as pass between two readings of a clock", async () => {
    const test = await filled();
    const { clock, store } = test;
    let [before, most, turns] = [store.stats.groups, 0, 0];
    let nowMs = 0;
    test.clock = {
      // A look at the clock takes a hundredth of a millisecond.
      nowMs: () => (nowMs += 0.01),
      turn: async () => {
        most = Math.max(most, before - store.stats.groups);
        turns++;
        await clock.turn();
        before = store.stats.groups;
      },
    };
    await pass(test, 60_000);
    expect(most).toBeLessThanOrEqual(TURN_MS * 100 + 1);
    expect(turns).toBeGreaterThanOrEqual(GROUPS / (TURN_MS * 100 + 1));
  });

  test("large groups, too: what they hold goes in steps, and a scrape waits for it", async () => {
    const test = createTestApp("--push.group-ttl=1m");
    const body = Array.from({ length: 1000 }, (_, i) => `m${i} 1\n`).join("");
    for (let i = 0; i < 20; i++) await push(test.app, `/job/j${i}`, body);
    test.nowMs += 60_000;
    for (const sweep of test.sweeps) sweep();
    for (let groups = 20; groups > 0; groups = test.store.stats.groups) {
      const lines = (await scrape(test.app)).split("\n");
      const whole = lines.filter((line) => line.startsWith("push_time_seconds{")).length;
      expect(lines.filter((line) => /^m\d+\{/.test(line))).toHaveLength(whole * 1000);
    }
    verifyStore(test.store);
    expect(test.store.stats).toMatchObject({ groups: 0, families: 0, series: 0 });
  });

  test("one line of the log has their number", async () => {
    const test = await filled();
    await pass(test, 60_000);
    await eventually("they are in the log", async () => test.logged.some((line) => line.includes("groups expired")));
    expect(test.logged.filter((line) => line.includes("groups expired"))).toEqual([
      expect.stringContaining(`groups=${GROUPS}`),
    ]);
  });
});

test("nothing goes while what was kept is being restored", async () => {
  const test = createTestApp("--push.group-ttl=1s");
  await push(test.app, "/job/j", "m 1\n");
  test.notReady = "restoring";
  test.nowMs += 5000;
  for (const sweep of test.sweeps) sweep();
  await Bun.sleep(0);
  expect(test.store.stats.groups).toBe(1);
  test.notReady = null;
  await pass(test, 0);
  expect(test.store.stats.groups).toBe(0);
});

describe("what a push costs the queue of those that expire", () => {
  const stepsOf = ({ store }: TestApp): number =>
    // biome-ignore lint/complexity/useLiteralKeys: it is private
    store["table"].groups.lifetimes["queue"].steps;

  test("nothing where no time is set, and nothing where the group is in it already", async () => {
    const test = createTestApp("--push.group-ttl=1h");
    for (let i = 0; i < 1000; i++) await push(test.app, `/job/j${i}`, "m 1\n");
    test.nowMs += 60_000;
    const before = stepsOf(test);
    for (let i = 0; i < 1000; i++) await push(test.app, `/job/j${i}`, "m 2\n");
    for (let i = 0; i < 1000; i++) await push(test.app, `/job/j${i}?ttl=2h`, "m 3\n");
    expect(stepsOf(test)).toBe(before);
  });

  test("a shorter time moves the group up: six steps at most among a thousand", async () => {
    const test = createTestApp("--push.group-ttl=1h");
    for (let i = 0; i < 1000; i++) await push(test.app, `/job/j${i}`, "m 1\n");
    const before = stepsOf(test);
    await push(test.app, "/job/j999?ttl=1s", "m 1\n");
    expect(stepsOf(test) - before).toBeLessThanOrEqual(6);
  });

  test("groups that were pushed meanwhile are put back once, not at each push", async () => {
    const test = createTestApp("--push.group-ttl=10s");
    for (let i = 0; i < 100; i++) await push(test.app, `/job/j${i}`, "m 1\n");
    for (let round = 1; round < 10; round++) {
      test.nowMs += 1000;
      for (let i = 0; i < 100; i++) await push(test.app, `/job/j${i}`, `m ${round}\n`);
    }
    test.nowMs += 1000;
    let looks = 0;
    while (test.store.expiry.step(test.nowMs / 1000)) looks++;
    expect(looks).toBe(100);
    expect(test.store.stats.groups).toBe(100);
    verifyStore(test.store);
  });
});
