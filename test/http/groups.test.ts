import { describe, expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { TextParser } from "../../src/parse/text.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { keyOf } from "../store/stored.ts";

interface Listed {
  readonly as_of: number;
  readonly total: number;
  readonly matched: number;
  readonly partial: boolean;
  readonly groups: readonly { readonly path: string; readonly labels: Record<string, string> }[];
  readonly facets?: {
    readonly jobs: unknown;
    readonly jobs_total: number;
    readonly ages: readonly number[];
    readonly failing: number;
  };
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
    body: "# TYPE some_metric histogram\nsome_metric_count 1\n",
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
    [{ state: "failing" }, ["/job/etl"]],
    [{ state: "ok", search: "etl" }, ["/job/etl/env/prod"]],
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
      expires_at: null,
      families: 4,
      series: 4,
      bytes: expect.any(Number),
    });
    expect(facets as unknown).toEqual({
      jobs: [{ value: "etl", groups: 2, failing: 1 }],
      jobs_total: 1,
      ages: [0, 2, 0, 0, 0, 0],
      failing: 1,
    });
  });

  test("counts only, without a group, where none is wanted", async () => {
    const { groups, facets, matched, cursor } = await listed(await filled(), { limit: "0", facets: "true" });
    expect({ groups, cursor, matched: matched > 1, jobs: facets !== undefined }).toEqual({
      groups: [],
      cursor: null,
      matched: true,
      jobs: true,
    });
  });

  test("of jobs with very long names so many are told as are short together, and all counted", async () => {
    const app = createTestApp();
    for (let i = 0; i < 30; i++) await push(app.app, `/job/${i}${"x".repeat(5000)}`, "a 1\n");
    for (let i = 0; i < 3; i++) await push(app.app, `/job/short${i}`, "a 1\n");
    const { facets } = await listed(app, { facets: "true", limit: "0" });
    const jobs = (facets?.jobs ?? []) as { value: string }[];
    expect(jobs.map(({ value }) => value.length)).toEqual([5001, 6, 6, 6]);
    expect(facets?.jobs_total).toBe(33);
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
    [{ limit: "-1" }, 'invalid parameter "limit": "-1" is not an integer from 0 to 500'],
    [{ limit: "x" }, 'invalid parameter "limit": "x" is not an integer from 0 to 500'],
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

describe("DELETE /api/v1/groups", () => {
  const remove = async ({ app }: TestApp, query: string): Promise<{ status: number; body: string }> => {
    const response = await ask(app, "DELETE", `/api/v1/groups?${query}`);
    return { status: response.status, body: await response.text() };
  };
  const BACKUPS = `match[]=${encodeURIComponent('{job=~"backup.*"}')}`;

  test("says what would be deleted, and deletes nothing unless it is told to", async () => {
    const app = await filled();
    const { status, body } = await remove(app, BACKUPS);
    const { as_of, sample, bytes, ...rest } = JSON.parse(body).data;
    expect([status, rest, as_of]).toEqual([200, { matched: 3, series: 12, pushed_last_hour: 3 }, app.nowMs / 1000]);
    expect(bytes).toBeGreaterThan(0);
    expect(paths({ groups: sample } as Listed)).toEqual([
      "/job/backup/instance/db-1",
      "/job/backup/instance/db-2",
      "/job/backup-old",
    ]);
    expect((await listed(app, {})).matched).toBe(6);
  });

  test("deletes what the dry run said; groups that were pushed since are left alone", async () => {
    const app = await filled();
    const { as_of, matched } = JSON.parse((await remove(app, BACKUPS)).body).data;
    app.nowMs += 5_000;
    await push(app.app, "/job/backup-old", "some_metric 3\n");
    await ask(app.app, "PUT", "/metrics/job/backup/instance/db-2", { body: "no metrics" });
    await push(app.app, "/job/backup/instance/db-3", "some_metric 3\n");
    const removed = await remove(app, `${BACKUPS}&dry_run=false&expect=${matched}&as_of=${as_of}`);
    expect(removed).toEqual({ status: 202, body: '{"status":"success","data":{"deleted":2,"left_alone":2}}' });
    expect(paths(await listed(app, { search: "backup" }))).toEqual(["/job/backup-old", "/job/backup/instance/db-3"]);
    expect(await (await ask(app.app, "GET", "/metrics")).text()).not.toContain("db-1");
  });

  test("deletes nothing where more match than are expected, and says what would be deleted now", async () => {
    const app = await filled();
    const { status, body } = await remove(app, `${BACKUPS}&dry_run=false&expect=2&as_of=${app.nowMs / 1000}`);
    const { data, ...rest } = JSON.parse(body);
    expect([status, rest, data.matched]).toEqual([
      409,
      { status: "error", errorType: "conflict", error: "deleting groups: 3 match, 2 are expected" },
      3,
    ]);
    expect((await listed(app, {})).matched).toBe(6);
  });

  test("deletes by age alone", async () => {
    const app = await filled();
    const query = `pushed_before=${Date.UTC(2026, 0, 1, 0, 2) / 1000}`;
    const { as_of, matched } = JSON.parse((await remove(app, query)).body).data;
    expect(matched).toBe(3);
    await remove(app, `${query}&dry_run=false&expect=3&as_of=${as_of}`);
    expect((await listed(app, {})).total).toBe(3);
  });

  const SELECTED: readonly Parameters[] = [
    { search: "BACKUP db" },
    { search: "OLD", "match[]": '{job=~"backup.*"}' },
    { state: "failing" },
    { state: "ok", search: "etl" },
    { pushed_after: String(Date.UTC(2026, 0, 1, 0, 3) / 1000) },
    {
      pushed_after: String(Date.UTC(2026, 0, 1, 0, 1) / 1000),
      pushed_before: String(Date.UTC(2026, 0, 1, 0, 2) / 1000),
    },
  ];

  test.each(SELECTED)("deletes what a list of the same conditions has, and nothing else: %j", async (conditions) => {
    const app = await filled();
    const query = String(new URLSearchParams(conditions as Record<string, string>));
    const found = paths(await listed(app, conditions));
    const others = paths(await listed(app, {})).filter((path) => !found.includes(path));
    expect(Math.min(found.length, others.length)).toBeGreaterThan(0);
    const { as_of, matched } = JSON.parse((await remove(app, query)).body).data;
    expect(matched).toBe(found.length);
    const { status } = await remove(app, `${query}&dry_run=false&expect=${matched}&as_of=${as_of}`);
    expect([status, paths(await listed(app, {}))]).toEqual([202, others]);
  });

  const NOTHING_ASKED =
    'deleting groups: "match[]", "search", "state", "pushed_before" or "pushed_after" is expected; to delete all, wipe';
  const REFUSED: readonly (readonly [string, string])[] = [
    ["", NOTHING_ASKED],
    ["search=+&dry_run=false&expect=6&as_of=9e9", NOTHING_ASKED],
    [`${BACKUPS}&dry_run=false`, 'deleting groups: "expect" and "as_of" of a dry run are expected'],
    [`${BACKUPS}&dry_run=false&expect=3`, 'deleting groups: "expect" and "as_of" of a dry run are expected'],
    [`${BACKUPS}&dry_run=no`, 'invalid parameter "dry_run": "no" is not true or false'],
    [`${BACKUPS}&sort=labels`, 'unknown parameter "sort"'],
    [`${BACKUPS}&state=bad`, 'invalid parameter "state": "bad" is not one of failing, ok'],
    [
      "match[]={}",
      'invalid parameter "match[]": reading the selector "{}": a selector must contain at least one non-empty matcher',
    ],
  ];

  test.each(REFUSED)("%s is refused: %s", async (query, words) => {
    expect(await remove(await filled(), query)).toEqual({ status: 400, body: `${words}\n` });
  });

  test("is there only with --web.enable-admin-api", async () => {
    expect((await remove(createTestApp(), BACKUPS)).status).toBe(405);
  });

  /** Does something once, in a turn of the loop of a deletion. */
  const meanwhile = (app: TestApp, what: () => Promise<unknown>): void => {
    let isDone = false;
    let nowMs = 0;
    app.clock = {
      nowMs: () => (nowMs += 1),
      turn: async () => {
        if (isDone) return;
        isDone = true;
        await what();
      },
    };
  };

  const ALL = "match[]={job!=%22%22}";
  const INSTANTS = [
    { instant: "the dry run's", later: 0 },
    { instant: "one to come", later: 3600 },
  ];

  test.each(INSTANTS)("as of $instant leaves alone what is pushed while it deletes", async ({ later }) => {
    const app = await filled();
    const as_of = app.nowMs / 1000 + later;
    meanwhile(app, async () => {
      app.nowMs += 1;
      await push(app.app, "/job/backup-old", "some_metric 7\n");
      await push(app.app, "/job/new", "some_metric 7\n");
    });
    const { status, body } = await remove(app, `${ALL}&dry_run=false&expect=6&as_of=${as_of}`);
    expect([status, JSON.parse(body).data]).toEqual([202, { deleted: 5, left_alone: 1 }]);
    expect(paths(await listed(app, { sort: "labels" }))).toEqual(["/job/backup-old", "/job/new"]);
  });

  test("leaves alone what is pushed after a wipe, in the same instant even", async () => {
    for (const passedMs of [0, 1]) {
      const app = await filled();
      const as_of = app.nowMs / 1000;
      meanwhile(app, async () => {
        app.nowMs += passedMs;
        await ask(app.app, "PUT", "/api/v1/admin/wipe");
        for (let n = 0; n < 6; n++) await push(app.app, `/job/new/n/${n}`, "some_metric 7\n");
      });
      const { body } = await remove(app, `${ALL}&dry_run=false&expect=6&as_of=${as_of}`);
      expect(JSON.parse(body).data).toEqual({ deleted: 0, left_alone: 0 });
      expect((await listed(app, {})).total).toBe(6);
    }
  });

  test("of a dry run from before a wipe leaves alone what was pushed since", async () => {
    const app = await filled();
    const { as_of, matched } = JSON.parse((await remove(app, BACKUPS)).body).data;
    await ask(app.app, "PUT", "/api/v1/admin/wipe");
    app.nowMs += 1;
    await push(app.app, "/job/backup/instance/db-1", "some_metric 1\n");
    const { body } = await remove(app, `${BACKUPS}&dry_run=false&expect=${matched}&as_of=${as_of}`);
    expect(JSON.parse(body).data).toEqual({ deleted: 0, left_alone: 1 });
  });

  test("of 100,000 groups takes turns: a few are looked for and deleted in each", async () => {
    const app = createTestApp("--web.enable-admin-api");
    const { store } = app;
    const columns = new PushColumns();
    new TextParser(columns, false).parse(Buffer.from("some_metric 1\n"));
    for (let n = 0; n < 100_000; n++)
      store.apply({ key: keyOf({ job: "many", n: `${n}` }), columns, replace: false, receivedMs: 1 });
    let nowMs = 0;
    let [before, most, turns] = [store.stats.groups, 0, 0];
    app.clock = {
      nowMs: () => (nowMs += 1),
      turn: async () => {
        most = Math.max(most, before - store.stats.groups);
        before = store.stats.groups;
        turns++;
      },
    };
    const { body } = await remove(app, `match[]={job="many"}&dry_run=false&expect=100000&as_of=${app.nowMs / 1000}`);
    expect(JSON.parse(body).data).toEqual({ deleted: 100_000, left_alone: 0 });
    expect(most).toBeLessThanOrEqual(2);
    expect(turns).toBeGreaterThan(50_000);
  });
});
