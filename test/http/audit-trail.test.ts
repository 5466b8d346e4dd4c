import { describe, expect, test } from "bun:test";
import { EVERYBODY } from "../../src/model/principal.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

const ADMIN = ["--web.enable-admin-api", "--web.enable-lifecycle"];
const SECRET = "s3cret_word";

/** The events since the last call. */
const told = ({ audited }: TestApp) => audited.splice(0);

describe("the audit log is told of a refused push", () => {
  const CASES = [
    { what: "that cannot be parsed", body: `${SECRET}{`, status: 400, reason: "malformed" },
    {
      what: "that contradicts others",
      body: `# TYPE ${SECRET} counter\n${SECRET} 1\n`,
      status: 400,
      reason: "inconsistent",
    },
    {
      what: "that has too many series",
      body: `${SECRET} 1\n${SECRET}2 1\n`,
      status: 413,
      reason: "too-large",
      limit: "push.max-series",
    },
  ];

  test.each(CASES)(
    "$what, with its status and reason, and nothing of its body",
    async ({ body, status, reason, limit }) => {
      const app = createTestApp("--push.max-series=1");
      await push(app.app, "/job/other", `# TYPE ${SECRET} gauge\n${SECRET} 1\n`);
      const answer = await push(app.app, "/job/j/instance/i", body, "PUT");
      expect(answer.status).toBe(status);
      expect(told(app)).toEqual([
        {
          event: "refused",
          principal: "",
          user: null,
          certificate: null,
          client: "unknown",
          method: "PUT",
          path: "/metrics/job/j/instance/i",
          group: 'instance="i",job="j"',
          status,
          reason,
          detail: null,
          limit: limit ?? null,
        },
      ]);
      expect(JSON.stringify(told(app))).not.toContain(SECRET);
    },
  );

  test("whose path names no group", async () => {
    const app = createTestApp();
    for (const path of ["/job/j/instance", "/job/j/instance@base64/_*_"]) await push(app.app, path, "a 1\n");
    expect(told(app)).toEqual([
      expect.objectContaining({ path: "/metrics/job/j/instance", group: null, status: 400, reason: "malformed" }),
      expect.objectContaining({ group: null, status: 400, reason: "malformed" }),
    ]);
  });

  test("that comes too early", async () => {
    const app = createTestApp();
    app.notReady = "restoring";
    await push(app.app, "/job/j", "a 1\n");
    const [entry] = told(app);
    expect(entry).toMatchObject({ group: 'job="j"', status: 503, reason: "unavailable", detail: "restoring" });
  });

  test("that is answered 202 without the check", async () => {
    const app = createTestApp("--push.disable-consistency-check");
    await push(app.app, "/job/j", "a 1 1000\n");
    expect(told(app)).toEqual([expect.objectContaining({ event: "refused", status: 202, reason: "inconsistent" })]);
  });

  test("by the name of the principal that pushed it", async () => {
    const app = createTestApp();
    app.principal = { ...EVERYBODY, name: "batch" };
    await push(app.app, "/job/j", "{");
    expect(told(app)).toEqual([expect.objectContaining({ principal: "batch" })]);
  });
});

describe("the audit log is told", () => {
  test("nothing of pushes that are stored, and of what is read", async () => {
    const app = createTestApp(...ADMIN);
    await push(app.app, "/job/j", "a 1\n");
    for (const path of ["/metrics", "/", "/status", "/api/v1/groups", "/api/v1/refused", "/nope"])
      await ask(app.app, "GET", path);
    expect(told(app)).toEqual([]);
  });

  test("of a group that is deleted, and of a deletion in vain", async () => {
    const app = createTestApp();
    await push(app.app, "/job/j/x/%0A", "a 1\n");
    for (let n = 0; n < 2; n++) await push(app.app, "/job/j/x/%0A", "", "DELETE");
    const deleted = { event: "group_deleted", group: 'job="j",x="\\n"', status: 202, client: "unknown" };
    expect(told(app)).toEqual([
      expect.objectContaining({ ...deleted, count: 1 }),
      expect.objectContaining({ ...deleted, count: 0 }),
    ]);
  });

  test("of a deletion that left the group alone, for it was pushed to since", async () => {
    const app = createTestApp();
    await push(app.app, "/job/j", "a 1\n");
    await push(app.app, "/job/j?as_of=1", "", "DELETE");
    expect(told(app)).toEqual([
      expect.objectContaining({ event: "group_deleted", count: 0, left_alone: 1, status: 412 }),
    ]);
  });

  test("of groups that are deleted by what selects them", async () => {
    const app = createTestApp(...ADMIN);
    for (const job of ["a", "b", "c"]) await push(app.app, `/job/${job}`, "a 1\n");
    const query = `match[]={job=~"a|b"}&dry_run=false&expect=2&as_of=${app.nowMs / 1000 + 9}`;
    await ask(app.app, "DELETE", `/api/v1/groups?${query}`);
    const selection = { match: '{job=~"a|b"}' };
    expect(told(app)).toEqual([
      expect.objectContaining({ event: "groups_deleted", status: 202, count: 2, left_alone: 0, selection }),
    ]);
  });

  test("nothing of a deletion that only asks what would go", async () => {
    const app = createTestApp(...ADMIN);
    await push(app.app, "/job/a", "a 1\n");
    await ask(app.app, "DELETE", `/api/v1/groups?search=a`);
    expect(told(app)).toEqual([]);
  });

  test("of a wipe, and of who asks for the end", async () => {
    const app = createTestApp(...ADMIN);
    for (const job of ["a", "b"]) await push(app.app, `/job/${job}`, "a 1\n");
    await ask(app.app, "PUT", "/api/v1/admin/wipe");
    await ask(app.app, "PUT", "/-/quit");
    expect(told(app)).toEqual([
      expect.objectContaining({ event: "store_wiped", status: 202, count: 2 }),
      expect.objectContaining({ event: "quit_asked", client: "unknown" }),
    ]);
  });

  test("of what is not enabled", async () => {
    const app = createTestApp();
    await ask(app.app, "PUT", "/-/quit");
    expect(told(app)).toEqual([
      expect.objectContaining({ event: "refused", method: "PUT", path: "/-/quit", status: 403, reason: "not-enabled" }),
    ]);
  });

  test("of each group that expires", async () => {
    const app = createTestApp("--push.group-ttl=10s");
    for (const job of ["a", "b"]) await push(app.app, `/job/${job}`, "a 1\n");
    app.nowMs += 10_000;
    while (app.store.expiry.step(app.nowMs / 1000));
    expect(told(app)).toEqual([
      { event: "group_expired", group: 'job="a"' },
      { event: "group_expired", group: 'job="b"' },
    ]);
    expect(app.store.stats.expiredGroups).toBe(2);
  });

  test("once of a group that keeps its push times", async () => {
    const app = createTestApp("--push.group-ttl=10s", "--push.ttl-keep-times");
    await push(app.app, "/job/a", "a 1\n");
    for (let n = 0; n < 2; n++) {
      app.nowMs += 10_000;
      while (app.store.expiry.step(app.nowMs / 1000));
    }
    expect(told(app)).toEqual([{ event: "group_expired", group: 'job="a"' }]);
  });

  test("of a page of another origin that would push", async () => {
    const app = createTestApp();
    await ask(app.app, "POST", "/metrics/job/j", { body: "a 1\n", headers: { Origin: "https://evil.example" } });
    expect(told(app)).toEqual([
      expect.objectContaining({ event: "refused", method: "POST", status: 403, reason: "foreign-origin" }),
    ]);
  });
});
