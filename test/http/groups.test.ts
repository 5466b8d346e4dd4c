import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

interface Listed {
  readonly as_of: number;
  readonly total: number;
  readonly matched: number;
  readonly partial: boolean;
  readonly groups: readonly { readonly path: string; readonly labels: Record<string, string> }[];
  readonly facets?: { readonly jobs: unknown; readonly ages: readonly number[]; readonly failing: number };
  readonly cursor: string | null;
}

type Parameters = Readonly<Record<string, string | readonly string[]>>;

async function asked({ app }: TestApp, parameters: Parameters): Promise<Response> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    for (const one of typeof value === "string" ? [value] : value) query.append(name, one);
  return ask(app, "GET", `/api/v1/groups?${query}`);
}

async function listed(test: TestApp, parameters: Parameters): Promise<Listed> {
  const response = await asked(test, parameters);
  const answer = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${answer}`);
  return JSON.parse(answer).data;
}

const paths = ({ groups }: Listed): string[] => groups.map(({ path }) => path);

/** Six groups, pushed a minute apart; the last push of one failed. */
async function filled(): Promise<TestApp> {
  const app = createTestApp("--web.enable-admin-api");
  const PUSHED = [
    "job/backup/instance/db-1",
    "job/backup/instance/db-2",
    "job/etl",
    "job/etl/env/prod",
    "job@base64/YS9i",
    "job/backup-old",
  ];
  for (const [minute, path] of PUSHED.entries()) {
    app.nowMs = Date.UTC(2026, 0, 1, 0, minute);
    await push(app.app, `/${path}`, "some_metric 1\nother_metric 2\n");
  }
  app.nowMs += 1_000;
  await ask(app.app, "PUT", "/metrics/job/etl", {
    body: "some_metric not a number\n# TYPE some_metric histogram\nsome_metric 1\n",
  });
  return app;
}

describe("GET /api/v1/groups", () => {
  const FOUND: readonly (readonly [Parameters, readonly string[]])[] = [
    [
      {},
      [
        "/job/backup/instance/db-1",
        "/job/backup/instance/db-2",
        "/job/etl",
        "/job/etl/env/prod",
        "/job@base64/YS9i",
        "/job/backup-old",
      ],
    ],
    [{ "match[]": '{job="backup"}' }, ["/job/backup/instance/db-1", "/job/backup/instance/db-2"]],
    [{ "match[]": '{job=~"backup.+"}' }, ["/job/backup-old"]],
    [{ "match[]": ['{job=~"backup.+"}', '{env="prod"}'] }, ["/job/etl/env/prod", "/job/backup-old"]],
    [{ "match[]": '{job="etl",env=""}' }, ["/job/etl"]],
    [{ search: "DB-2" }, ["/job/backup/instance/db-2"]],
    [{ search: "backup 1" }, ["/job/backup/instance/db-1"]],
    [{ search: "a/b" }, ["/job@base64/YS9i"]],
    [{ sort: "-pushed", limit: "2" }, ["/job/backup-old", "/job@base64/YS9i"]],
    [{ sort: "labels", limit: "2" }, ["/job/etl/env/prod", "/job/backup/instance/db-1"]],
    [
      { pushed_before: String(Date.UTC(2026, 0, 1, 0, 1) / 1000) },
      ["/job/backup/instance/db-1", "/job/backup/instance/db-2"],
    ],
    [{ pushed_after: String(Date.UTC(2026, 0, 1, 0, 5) / 1000) }, ["/job/backup-old"]],
    [{ "match[]": '{job="nobody"}' }, []],
  ];

  test.each(FOUND)("%j finds %j", async (parameters, expected) => {
    expect(paths(await listed(await filled(), parameters))).toEqual([...expected]);
  });

  test("tells of each group what it holds and when it was pushed, and of all how they are spread", async () => {
    const app = await filled();
    const { groups, facets, total, matched, partial, as_of } = await listed(app, {
      "match[]": '{job="etl"}',
      facets: "true",
    });
    expect({ total, matched, partial, as_of }).toEqual({
      total: 6,
      matched: 2,
      partial: false,
      as_of: app.nowMs / 1000,
    });
    expect(groups[1] as unknown).toEqual({
      labels: { env: "prod", job: "etl" },
      path: "/job/etl/env/prod",
      last_push_successful: true,
      push_time_seconds: Date.UTC(2026, 0, 1, 0, 3) / 1000,
      push_failure_time_seconds: 0,
      families: 4,
      series: 4,
      bytes: expect.any(Number),
    });
    expect(facets as unknown).toEqual({
      jobs: [{ value: "etl", groups: 2, failing: 0 }],
      ages: [0, 2, 0, 0, 0, 0],
      failing: 0,
    });
  });

  test("gives each group once, page by page, while others come", async () => {
    const app = await filled();
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let n = 0; cursor !== null; n++) {
      const page = await listed(app, { sort: "labels", limit: "2", ...(cursor === "" ? {} : { cursor }) });
      seen.push(...paths(page));
      cursor = page.cursor;
      await push(app.app, `/job/aaa/n/${n}`, "some_metric 1\n");
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain("/job/backup-old");
  });

  const REFUSED: readonly (readonly [Parameters, string])[] = [
    [
      { "match[]": "{}" },
      'invalid parameter "match[]": reading the selector "{}": a selector must contain at least one non-empty matcher',
    ],
    [{ limit: "0" }, 'invalid parameter "limit": "0" is not an integer from 1 to 500'],
    [{ limit: "x" }, 'invalid parameter "limit": "x" is not an integer from 1 to 500'],
    [
      { sort: "age" },
      'invalid parameter "sort": "age" is not one of stored, labels, -pushed, pushed, -failed, -series, -bytes',
    ],
    [{ state: "bad" }, 'invalid parameter "state": "bad" is not one of failing, ok'],
    [{ pushed_before: "today" }, 'invalid parameter "pushed_before": "today" is not a number'],
    [{ facets: "maybe" }, 'invalid parameter "facets": "maybe" is not true or false'],
    [{ cursor: "x" }, 'invalid parameter "cursor": not one of this server'],
    [{ match: '{job="x"}' }, 'unknown parameter "match"'],
  ];

  test.each(REFUSED)("%j is refused: %s", async (parameters, words) => {
    const response = await asked(createTestApp(), parameters);
    expect([response.status, await response.text()]).toEqual([400, `${words}\n`]);
  });

  test("refuses a cursor of another query, and one from before a wipe", async () => {
    const app = await filled();
    const { cursor } = await listed(app, { limit: "1" });
    expect((await asked(app, { limit: "1", search: "etl", cursor: cursor ?? "" })).status).toBe(400);
    expect((await asked(app, { limit: "3", cursor: cursor ?? "" })).status).toBe(200);
    await ask(app.app, "PUT", "/api/v1/admin/wipe");
    expect((await asked(app, { limit: "1", cursor: cursor ?? "" })).status).toBe(410);
  });

  test("is not to be read by pages of other origins", async () => {
    expect((await asked(createTestApp(), {})).headers.get("access-control-allow-origin")).toBeNull();
  });
});
