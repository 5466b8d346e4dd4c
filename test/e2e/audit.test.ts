import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { namedPipe } from "../named-pipe.ts";
import { eventually, Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

interface Line {
  readonly time: string;
  readonly event: string;
  readonly [key: string]: unknown;
}

/** Each line of a file; throws where one is not whole. */
const linesOf = (path: string): Line[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

const eventsOf = (path: string): string[] => (existsSync(path) ? linesOf(path).map(({ event }) => event) : []);

const refuse = ({ url }: Gateway, job: string) =>
  fetch(`${url}/metrics/job/${job}`, { method: "PUT", body: "{" }).then(({ status }) => expect(status).toBe(400));

const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const BASIC = (password: string) => ({ Authorization: `Basic ${btoa(`alice:${password}`)}` });

describe("--log.audit", () => {
  test("has a line for each thing that was done, or refused, from the start to the end, for its owner alone", async () => {
    const path = join(scratchFolder(), "audit.log");
    const flags = [`--log.audit=${path}`, "--web.enable-admin-api", "--web.enable-lifecycle", "--push.group-ttl=1d"];
    await using gateway = await Gateway.start(flags);
    const { pid, url } = gateway;
    await fetch(`${url}/metrics/job/a`, { method: "PUT", body: "a 1\n", headers: { "Pushgateway-TTL": "1s" } });
    await fetch(`${url}/metrics/job/b`, { method: "PUT", body: "a 1\n" });
    await fetch(`${url}/metrics/job/b`, { method: "DELETE" });
    await refuse(gateway, "c");
    await eventually("the group has gone", async () => eventsOf(path).includes("group_expired"));
    await fetch(`${url}/api/v1/admin/wipe`, { method: "PUT" });
    await fetch(`${url}/-/quit`, { method: "PUT" });
    expect((await gateway.ended()).code).toBe(0);
    const client = "127.0.0.1";
    const [, ...rest] = linesOf(path).map(({ time, ...line }) => {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      return line;
    });
    expect(linesOf(path)[0]).toMatchObject({ event: "started", pid });
    expect(rest).toEqual([
      { event: "group_deleted", client, group: '{job="b"}', status: 202, count: 1 },
      {
        event: "refused",
        client,
        method: "PUT",
        path: "/metrics/job/c",
        group: '{job="c"}',
        status: 400,
        reason: "malformed",
      },
      { event: "group_expired", group: '{job="a"}' },
      { event: "store_wiped", client, status: 202, count: 0 },
      { event: "quit_asked", client },
      { event: "stopped", exit_status: 0 },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("has the user of a password, nothing of one that is wrong, and each web-config file that is taken or not", async () => {
    const folder = scratchFolder();
    const [path, web] = [join(folder, "audit.log"), join(folder, "web.yml")];
    writeFileSync(web, `basic_auth_users: {alice: ${HASH}}\n`);
    await using gateway = await Gateway.start([`--log.audit=${path}`, `--web.config.file=${web}`]);
    const { url } = gateway;
    const group = `${url}/metrics/job/a`;
    await fetch(group, { method: "PUT", body: "{", headers: BASIC("right") });
    await fetch(group, { method: "PUT", body: "a 1\n", headers: BASIC("wrong_one") });
    await fetch(group, { method: "PUT", body: "a 1\n" });
    await fetch(`${url}/metrics`, { headers: BASIC("wrong_one") });
    await fetch(`${url}/metrics`);
    await fetch(group, { method: "DELETE", headers: BASIC("right") });
    appendFileSync(web, "# again\n");
    await eventually("it is taken", async () => eventsOf(path).includes("config_taken"));
    writeFileSync(web, "basic_auth_users: {alice");
    await eventually("it is not taken", async () => eventsOf(path).includes("config_refused"));
    expect(await gateway.stop()).toBe(0);
    const told = linesOf(path).map(({ event, user, status, method, reason }) => [event, user, method, status, reason]);
    expect(told).toEqual([
      ["started", undefined, undefined, undefined, undefined],
      ["refused", "alice", "PUT", 400, "malformed"],
      ["refused", undefined, "PUT", 401, "unauthorized"],
      ["refused", undefined, "PUT", 401, "unauthorized"],
      ["refused", undefined, "GET", 401, "unauthorized"],
      ["group_deleted", "alice", undefined, 202, undefined],
      ["config_taken", undefined, undefined, undefined, undefined],
      ["config_refused", undefined, undefined, undefined, undefined],
      ["stopped", undefined, undefined, undefined, undefined],
    ]);
    const text = readFileSync(path, "utf8") + gateway.stderr;
    for (const secret of ["wrong_one", btoa("alice:right"), btoa("alice:wrong_one")])
      expect(text).not.toContain(secret);
  });

  test("names principals of the access file, with what they may not do, and has no token", async () => {
    const folder = scratchFolder();
    const [path, access] = [join(folder, "audit.log"), join(folder, "access.yml")];
    const token = "batch-token-that-nobody-may-see";
    const hash = createHash("sha256").update(token).digest("hex");
    const rules = `principals: [{name: batch, tokens: [${hash}], rights: {push: ['{team="a"}'], delete: ['{team="a"}']}}]\n`;
    writeFileSync(access, `${rules}anonymous: {health: true}\n`);
    await using gateway = await Gateway.start([`--log.audit=${path}`, `--web.access-file=${access}`]);
    const headers = { Authorization: `Bearer ${token}` };
    const ask = async (method: string, group: string, init: RequestInit = {}) =>
      (await fetch(`${gateway.url}/metrics/job/j/team/${group}`, { method, ...init })).status;
    expect(await ask("PUT", "a", { headers, body: "a 1\n" })).toBe(200);
    expect(await ask("PUT", "b", { headers, body: "a 1\n" })).toBe(403);
    expect(await ask("DELETE", "b", { headers })).toBe(403);
    expect(await ask("DELETE", "a", { headers })).toBe(202);
    expect(await ask("PUT", "a", { headers: { Authorization: `Bearer ${token}x` }, body: "a 1\n" })).toBe(401);
    expect(await ask("PUT", "a", { body: "a 1\n" })).toBe(401);
    writeFileSync(access, "principals: [{name: batch");
    await eventually("it is not taken", async () => eventsOf(path).includes("config_refused"));
    writeFileSync(access, rules);
    await eventually("it is taken", async () => eventsOf(path).includes("config_taken"));
    expect(await gateway.stop()).toBe(0);
    const told = linesOf(path)
      .slice(1, -1)
      .map(({ event, principal, method, group, status, reason, file }) => {
        return JSON.parse(JSON.stringify({ event, principal, method, group, status, reason, file }));
      });
    const [mine, others] = ['{job="j",team="a"}', '{job="j",team="b"}'];
    const refused = { event: "refused", status: 403, reason: "forbidden", group: others, principal: "batch" };
    expect(told).toEqual([
      { ...refused, method: "PUT" },
      { ...refused, method: "DELETE" },
      { event: "group_deleted", principal: "batch", group: mine, status: 202 },
      { event: "refused", method: "PUT", status: 401, reason: "unauthorized" },
      expect.objectContaining({ event: "refused", method: "PUT", status: 401, reason: "unauthorized" }),
      { event: "config_refused", file: access },
      { event: "config_taken", file: access },
    ]);
    expect(readFileSync(path, "utf8") + gateway.stderr).not.toContain(token);
  });

  test("goes on in a new file after the old one was moved and SIGHUP came, and no line is lost", async () => {
    const path = join(scratchFolder(), "audit.log");
    await using gateway = await Gateway.start([`--log.audit=${path}`]);
    const files = [path];
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 10; n++) await refuse(gateway, `r${round}n${n}`);
      const moved = `${path}.${round}`;
      renameSync(path, moved);
      files.unshift(moved);
      gateway.signal("SIGHUP");
      await eventually("the new file is there", async () => eventsOf(path).includes("reopened"));
    }
    expect(await gateway.stop()).toBe(0);
    const groups = files.flatMap(linesOf).flatMap(({ group }) => group ?? []);
    expect(new Set(groups).size).toBe(30);
    expect(groups).toHaveLength(30);
  });

  test("goes on in a new file after the old one was moved without a signal", async () => {
    const path = join(scratchFolder(), "audit.log");
    await using gateway = await Gateway.start([`--log.audit=${path}`]);
    await refuse(gateway, "a");
    renameSync(path, `${path}.1`);
    await eventually("the new file is there", async () => eventsOf(path).includes("reopened"));
    await refuse(gateway, "b");
    expect(await gateway.stop()).toBe(0);
    expect([eventsOf(`${path}.1`), eventsOf(path)]).toEqual([
      ["started", "refused"],
      ["reopened", "refused", "stopped"],
    ]);
  });

  test("is whole after kill -9, and goes on behind what is there", async () => {
    const path = join(scratchFolder(), "audit.log");
    for (let round = 0; round < 2; round++) {
      await using gateway = await Gateway.start([`--log.audit=${path}`]);
      for (let n = 0; n < 20; n++) await refuse(gateway, `r${round}n${n}`);
      await eventually("all is written", async () => linesOf(path).length === (round + 1) * 21);
      gateway.signal("SIGKILL");
      await gateway.ended().catch(() => {});
    }
    expect(eventsOf(path).filter((event) => event === "started")).toHaveLength(2);
    expect(eventsOf(path)).toHaveLength(42);
  });

  test("is written to standard output, which has nothing else, where it is -", async () => {
    await using gateway = await Gateway.start(["--log.audit=-"]);
    await refuse(gateway, "a");
    expect(await gateway.stop()).toBe(0);
    const events = gateway.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual(["started", "refused", "stopped"]);
  });

  test.each([
    { what: "a full disk", path: "/dev/full", err: "ENOSPC" },
    { what: "a folder that is not there", path: "/nonexistent/audit.log", err: "ENOENT" },
    { what: "a folder", path: "/tmp", err: "EISDIR" },
  ])("stops no push and no end where it is $what: it is logged, counted and shown", async ({ path, err }) => {
    await using gateway = await Gateway.start([`--log.audit=${path}`]);
    for (let n = 0; n < 20; n++) await refuse(gateway, `n${n}`);
    const stored = await fetch(`${gateway.url}/metrics/job/a`, { method: "PUT", body: "a 1\n" });
    expect(stored.status).toBe(200);
    await eventually("it is counted", async () => (await gateway.own("pushgateway_audit_waiting_lines")) === 21);
    expect(await gateway.own("pushgateway_audit_up")).toBe(0);
    const { data } = (await (await fetch(`${gateway.url}/api/v1/status/runtime`)).json()) as {
      data: { audit: Record<string, unknown> };
    };
    expect(data.audit).toEqual({
      file: path,
      status: "failing",
      reason: expect.stringContaining(err),
      lines_total: 0,
      lost_lines_total: 0,
      waiting_lines: 21,
    });
    expect(await gateway.stop()).toBe(0);
    expect(gateway.stderr).toContain(`msg="the audit log cannot be written" file=${path} err="${err}`);
    expect(gateway.stderr).toContain(`they could not be written to the end" file=${path} lines=22 err="${err}`);
  });

  test("stops no push and no end where nobody reads the pipe that it is", async () => {
    const wrapper = ["sh", "-c", 'exec 3<>"$0" && exec "$@" >"$0"', namedPipe()];
    await using gateway = await Gateway.start(["--log.audit=-"], "", "http", wrapper);
    // More than a pipe holds.
    for (let n = 0; n < 30; n++) await Promise.all(Array.from({ length: 20 }, (_, i) => refuse(gateway, `n${n}i${i}`)));
    await eventually("lines wait", async () => (await gateway.own("pushgateway_audit_waiting_lines")) > 50);
    const stored = await fetch(`${gateway.url}/metrics/job/a`, { method: "PUT", body: "a 1\n" });
    expect(stored.status).toBe(200);
    expect(await gateway.stop()).toBe(0);
    expect(gateway.stderr).toMatch(
      /could not be written to the end" file="standard output" lines=\d+ err="it took too long"/,
    );
  });
});
