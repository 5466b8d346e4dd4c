import { describe, expect, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { eventually } from "../program.ts";
import { verifyStore } from "../store/verify.ts";

const SUM = "?aggregate=sum";
const HOUR_MS = 3_600_000;

interface Pushed {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

/** Pushes to be added, with a key unless it is null, and gives the answer. */
async function push(
  { app }: TestApp,
  key: string | null,
  body: RequestInit["body"],
  pushed: Pushed = {},
): Promise<string> {
  const { path = `/job/j${SUM}`, method = "POST", headers = {} } = pushed;
  const keyed = key === null ? headers : { "Idempotency-Key": key, ...headers };
  const answer = await ask(app, method, `/metrics${path}`, { body, headers: keyed } as RequestInit);
  return `${answer.status} ${await answer.text()}`.trim();
}

/** So many turns of the loop, and no answer. */
async function noAnswerFor(turns: number): Promise<string> {
  for (let left = turns; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
  return "nothing";
}

/** The values of the series "a" of a job. */
async function shownValue({ app }: TestApp, job = "j"): Promise<string | null> {
  const text = await (await ask(app, "GET", `/metrics/job/${job}`)).text();
  return /^a(?:\{.*\})? (.*)$/m.exec(text)?.[1] ?? null;
}

async function counted({ app }: TestApp, name: string): Promise<number> {
  const text = await (await ask(app, "GET", "/metrics")).text();
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
}

const REPEATED = "pushgateway_repeated_pushes_total";

/** Lines of a push that is taken in slices, of which one is `a`. */
const LARGE = `${Array.from({ length: 5000 }, (_, i) => `wide{n="${i}"} ${i}\n`).join("")}a 1\n`;

describe("a push with an idempotency key", () => {
  test("is added once, however often it comes, and answered alike", async () => {
    const app = createTestApp();
    for (let i = 0; i < 3; i++) expect(await push(app, "k1", "a 1\n")).toBe("200");
    expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["1", 2]);
    expect(await push(app, "k2", "a 1\n")).toBe("200");
    expect(await push(app, null, "a 1\n")).toBe("200");
    expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["3", 2]);
    expect(await counted(app, "pushgateway_idempotency_keys")).toBe(2);
  });

  test.each([
    ["--push.status=202", "202"],
    ["--push.disable-consistency-check", "202"],
    ["--push.aggregate={}", "200"],
  ])("so it is with %s, which answers %s", async (flag, status) => {
    const app = createTestApp(flag);
    const path = flag.includes("aggregate") ? "/job/j" : `/job/j${SUM}`;
    for (const method of ["POST", "PUT", "POST"]) expect(await push(app, "k", "a 1\n", { path, method })).toBe(status);
    expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["1", 2]);
  });

  test("where there is no job it is answered 202 both times", async () => {
    const app = createTestApp("--push.allow-no-job", "--push.aggregate={}");
    for (let i = 0; i < 2; i++) expect(await push(app, "k", "a 1\n", { path: "/shard/1" })).toBe("202");
    expect(await counted(app, REPEATED)).toBe(1);
  });

  test("that brings something else is refused with 422, and nothing is changed", async () => {
    const app = createTestApp();
    expect(await push(app, "k", "a 1\n")).toBe("200");
    expect(await push(app, "k", "a 2\n")).toStartWith("422 the Idempotency-Key was that of another push");
    expect(await push(app, "k", "a 1\n", { path: "/job/j?aggregate=sum&ttl=5m" })).toStartWith("422");
    expect(await push(app, "k", "a 1\n")).toBe("200");
    expect(await shownValue(app)).toBe("1");
    expect(await counted(app, 'pushgateway_rejected_pushes_total\\{reason="key-reused"\\}')).toBe(2);
    expect(app.store.groupRow(0)?.failedSeconds).toBe(0);
  });

  test("is of one group: another one may have the same", async () => {
    const app = createTestApp();
    for (const job of ["j", "other"]) expect(await push(app, "k", "a 1\n", { path: `/job/${job}${SUM}` })).toBe("200");
    expect([await shownValue(app), await shownValue(app, "other")]).toEqual(["1", "1"]);
    for (const path of ["/job@base64/ag", "/job@base64/ag==", "/job/j"])
      expect(await push(app, "k", "a 1\n", { path: `${path}${SUM}` })).toBe("200");
    expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["1", 3]);
  });

  test("is the same whatever encoding it comes in", async () => {
    const app = createTestApp();
    expect(await push(app, "k", "a 1\n")).toBe("200");
    const zipped = { headers: { "content-encoding": "gzip" } };
    expect(await push(app, "k", Bun.gzipSync("a 1\n"), zipped)).toBe("200");
    const form = new FormData();
    form.set("file", new File(["a 1\n"], "m.txt"));
    expect(await push(app, "k", form)).toBe("200");
    expect(await push(app, "k", Bun.gzipSync("a 2\n"), zipped)).toStartWith("422");
    expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["1", 2]);
  });

  test("that is refused leaves no key: mended it is added", async () => {
    const app = createTestApp();
    await push(app, null, "# TYPE b gauge\nb 1\n");
    for (const body of ["a x\n", "# TYPE b counter\nb 1\n", "a 1 1\n"])
      expect(await push(app, "k", body)).toStartWith("400");
    expect(await counted(app, "pushgateway_idempotency_keys")).toBe(0);
    expect(await push(app, "k", "a 1\n")).toBe("200");
    expect(await shownValue(app)).toBe("1");
  });

  test("that is added for the label of its series is added once, and one that replaces each time", async () => {
    const app = createTestApp("--push.clearmode-label=clearmode");
    const path = "/job/j";
    for (let i = 0; i < 2; i++) expect(await push(app, "k", 'a{clearmode="aggregate"} 1\n', { path })).toBe("200");
    expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["1", 1]);
    for (const value of [5, 6]) expect(await push(app, "other", `b ${value}\n`, { path })).toBe("200");
    expect([await counted(app, REPEATED), app.store.stats.pushIds]).toEqual([1, 1]);
  });

  test("that is a repetition is not parsed", async () => {
    const app = createTestApp();
    expect(await push(app, "k", "a 1\n")).toBe("200");
    const { smallPushes } = app.context;
    smallPushes.read = () => {
      throw new Error("it is parsed");
    };
    expect(await push(app, "k", "a 1\n")).toBe("200");
    expect(app.failed).toBe(0);
  });

  test("is known from the moment at which it is stored: those that come meanwhile add nothing", async () => {
    const app = createTestApp();
    const pushes = Array.from({ length: 4 }, () => push(app, "large", LARGE));
    pushes.push(push(app, "small", "a 10\n"), push(app, "small", "a 10\n"), push(app, "large", "a 1\n"));
    const answers = await Promise.all(pushes);
    expect(answers.map((answer) => answer.slice(0, 3)).sort()).toEqual(
      answers.at(-1) === "200" ? ["200", "200", "200", "422", "422", "422", "422"] : [...Array(6).fill("200"), "422"],
    );
    expect([await shownValue(app), await counted(app, "pushgateway_idempotency_keys")]).toEqual(["11", 2]);
    verifyStore(app.store);
  });

  test("that is large and repeated is neither parsed nor stored again", async () => {
    const app = createTestApp();
    const bodies = [LARGE, LARGE, LARGE.replace("a 1", "a 2")];
    const answers = [];
    for (const body of bodies) answers.push((await push(app, "k", body)).slice(0, 3));
    expect(answers).toEqual(["200", "200", "422"]);
    expect(await shownValue(app)).toBe("1");
  });

  test("waits, repeated, until the first is durable, and is answered as that", async () => {
    const app = createTestApp();
    const first = Promise.withResolvers<null>();
    app.settled = () => first.promise;
    const pushes = [push(app, "k", "a 1\n"), push(app, "k", "a 1\n")];
    const early = await Promise.race([...pushes, noAnswerFor(50)]);
    first.resolve(null);
    expect([early, ...(await Promise.all(pushes))]).toEqual(["nothing", "200", "200"]);
    expect(await shownValue(app)).toBe("1");
  });
});

describe("a key is remembered", () => {
  test("for the window, from when it was added on", async () => {
    for (const [flags, windowMs] of [
      [[], HOUR_MS],
      [["--push.idempotency-window=90s"], 90_000],
    ] as const) {
      const app = createTestApp(...flags);
      await push(app, "k", "a 1\n");
      app.nowMs += windowMs - 1000;
      expect(await push(app, "k", "a 1\n")).toBe("200");
      expect(await shownValue(app)).toBe("1");
      app.nowMs += 1000;
      expect(await push(app, "k", "a 2\n")).toBe("200");
      expect(await shownValue(app)).toBe("3");
      expect(await push(app, "k", "a 2\n")).toBe("200");
      expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["3", 2]);
    }
  });

  test("if it is among the newest of its group", async () => {
    const app = createTestApp("--push.max-idempotency-keys=10");
    for (let i = 0; i < 15; i++) expect(await push(app, `k${i}`, "a 1\n")).toBe("200");
    expect(await counted(app, "pushgateway_idempotency_keys")).toBe(10);
    expect(await counted(app, "pushgateway_idempotency_keys_dropped_total")).toBe(5);
    for (let i = 5; i < 15; i++) await push(app, `k${i}`, "a 1\n");
    expect(await shownValue(app)).toBe("15");
    await push(app, "k4", "a 1\n");
    expect(await shownValue(app)).toBe("16");
    verifyStore(app.store);
  });

  test("not at all with --push.max-idempotency-keys=0", async () => {
    const app = createTestApp("--push.max-idempotency-keys=0");
    for (const key of ["k", "k", "a b"]) expect(await push(app, key, "a 1\n")).toBe("200");
    expect(await shownValue(app)).toBe("3");
  });

  test.each([
    ["deleted", (app: TestApp) => ask(app.app, "DELETE", "/metrics/job/j")],
    ["wiped", (app: TestApp) => ask(app.app, "PUT", "/api/v1/admin/wipe")],
    ["over its time", (app: TestApp) => app.store.expiry.step(app.nowMs / 1000 + 100)],
  ])("until its group is %s", async (_, remove) => {
    for (const flags of [[], ["--push.ttl-keep-times"]]) {
      const app = createTestApp("--web.enable-admin-api", "--push.group-ttl=10s", ...flags);
      await push(app, "k", "a 1\n");
      await remove(app);
      expect([await shownValue(app), await counted(app, "pushgateway_idempotency_keys")]).toEqual([null, 0]);
      await push(app, "k", "a 1\n");
      expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["1", 0]);
      verifyStore(app.store);
    }
  });

  test("through pushes that replace", async () => {
    const app = createTestApp();
    await push(app, "k", "a 1\n");
    for (const method of ["POST", "PUT"]) await push(app, "k", "a 7\n", { path: "/job/j", method });
    expect(await push(app, "k", "a 1\n")).toBe("200");
    expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["7", 1]);
  });

  test("in memory that is counted for --store.max-size, and given back when its time is over", async () => {
    const app = createTestApp();
    await push(app, null, "a 1\n");
    const before = app.store.stats.memoryBytes;
    for (let i = 0; i < 1000; i++) await push(app, `k${i}`, "a 1\n");
    const grown = app.store.stats.memoryBytes - before;
    expect(grown).toBeWithin(20_000, 25_000);
    app.nowMs += HOUR_MS;
    await push(app, "last", "a 1\n");
    app.nowMs += HOUR_MS;
    for (const sweep of app.sweeps) sweep();
    await eventually("all is given back", async () => app.store.stats.pushIds === 0);
    expect(app.store.stats.memoryBytes).toBe(before);
    verifyStore(app.store);
  });

  test("only where there is room: a full store takes no key that makes it grow, and pushes without one go on", async () => {
    const app = createTestApp("--store.max-size=100KiB");
    expect(await push(app, "first", "a 1\n")).toBe("200");
    const answers = new Map<string, number>();
    for (let job = 0; job < 400; job++) {
      const answer = (await push(app, "k", "a 1\n", { path: `/job/j${job}${SUM}` })).slice(0, 3);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
    expect(answers.get("507")).toBeGreaterThan(0);
    expect(app.store.stats.sizeBytes).toBeLessThan(110 << 10);
    expect(await push(app, "first", "a 1\n")).toBe("200");
    expect(await push(app, null, "a 1\n")).toBe("200");
    let value = 2;
    for (let i = 0; i < 20; i++) if ((await push(app, `more${i}`, "a 1\n")) === "200") value++;
    expect(await shownValue(app)).toBe(String(value));
    expect(value).toBeLessThan(22);
  });
});

describe("the header Idempotency-Key", () => {
  const LONGEST = "x".repeat(255);
  const VALID: readonly (readonly [header: string, same: string])[] = [
    ["8e03978e-40d5-43e8-bc93-6894a57f9324", '"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    ['"a \\"quoted\\" \\\\ key"', '"a \\"quoted\\" \\\\ key"'],
    ["~!#$%&'()*+,-./:;<=>?@[\\]^_`{|}", '"~!#$%&\'()*+,-./:;<=>?@[\\\\]^_`{|}"'],
    [LONGEST, `"${LONGEST}"`],
    ["k", " k "],
  ];
  test.each(VALID)("%s is a key, and the same as %s", async (header, same) => {
    const app = createTestApp();
    for (const key of [header, same]) expect(await push(app, key, "a 1\n")).toBe("200");
    expect([await shownValue(app), await counted(app, REPEATED)]).toEqual(["1", 1]);
  });

  const WRONG: readonly (readonly [header: string, reason: string])[] = [
    ["", "expected 1 to 255 characters, got 0"],
    ['""', "expected 1 to 255 characters, got 0"],
    ["two words", "expected visible ASCII characters, or a string in double quotes"],
    ["k1, k2", "expected visible ASCII characters"],
    ["\u00e9", "expected visible ASCII characters"],
    ['"open', "expected visible ASCII characters"],
    ['"', "expected visible ASCII characters"],
    ['"a"b', "expected visible ASCII characters"],
    ['"a\\b"', "expected visible ASCII characters"],
    [`${LONGEST}x`, "expected 1 to 255 characters, got 256"],
    [`"${LONGEST}x"`, "expected 1 to 255 characters, got 256"],
  ];
  test.each(WRONG)("%p is refused with the reason", async (header, reason) => {
    const app = createTestApp();
    const answer = await push(app, header, "a 1\n");
    expect(answer).toStartWith("400 invalid Idempotency-Key ");
    expect(answer).toContain(reason);
    expect(app.store.stats.groups).toBe(0);
  });

  test.each(["k", "two words", ""])("%p is not looked at where a push replaces", async (header) => {
    const app = createTestApp('--push.aggregate={job="other"}');
    for (const body of ["a 1\n", "a 2\n"]) expect(await push(app, header, body, { path: "/job/j" })).toBe("200");
    expect([await shownValue(app), app.store.stats.pushIds]).toEqual(["2", 0]);
  });
});
