import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { PushColumns } from "../../src/model/columns.ts";
import type { PrincipalLimits } from "../../src/model/principal.ts";
import type { Rejection } from "../../src/model/rejection.ts";
import { MORE } from "../../src/model/work.ts";
import { TextParser } from "../../src/parse/text.ts";
import { Store } from "../../src/store/store.ts";
import { ask, createJoinedApp, push, scrape, type TestApp } from "../app.ts";
import { keyOf } from "../store/stored.ts";
import { verifyStore } from "../store/verify.ts";
import { principalOf, WrittenPrincipals } from "./principals.ts";

/** An app with one principal, who pushes to groups of job "j". */
class Stand {
  readonly file: WrittenPrincipals;
  readonly test: TestApp;
  /** On the monotonic clock. */
  ms = 0;

  constructor(limits: Partial<PrincipalLimits>, ...flags: string[]) {
    this.file = new WrittenPrincipals([principalOf("team", 'job="j"', limits)]);
    this.test = createJoinedApp(flags, () => null, this.file);
    this.test.principal = this.file.of("team");
  }

  write(limits: Partial<PrincipalLimits>): void {
    this.file.write([principalOf("team", 'job="j"', limits)]);
    this.test.principal = this.file.of("team");
  }

  /** The clock of limits stands still unless it is moved. */
  stopClock(): void {
    this.test.clock = { ...this.test.clock, nowMs: () => this.ms };
  }

  async push(instance: string, body: string | Uint8Array, method = "POST", query = ""): Promise<number> {
    return (await push(this.test.app, `/job/j/instance/${instance}${query}`, body, method)).status;
  }

  get usage() {
    return this.test.store.counting.of("team");
  }
}

/** Takes steps to their end, with something in between. */
function toEnd(step: () => Rejection | null | typeof MORE, between: () => void = () => {}): Rejection | null {
  for (;;) {
    const outcome = step();
    if (outcome !== MORE) return outcome;
    between();
  }
}

const series = (count: number, name = "m"): string =>
  Array.from({ length: count }, (_, i) => `${name}{i="${i}"} 1\n`).join("");

describe("what is kept", () => {
  test("a group too many, and series and bytes too many are refused 507 with the limit that is full", async () => {
    const cases: [Partial<PrincipalLimits>, string][] = [
      [{ maxGroups: 1 }, "it keeps at most 1 groups (limits.groups of the access file)"],
      [{ maxSeries: 5 }, "it keeps at most 5 series (limits.series of the access file)"],
      [{ maxSizeBytes: 500 }, "it keeps at most 500 bytes (limits.size of the access file)"],
    ];
    for (const [limits, words] of cases) {
      const { test } = new Stand(limits);
      expect((await push(test.app, "/job/j/instance/1", "m 1\n")).status).toBe(200);
      const refused = await push(test.app, "/job/j/instance/2", series(3));
      expect([refused.status, await refused.text()]).toEqual([
        507,
        `the quota of principal "team" is full: ${words}\n`,
      ]);
      expect(await scrape(test.app)).not.toContain('instance="2"');
    }
  });

  test("what does not grow is stored, whatever is over its limit, and what is removed gives room at once", async () => {
    const stand = new Stand({});
    expect(await stand.push("a", series(10))).toBe(200);
    expect(await stand.push("b", series(10))).toBe(200);
    stand.write({ maxGroups: 1, maxSeries: 12, maxSizeBytes: 100 });
    expect(await stand.push("a", series(10).replaceAll(" 1\n", " 2\n"))).toBe(200);
    expect(await stand.push("a", series(11))).toBe(507);
    expect(await stand.push("a", series(9), "PUT")).toBe(200);
    expect(await stand.push("c", series(1))).toBe(507);
    for (const instance of ["a", "b"]) await ask(stand.test.app, "DELETE", `/metrics/job/j/instance/${instance}`);
    stand.write({ maxGroups: 1, maxSeries: 12 });
    expect(await stand.push("c", series(10))).toBe(200);
    expect(stand.usage).toMatchObject({ groups: 1, series: 12 });
  });

  test("a push that is refused for its content makes no group where there is room for none", async () => {
    const stand = new Stand({ maxGroups: 1 });
    expect(await stand.push("a", "m 1\n")).toBe(200);
    expect(await stand.push("b", "m 1 1000\n")).toBe(507);
    expect(stand.usage?.groups).toBe(1);
    await ask(stand.test.app, "DELETE", "/metrics/job/j/instance/a");
    expect(await stand.push("b", "m 1 1000\n")).toBe(400);
    expect(stand.usage?.groups).toBe(1);
  });

  test("what others push to its groups counts, and what is pushed to others' does not", async () => {
    const stand = new Stand({ maxSeries: 6 });
    const { test } = stand;
    test.principal = principalOf("other", null);
    expect((await push(test.app, "/job/k", series(20, "k"))).status).toBe(200);
    expect(await stand.push("a", series(4))).toBe(200);
    test.principal = stand.file.of("team");
    expect(stand.usage).toMatchObject({ groups: 1, series: 6 });
    expect(await stand.push("a", "n 1\n")).toBe(507);
  });

  test("a sum is judged as what is kept of it, not as what is pushed", async () => {
    const stand = new Stand({ maxSeries: 7 });
    expect(await stand.push("a", series(4))).toBe(200);
    expect(await stand.push("a", series(4), "POST", "?aggregate=sum")).toBe(200);
    expect(await stand.push("a", 'm{i="new"} 1\n', "POST", "?aggregate=sum")).toBe(200);
    expect(await stand.push("a", 'm{i="newer"} 1\n', "POST", "?aggregate=sum")).toBe(507);
    expect(stand.usage).toMatchObject({ groups: 1, series: 7 });
  });
});

describe("a large push", () => {
  const large = (count: number, name: string) => series(count, `${name}_${"x".repeat(60)}`);

  for (const adding of [undefined, "sum"] as const)
    test(`counts from when it was found good: small ones beside it do not take its room (${adding ?? "replaced"})`, () => {
      const quota = { name: "team", reach: null, maxGroups: 100, maxSeries: 2_002 + 2 * 22, maxSizeBytes: Infinity };
      const store = new Store(new Map(), true);
      store.counting.setQuotas([quota]);
      const request = (instance: string, body: string) => {
        const columns = new PushColumns();
        expect(new TextParser(columns, false).parse(Buffer.from(body))).toBeNull();
        return { key: keyOf({ instance, job: "j" }), columns, replace: false, receivedMs: 1_000, quota, adding };
      };
      const big = store.beginLarge(request("big", large(2_000, "big")));
      expect(toEnd(() => big.judgeOn())).toBeNull();
      const statuses: string[] = [];
      const push = () => {
        const refused = store.apply(request(`${statuses.length}`, series(20, `s${statuses.length}`)));
        statuses.push(refused?.kind ?? "stored");
      };
      for (let i = 0; i < 4; i++) push();
      expect(statuses).toEqual(["stored", "stored", "full", "full"]);
      expect(toEnd(() => big.storeOn(), push)).toBeNull();
      big.end();
      push();
      expect(new Set(statuses.slice(4))).toEqual(new Set(["full"]));
      expect(store.counting.of("team")).toMatchObject({ groups: 3, series: quota.maxSeries });
      while (store.stepChange());
      verifyStore(store);
    });

  test("two at once do not both pass, and one that shrinks does", async () => {
    const stand = new Stand({ maxSeries: 3_000 });
    const statuses = await Promise.all([stand.push("a", large(2_000, "a")), stand.push("b", large(2_000, "b"))]);
    expect(statuses.toSorted()).toEqual([200, 507]);
    const [known = ""] = statuses[0] === 200 ? ["a"] : ["b"];
    stand.write({ maxSeries: 1_000 });
    expect(await stand.push(known, large(2_001, known), "PUT")).toBe(507);
    expect(await stand.push(known, large(1_900, known), "PUT")).toBe(200);
    expect(stand.usage?.series).toBe(1_902);
  });

  test("lets go of its room where its group is deleted, or all is wiped, meanwhile", async () => {
    for (const [method, path] of [
      ["DELETE", "/metrics/job/j/instance/big"],
      ["PUT", "/api/v1/admin/wipe"],
    ] as const) {
      const stand = new Stand({ maxSeries: 2_600 }, "--web.enable-admin-api");
      const big = stand.push("big", large(2_000, "big"));
      await ask(stand.test.app, method, path);
      await big;
      const { series: held = 0 } = stand.usage ?? {};
      expect(await stand.push("a", series(2_600 - held - 2))).toBe(200);
      expect(stand.usage?.series).toBe(2_600);
      verifyStore(stand.test.store);
    }
  });
});

describe("a body", () => {
  const limits = { maxBodyBytes: 1_000 };
  const words = `the body is larger than the 1000 bytes that principal "team" may push (limits.max_body_size of the access file)\n`;

  test("that is announced, turns out or unpacks to be too large is refused 413", async () => {
    const { test } = new Stand(limits);
    const body = series(100);
    const headers = { "content-encoding": "gzip" };
    const packed: RequestInit = { body: gzipSync(body), headers };
    expect(gzipSync(body).length).toBeLessThan(1_000);
    for (const init of [{ body }, packed]) {
      const answer = await ask(test.app, "POST", "/metrics/job/j", init);
      expect([answer.status, answer.headers.get("connection"), await answer.text()]).toEqual([413, "close", words]);
    }
    expect((await ask(test.app, "POST", "/metrics/job/j", { body: gzipSync(series(10)), headers })).status).toBe(200);
    expect((await push(test.app, "/job/j", series(10))).status).toBe(200);
  });

  test("of others is not looked at for that", async () => {
    const { test } = new Stand(limits);
    test.principal = principalOf("other", null);
    expect((await push(test.app, "/job/j", series(100))).status).toBe(200);
  });
});

describe("pushes a second", () => {
  test("are let in up to the burst, and then as many as there may be, with the seconds to wait in the refusal", async () => {
    const stand = new Stand({ pushesPerSecond: 0.5, burst: 2 });
    stand.stopClock();
    stand.write({ pushesPerSecond: 0.25, burst: 2 });
    const { app } = stand.test;
    expect([await stand.push("a", "m 1\n"), await stand.push("a", "not a push")]).toEqual([200, 400]);
    const refused = await push(app, "/job/j/instance/a", "m 2\n");
    const words = `principal "team" may push 0.25 times a second (limits.pushes_per_second of the access file)\n`;
    expect([refused.status, refused.headers.get("retry-after"), await refused.text()]).toEqual([429, "4", words]);
    stand.ms += 3_000;
    const soon = await push(app, "/job/j/instance/a", "m 2\n");
    expect([soon.status, soon.headers.get("retry-after")]).toEqual([429, "1"]);
    stand.ms += 1_000;
    expect(await stand.push("a", "m 2\n")).toBe(200);
    expect((await ask(app, "DELETE", "/metrics/job/j/instance/a")).status).toBe(202);
  });

  test("go on where the file was written again with the same, and begin anew where it says others", async () => {
    const stand = new Stand({ pushesPerSecond: 1 });
    stand.stopClock();
    stand.write({ pushesPerSecond: 2, burst: 1 });
    expect(await stand.push("a", "m 1\n")).toBe(200);
    stand.write({ pushesPerSecond: 2, burst: 1, maxGroups: 7 });
    expect(await stand.push("a", "m 1\n")).toBe(429);
    stand.write({ pushesPerSecond: 3, burst: 1 });
    expect(await stand.push("a", "m 1\n")).toBe(200);
  });

  test("are looked at before the body: a push that is refused for them is neither parsed nor logged", async () => {
    const stand = new Stand({ pushesPerSecond: 1, burst: 1 });
    await stand.push("a", "m 1\n");
    const logged = stand.test.logged.length;
    expect(await stand.push("a", "nonsense")).toBe(429);
    expect(stand.test.logged.length).toBe(logged);
  });
});

test("groups that were there before the file said something of them are counted before a push is judged", async () => {
  const stand = new Stand({});
  for (let i = 0; i < 3_000; i++) await stand.push(`${i}`, "m 1\n");
  stand.write({ maxGroups: 3_001 });
  expect(stand.test.store.counting.isUnderWay).toBe(true);
  expect(await Promise.all([stand.push("new", "m 1\n"), stand.push("newer", "m 1\n")])).toEqual([200, 507]);
  expect(stand.usage).toMatchObject({ groups: 3_001, series: 3 * 3_001 });
  stand.file.write([principalOf("team", 'instance="new"', { maxGroups: 1 })]);
  await stand.test.context.storeTurns.counted();
  expect(stand.usage).toMatchObject({ groups: 1, series: 3 });
});

test("the audit log and the list of the refused say which limit it was", async () => {
  const stand = new Stand({ maxGroups: 1, maxBodyBytes: 100 });
  for (const instance of ["a", "b"]) await stand.push(instance, "m 1\n");
  await stand.push("a", series(100));
  expect(stand.test.audited).toEqual([
    expect.objectContaining({
      event: "refused",
      principal: "team",
      status: 507,
      reason: "full",
      limit: "limits.groups",
    }),
    expect.objectContaining({ event: "refused", status: 413, reason: "too-large", limit: "limits.max_body_size" }),
  ]);
  const listed = await (await ask(stand.test.app, "GET", "/api/v1/refused")).text();
  expect(listed).toContain("it keeps at most 1 groups (limits.groups of the access file)");
  expect(listed).toContain("(limits.max_body_size of the access file)");
});

test("own metrics tell of each principal what it pushed, what is kept and what may be", async () => {
  const stand = new Stand({});
  stand.stopClock();
  stand.write({ maxGroups: 2, maxSeries: 100, pushesPerSecond: 50, burst: 3 });
  for (const instance of ["a", "b", "c", "d"]) await stand.push(instance, "m 1\n");
  stand.file.write([...stand.file.list(), principalOf("idle", null, {})]);
  await stand.test.context.storeTurns.counted();
  const told = (await scrape(stand.test.app)).split("\n").filter((line) => line.startsWith("pushgateway_principal_"));
  expect(told.filter((line) => !line.endsWith(" 0"))).toEqual([
    'pushgateway_principal_groups{principal="idle"} 2',
    'pushgateway_principal_groups{principal="team"} 2',
    'pushgateway_principal_max_groups{principal="team"} 2',
    'pushgateway_principal_max_pushes_per_second{principal="team"} 50',
    'pushgateway_principal_max_series{principal="team"} 100',
    'pushgateway_principal_pushes_total{principal="team"} 4',
    'pushgateway_principal_refused_pushes_total{principal="team",reason="groups"} 1',
    'pushgateway_principal_refused_pushes_total{principal="team",reason="pushes_per_second"} 1',
    'pushgateway_principal_series{principal="idle"} 6',
    'pushgateway_principal_series{principal="team"} 6',
    expect.stringMatching(/^pushgateway_principal_size_bytes\{principal="idle"\} \d+$/),
    expect.stringMatching(/^pushgateway_principal_size_bytes\{principal="team"\} \d+$/),
  ]);
  stand.file.write([principalOf("other", null)]);
  expect(await scrape(stand.test.app)).not.toContain('principal="team"');
});
