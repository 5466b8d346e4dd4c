import { describe, expect, test } from "bun:test";
import { parseAccessFile } from "../../src/access/access-file.ts";
import { PlacedFault } from "../../src/config/strict-yaml.ts";
import { STRANGER } from "../../src/model/principal.ts";
import { createTestApp } from "../app.ts";
import { ALL_ROUTES, ASKERS, accessFileOf, FORBIDDEN, isAllowed, routeCases } from "./rights-table.ts";

const file = parseAccessFile(Buffer.from(accessFileOf("anonymous: {rights: {scrape: ['{}']}}")));
if (file instanceof PlacedFault) throw new Error(file.message);

const CASES = routeCases();
const BODY = "up 1\n";

async function asked(app: ReturnType<typeof createTestApp>, { method, path }: (typeof CASES)[number]) {
  const body = method === "PUT" || method === "POST" ? { body: BODY } : {};
  const response = await app.app(new Request(`http://localhost${path}`, { method, ...body }));
  const { status, headers } = response;
  const text = headers.get("content-type") === "text/event-stream" ? "" : await response.text();
  void response.body?.cancel().catch(() => {});
  return { status, headers, text };
}

describe("each principal may do what the file says, and nothing else, on every route with every method", () => {
  const app = createTestApp(...ALL_ROUTES);
  for (const [at, asker] of ASKERS.entries())
    test(`${asker.name}: ${CASES.length} requests`, async () => {
      app.principal = file.principals[at] ?? STRANGER;
      for (const one of CASES) {
        const { groups } = app.store.stats;
        const { status, text } = await asked(app, one);
        const told = { ...one, status: status === 403 && FORBIDDEN.test(text) ? "forbidden" : "done" };
        expect(told).toEqual({ ...one, status: isAllowed(asker, one) ? "done" : "forbidden" });
        if (status === 403) expect(app.store.stats.groups).toBe(groups);
      }
    });
});

describe("what is refused", () => {
  const app = createTestApp(...ALL_ROUTES);
  const cases: [name: string, method: string, path: string, words: string][] = [
    [
      "push-team",
      "PUT",
      "/pre/metrics/job/j/team/b",
      'principal "push-team" may not push to the group {job="j",team="b"}',
    ],
    [
      "push-team",
      "DELETE",
      "/pre/metrics/job/j/team/a",
      'principal "push-team" may not delete the group {job="j",team="a"}',
    ],
    ["nothing", "POST", "/pre/metrics", 'principal "nothing" may not push to the group {job=""}'],
    ["nothing", "PUT", "/pre/metrics/job/j/x", 'principal "nothing" may not push'],
    ["nothing", "GET", "/pre/metrics", 'principal "nothing" may not scrape'],
    ["nothing", "GET", "/pre/", 'principal "nothing" may not read'],
    ["admin-team", "PUT", "/pre/-/quit", 'principal "admin-team" may not administer the server'],
  ];
  test.each(cases)("%s %s %s: %s", async (name, method, path, words) => {
    app.principal = file.principals.find((principal) => principal.name === name) ?? STRANGER;
    const response = await app.app(
      new Request(`http://localhost${path}`, { method, ...(method === "GET" ? {} : { body: BODY }) }),
    );
    expect([response.status, await response.text()]).toEqual([403, `${words}\n`]);
    expect(app.store.stats.groups).toBe(0);
  });

  test("is told in JSON by the API", async () => {
    app.principal = file.principals.find(({ name }) => name === "nothing") ?? STRANGER;
    const response = await app.app(new Request("http://localhost/pre/api/v1/admin/wipe", { method: "PUT" }));
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({
      status: "error",
      errorType: "forbidden",
      error: 'principal "nothing" may not administer the server',
    });
  });

  test("is counted by principal, listed and logged, a push with its group", async () => {
    const told = createTestApp();
    told.principal = file.principals.find(({ name }) => name === "push-team") ?? STRANGER;
    await told.app(new Request("http://localhost/metrics/job/j", { method: "PUT", body: BODY }));
    await told.app(new Request("http://localhost/api/v1/groups"));
    const own = await (async () => {
      told.principal = file.principals.find(({ name }) => name === "everything") ?? STRANGER;
      return (await told.app(new Request("http://localhost/metrics"))).text();
    })();
    expect(own).toContain('pushgateway_principal_forbidden_total{principal="push-team"} 2\n');
    expect(own).toContain('pushgateway_http_refused_total{reason="forbidden"} 2\n');
    expect(own).toContain('pushgateway_http_requests_total{code="403",handler="push",method="put"} 1\n');
    expect(
      told.context.refused.list("forbidden", 9).map(({ request: { status, group } }) => [status, group?.block]),
    ).toEqual([
      [403, undefined],
      [403, 'job="j"'],
    ]);
    expect(told.logged.filter((line) => line.includes("may not")).length).toBe(2);
  });
});

describe("who shows nothing", () => {
  const app = createTestApp(...ALL_ROUTES);
  const OPEN = new Set(["staticFile", "apiDocument", "apiOptions"]);

  test("is asked who he is on every route that is not open to everybody, where nobody is let in without", async () => {
    app.principal = STRANGER;
    for (const one of CASES) {
      const { status, headers } = await asked(app, one);
      const isOpen = OPEN.has(one.name);
      expect({ ...one, isAsked: status === 401 }).toEqual({ ...one, isAsked: !isOpen });
      if (!isOpen) expect(headers.get("www-authenticate")).toBe("Basic");
    }
    expect(app.store.stats.groups).toBe(0);
  });

  test("is told how the server does where the file says so", async () => {
    app.isHealthOpen = true;
    for (const one of CASES.filter(({ name }) => name === "healthy" || name === "ready"))
      expect((await asked(app, one)).status).toBe(200);
    app.isHealthOpen = false;
  });

  test("learns nothing of paths that no route takes, but for a preflight", async () => {
    const status = async (method: string, path: string) =>
      (await app.app(new Request(`http://localhost${path}`, { method }))).status;
    expect([await status("GET", "/pre/nowhere"), await status("PATCH", "/pre/metrics")]).toEqual([401, 401]);
    expect(await status("OPTIONS", "/pre/metrics/job/j")).toBe(200);
  });

  test("may do what is written under anonymous, and is asked who he is for the rest", async () => {
    app.principal = file.anonymous ?? STRANGER;
    for (const one of CASES) {
      const { status, text } = await asked(app, one);
      const isHealth = one.name === "healthy" || one.name === "ready";
      const isDone = !isHealth && isAllowed({ name: "anonymous", rights: { scrape: "all" } }, one);
      expect({ ...one, isAsked: status === 401 }).toEqual({ ...one, isAsked: !isDone });
      if (!isDone) expect(text).toMatch(FORBIDDEN);
    }
  });
});

describe("a group is judged by its key as it is stored", () => {
  const app = createTestApp("--push.enable-utf8-names", "--push.allow-no-job");
  const paths: [path: string, isOfTeam: boolean][] = [
    ["/metrics/job/j/team/a", true],
    ["/metrics/job@base64/ag==/team@base64/YQ==", true],
    ["/metrics/team/a", true],
    ["/metrics/team/a/job/j", true],
    ["/metrics/job/j/U__team/a", true],
    ["/metrics/job/j/U__te_61_m/a", true],
    ["/metrics/job/team/team/", false],
    ["/metrics/job/j/U__team/b", false],
    ["/metrics/job/j/team.a/a", false],
    ["/metrics/job/j/team/%61/x/y", true],
    ["/metrics/job/j/team/a%00", false],
    ["/metrics/job/j/team/A", false],
    ["/metrics/job/j/Team/a", false],
    ["/metrics/job/j/team/a/team/b", false],
    ["/metrics/job/j/team/b/team/a", true],
    ["/metrics/job/j/team@base64/=", false],
  ];
  test.each(paths)("%s of team a: %p", async (path, isOfTeam) => {
    app.principal = file.principals.find(({ name }) => name === "push-team") ?? STRANGER;
    const groups = () => [...Array(app.store.stats.groups).keys()].length;
    const before = groups();
    const response = await app.app(new Request(`http://localhost${path}`, { method: "PUT", body: BODY }));
    const status = response.status;
    expect({ path, isForbidden: status === 403 }).toEqual({ path, isForbidden: !isOfTeam });
    if (!isOfTeam) expect(groups()).toBe(before);
  });
});
