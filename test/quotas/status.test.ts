import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { RuntimeResponse } from "../../src/http/runtime-schemas.ts";
import { NO_PRINCIPAL_LIMITS, type Principal } from "../../src/model/principal.ts";
import { ask, createJoinedApp, push, type TestApp } from "../app.ts";
import { principalOf, WrittenPrincipals } from "./principals.ts";

const reach = { covers: (key: Uint8Array) => Buffer.from(key).toString().includes('job="j"') };
/** Who may do with groups of job "j" what there is, and nothing with others. */
const team: Principal = {
  name: "team",
  limits: { ...NO_PRINCIPAL_LIMITS, maxGroups: 2, maxSeries: 100, pushesPerSecond: 0.5, burst: 50 },
  reach: () => reach,
};
const operator = principalOf("operator", null, { maxSizeBytes: 1 << 20 });

async function standing(): Promise<TestApp> {
  const test = createJoinedApp([], () => null, new WrittenPrincipals([operator, team]));
  test.principal = team;
  for (const instance of ["a", "b", "c"]) await push(test.app, `/job/j/instance/${instance}`, "m 1\n");
  test.principal = operator;
  await push(test.app, "/job/k", "m 1\n");
  return test;
}

const TEAM = {
  principal: "team",
  pushes_total: 3,
  refused_pushes: { pushes_per_second: 0, max_body_size: 0, groups: 1, series: 0, size: 0 },
  max_pushes_per_second: 0.5,
  max_body_bytes: null,
  groups: 2,
  max_groups: 2,
  series: 6,
  max_series: 100,
  size_bytes: expect.any(Number) as number,
  max_size_bytes: null,
};

async function quotasOf({ app }: TestApp): Promise<unknown> {
  const answer = await (await ask(app, "GET", "/api/v1/status/runtime")).json();
  expect(Value.Check(RuntimeResponse, answer)).toBe(true);
  return (answer as { data: { quotas: unknown } }).data.quotas;
}

test("the status has all principals for who sees everything, the fullest first, and for others only their own", async () => {
  const test = await standing();
  const all = await quotasOf(test);
  expect(all).toEqual([TEAM, expect.objectContaining({ principal: "operator", groups: 3, series: 9 })]);
  test.principal = team;
  expect(await quotasOf(test)).toEqual([TEAM]);
  test.principal = { ...team, name: "stranger" };
  expect(await quotasOf(test)).toEqual([]);
});

test("the status page draws the quotas: a bar for each principal, or all limits of the only one", async () => {
  const test = await standing();
  const page = async () => (await (await ask(test.app, "GET", "/status")).text()).replaceAll(/<[^>]*>/g, " ");
  expect(await page()).toMatch(/Quotas\s+1 full\s+team\s+2 of 2 groups\s+operator\s+\d+ B of 1 MiB\s/);
  test.principal = team;
  const own = await page();
  expect(own).toMatch(/Quotas\s+full\s+Groups\s+2 of 2\s+Series\s+6 of 100\s+Size\s+[\d.]+ (?:B|KiB)\s/);
  expect(own).toMatch(/principal\s+team\s+pushes\s+3\s+refused over a limit\s+1\s+pushes a second\s+0.5 at most/);
  expect(own).not.toContain("operator");
});

test("without an access file nothing is said of quotas", async () => {
  const test = createJoinedApp([], () => null);
  expect(await quotasOf(test)).toBeNull();
  expect(await (await ask(test.app, "GET", "/status")).text()).not.toContain("Quotas");
});
