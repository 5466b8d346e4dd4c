import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually, Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

/** An access file with a team that has limits, and everybody else, who may do everything. */
function accessFile(limits: string): string {
  return [
    "principals:",
    "  - name: team",
    `    tokens: [${hashOf("secret")}]`,
    "    rights: {push: ['{team=\"a\"}'], delete: ['{team=\"a\"}'], read: ['{team=\"a\"}']}",
    `    limits: ${limits}`,
    "anonymous:",
    "  health: true",
    "  rights: {push: ['{}'], delete: ['{}'], scrape: ['{}'], read: ['{}'], admin: ['{}']}",
    "",
  ].join("\n");
}

function place(limits: string): { file: string; flags: string[] } {
  const folder = scratchFolder();
  const file = join(folder, "access.yml");
  writeFileSync(file, accessFile(limits));
  const flags = [`--web.access-file=${file}`, `--persistence.file=${join(folder, "metrics.db")}`];
  return { file, flags: [...flags, "--web.enable-admin-api"] };
}

const TOKEN = { Authorization: "Bearer secret" };

const push = (gateway: Gateway, job: string, body: string, method = "PUT", headers = {}): Promise<Response> =>
  fetch(`${gateway.url}/metrics/job/${job}/team/a`, { method, body, headers: { ...TOKEN, ...headers } });

const used = (gateway: Gateway, what: string): Promise<number> =>
  gateway.own(`pushgateway_principal_${what}{principal="team"}`);

describe("limits of a principal", () => {
  test("hold for what is kept, also after a restart, and once the file says otherwise", async () => {
    const { file, flags } = place("{groups: 2, series: 10}");
    {
      await using gateway = await Gateway.start(flags);
      for (const job of ["one", "two"]) expect((await push(gateway, job, "m 1\n")).status).toBe(200);
      const refused = await push(gateway, "three", "m 1\n");
      expect([refused.status, await refused.text()]).toEqual([
        507,
        'the quota of principal "team" is full: it keeps at most 2 groups (limits.groups of the access file)\n',
      ]);
      expect((await fetch(`${gateway.url}/metrics/job/other`, { method: "PUT", body: "m 1\n" })).status).toBe(200);
      expect(await gateway.stop()).toBe(0);
    }
    await using gateway = await Gateway.start(flags);
    expect([await used(gateway, "groups"), await used(gateway, "series")]).toEqual([2, 6]);
    expect((await push(gateway, "three", "m 1\n")).status).toBe(507);
    expect((await push(gateway, "one", "a 1\nb 1\nc 1\nd 1\ne 1\n")).status).toBe(200);
    expect((await push(gateway, "two", "a 1\nb 1\n")).status).toBe(507);
    expect((await push(gateway, "one", "", "DELETE")).status).toBe(202);
    expect((await push(gateway, "three", "m 1\n")).status).toBe(200);
    writeFileSync(file, accessFile("{groups: 3}"));
    gateway.signal("SIGHUP");
    await eventually("the file is read", async () => (await used(gateway, "max_groups")) === 3);
    expect((await push(gateway, "four", "m 1\n")).status).toBe(200);
    expect((await push(gateway, "five", "m 1\n")).status).toBe(507);
    expect((await fetch(`${gateway.url}/api/v1/admin/wipe`, { method: "PUT" })).status).toBe(202);
    expect(await used(gateway, "groups")).toBe(0);
    expect((await push(gateway, "five", "m 1\n")).status).toBe(200);
  });

  test("hold for how often it pushes, and are told in whole seconds; others are not held up", async () => {
    const { flags } = place("{pushes_per_second: 0.01, burst: 3}");
    await using gateway = await Gateway.start(flags);
    const answers = await Promise.all(["a", "b", "c", "d", "e"].map((job) => push(gateway, job, "m 1\n")));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get("retry-after"))).toBeWithin(90, 101);
    expect((await fetch(`${gateway.url}/metrics/job/other`, { method: "PUT", body: "m 1\n" })).status).toBe(200);
    expect(await used(gateway, "pushes_total")).toBe(5);
    const series = 'pushgateway_principal_refused_pushes_total{principal="team",reason="pushes_per_second"}';
    expect(await gateway.own(series)).toBe(2);
  });

  test("are answered before the body is read, where it is announced, or too often", async () => {
    const { flags } = place("{pushes_per_second: 0.01, burst: 1, max_body_size: 1KiB}");
    await using gateway = await Gateway.start(flags);
    const head = (sizeBytes: number) =>
      `PUT /metrics/job/j/team/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Length: ${sizeBytes}\r\n\r\n`;
    expect(await statusLine(gateway.port, head(2_000_000))).toBe("HTTP/1.1 413 Request Entity Too Large");
    expect(await statusLine(gateway.port, head(100))).toBe("HTTP/1.1 429 Too Many Requests");
  });
});

/** The first line of the answer to a head of which the body never comes. */
function statusLine(port: number, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(head));
    socket.once("error", reject);
    socket.once("data", (bytes) => {
      resolve(bytes.toString().split("\r\n")[0] ?? "");
      socket.destroy();
    });
  });
}
