import { describe, expect, test } from "bun:test";
import { REFUSED_KINDS } from "../../src/model/refused.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

interface Refused {
  readonly kind: string;
  readonly status: number;
  readonly reason: string;
  readonly [field: string]: unknown;
}

async function listed({ app }: TestApp, query = ""): Promise<readonly Refused[]> {
  return JSON.parse(await (await ask(app, "GET", `/api/v1/refused${query}`)).text()).data.refused;
}

const SUMMARY_OF_N = "# TYPE t summary\nt_sum 1\nt_count 1\n";
const AGENT = { "User-Agent": "curl/8" };

describe("GET /api/v1/refused", () => {
  test("tells of a refused push who pushed what where, and why it was refused", async () => {
    const app = createTestApp();
    const body = "some_metric 1\ndisk free 12\n";
    const headers = { ...AGENT, "Content-Length": String(body.length) };
    const answer = await ask(app.app, "PUT", "/metrics/job/etl/path@base64/L2E", { body, headers });
    expect(answer.status).toBe(400);
    app.nowMs += 5000;
    const response = await ask(app.app, "GET", "/api/v1/refused");
    const first = Date.UTC(2026, 10, 21) / 1000;
    expect(await response.json()).toEqual({
      status: "success",
      data: {
        as_of: first + 5,
        total: 1,
        kinds: { malformed: 1 },
        refused: [
          {
            kind: "malformed",
            status: 400,
            reason: (await answer.text()).trimEnd(),
            count: 1,
            first_seconds: first,
            last_seconds: first,
            method: "PUT",
            path: "/metrics/job/etl/path@base64/L2E",
            group: { labels: { job: "etl", path: "/a" }, path: "/job/etl/path@base64/L2E" },
            client: "unknown",
            user: null,
            user_agent: "curl/8",
            line: { number: 2, text: "disk free 12" },
            contradicts: null,
            size_bytes: body.length,
          },
        ],
      },
    });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  interface Case {
    readonly kind: string;
    readonly status: number;
    readonly flags?: readonly string[];
    readonly notReady?: string;
    readonly path?: string;
    readonly body?: string;
    readonly group?: string | null;
  }

  const CASES: readonly Case[] = [
    { kind: "malformed", status: 400, body: "no metrics" },
    { kind: "malformed", status: 400, path: "/metrics/job/j/a", group: null },
    { kind: "inconsistent", status: 400, body: "a 1\na 1\n" },
    { kind: "inconsistent", status: 202, body: "a 1 1700000000000\n", flags: ["--push.disable-consistency-check"] },
    { kind: "too-large", status: 413, body: "a 1\nb 1\n", flags: ["--push.max-series=1"] },
    { kind: "too-large", status: 413, body: "a 1\nb 1\n", flags: ["--push.max-body-size=2"] },
    { kind: "full", status: 507, body: "a 1\n", flags: ["--store.max-series=1"] },
    { kind: "unavailable", status: 503, notReady: "restoring" },
  ];

  test.each(CASES)("%j is listed once, with its group where it has one", async (one) => {
    const {
      kind,
      status,
      flags = [],
      notReady = null,
      path = "/metrics/job/j",
      body = "a 1\n",
      group = "/job/j",
    } = one;
    const app = createTestApp(...flags);
    app.notReady = notReady;
    expect((await ask(app.app, "POST", path, { body })).status).toBe(status);
    const refused = await listed(app);
    expect(refused.map((entry) => [entry.kind, entry.status, entry.group])).toEqual([
      [kind, status, group === null ? null : expect.objectContaining({ path: group })],
    ]);
  });

  test("tells of requests that are no push, too, if they are refused for more than their content", async () => {
    const app = createTestApp();
    await ask(app.app, "PUT", "/-/quit");
    await ask(app.app, "DELETE", "/metrics/job/j", { headers: { Origin: "https://elsewhere.example" } });
    await ask(app.app, "GET", "/api/v1/groups?limit=x");
    app.notReady = "restoring";
    await ask(app.app, "GET", "/metrics?secret=1");
    expect((await listed(app)).map(({ kind, method, path, group }) => [kind, method, path, group])).toEqual([
      ["unavailable", "GET", "/metrics", null],
      ["foreign-origin", "DELETE", "/metrics/job/j", null],
      ["not-enabled", "PUT", "/-/quit", null],
    ]);
  });

  test("lists one kind, and as many as are asked for", async () => {
    const app = createTestApp("--push.max-series=1");
    for (const body of ["a 1\nb 1\n", "no metrics"])
      for (const job of ["x", "y"]) await push(app.app, `/job/${job}`, body);
    const paths = async (query: string) => (await listed(app, query)).map(({ path }) => path);
    expect(await paths("?kind=too-large")).toEqual(["/metrics/job/y", "/metrics/job/x"]);
    expect(await paths("?limit=1&kind=malformed")).toEqual(["/metrics/job/y"]);
    expect((await paths("")).length).toBe(4);
  });

  test("refuses a query that it does not know", async () => {
    const { app } = createTestApp();
    const words = async (query: string) => (await ask(app, "GET", `/api/v1/refused?${query}`)).text();
    expect(await words("kind=odd")).toBe(`invalid parameter "kind": "odd" is not one of ${REFUSED_KINDS.join(", ")}\n`);
    expect(await words("limit=201")).toBe('invalid parameter "limit": "201" is not an integer from 1 to 200\n');
    expect(await words("since=1")).toBe('unknown parameter "since"\n');
  });

  test("outlives a wipe: who was refused is no metric", async () => {
    const app = createTestApp("--web.enable-admin-api");
    await push(app.app, "/job/j", "no metrics");
    await ask(app.app, "PUT", "/api/v1/admin/wipe");
    expect((await listed(app)).length).toBe(1);
  });

  test("a push that is stored leaves no trace", async () => {
    const app = createTestApp();
    await push(app.app, "/job/j", "a 1\n");
    expect(await listed(app)).toEqual([]);
  });
});

const CONTRADICTIONS: readonly { what: string; path: string; body: string; other: string | null }[] = [
  { what: "another type", path: "/job/b", body: "# TYPE n counter\nn 1\n", other: "/job/a/env/prod" },
  { what: "the same series", path: "/job/a", body: 'n{env="prod"} 1\n', other: "/job/a/env/prod" },
  { what: "a name of a summary's lines", path: "/job/b", body: "s_count 1\n", other: "/job/s" },
  { what: "a summary whose lines have a name", path: "/job/b", body: SUMMARY_OF_N, other: "/job/a/env/prod" },
  { what: "push times that are there", path: "/job/s/instance@base64/=", body: "m 1\n", other: "/job/s" },
  { what: "itself", path: "/job/b", body: 'm{x="1"} 1\nm{x="1"} 2\n', other: null },
  {
    what: "our own metrics",
    path: "/job/b",
    body: "# TYPE pushgateway_build_info counter\npushgateway_build_info 1\n",
    other: null,
  },
  { what: "no timestamps", path: "/job/a/env/prod", body: "n 1 1\n", other: null },
];

describe("of a refused push", () => {
  test.each(CONTRADICTIONS)(
    "the group in the way is named, where there is one: $what",
    async ({ path, body, other }) => {
      for (const size of [0, 70_000]) {
        const app = createTestApp();
        await push(app.app, "/job/a/env/prod", "# TYPE n gauge\nn 1\n# TYPE t_count gauge\nt_count 1\n");
        await push(app.app, "/job/s", "# TYPE s summary\ns_sum 1\ns_count 1\n");
        // A large one is judged in slices.
        const padded = `${body}# ${"x".repeat(size)}\n`;
        const answer = await push(app.app, path, padded);
        expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("inconsistent")]);
        const [refused] = await listed(app);
        expect((refused?.contradicts as { path: string } | null)?.path ?? null).toBe(other);
      }
    },
  );

  test("the group in the way is its own view away, from the list and from the group's view", async () => {
    const app = createTestApp();
    await push(app.app, "/job/a/env/prod", "# TYPE n gauge\nn 1\n");
    await push(app.app, "/job/b", "m 1\n");
    await push(app.app, "/job/b", "# TYPE n counter\nn 1\n");
    for (const view of ["/refused", "/group?path=/job/b"]) {
      const html = await (await ask(app.app, "GET", view)).text();
      expect(html).toContain('In the way: <a class="link" href="./group?path=/job/a/env/prod">');
    }
  });
});
