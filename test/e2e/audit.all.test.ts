import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, Gateway, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { TlsStand, tlsTests } from "./tls.ts";

interface Line {
  readonly event: string;
  readonly count?: number;
  readonly group?: string;
  readonly [key: string]: unknown;
}

/** Each line of a file; throws where one is not whole. */
function linesOf(path: string): Line[] {
  const text = readFileSync(path, "utf8");
  expect(text).toEndWith("\n");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Runs the words behind it with a file system of 64 KiB at the folder that is its last word but those. */
const ON_SMALL_DISK = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=64k none "$0" && exec "$@"'];

const { code: canMount } = await run([...ON_SMALL_DISK, "/mnt", "true"]);
const disks = requirement(canMount === 0 ? null : "permission to mount a file system");

describe.skipIf(disks.skip)(`the audit log on a disk that is full for a while${disks.reason}`, () => {
  test("has every line whole and in its order, or says how many were lost, and no push waits for it", async () => {
    const folder = join(scratchFolder(), "disk");
    mkdirSync(folder);
    await using gateway = await Gateway.start([`--log.audit=${join(folder, "audit.log")}`], "", "http", [
      ...ON_SMALL_DISK,
      folder,
    ]);
    // Others see that disk by the process that has it.
    const seen = join(`/proc/${gateway.pid}/root`, folder);
    const path = join(seen, "audit.log");
    writeFileSync(join(seen, "filler"), Buffer.alloc(48 << 10));
    const refuse = async (job: string) => {
      const answer = await fetch(`${gateway.url}/metrics/job/${job}`, { method: "PUT", body: "{" });
      expect(answer.status).toBe(400);
    };
    const COUNT = 250;
    for (let n = 0; n < COUNT; n++) await refuse(`n${n}`);
    await eventually("the disk is full", async () => (await gateway.own("pushgateway_audit_up")) === 0);
    const stored = await fetch(`${gateway.url}/metrics/job/a`, { method: "PUT", body: "a 1\n" });
    expect(stored.status).toBe(200);
    rmSync(join(seen, "filler"));
    await eventually("it is written again", async () => {
      return (
        (await gateway.own("pushgateway_audit_up")) === 1 &&
        (await gateway.own("pushgateway_audit_waiting_lines")) === 0
      );
    });
    await refuse("last");
    await eventually("all is written", async () => linesOf(path).at(-1)?.group === '{job="last"}');
    const told = linesOf(path);
    const groups = told.flatMap(({ event, group = "" }) => (event === "refused" ? [group] : []));
    const lost = told.reduce((sum, { event, count = 0 }) => sum + (event === "lost" ? count : 0), 0);
    expect(groups.length + lost).toBe(COUNT + 1);
    expect(lost).toBe(await gateway.own("pushgateway_audit_lost_lines_total"));
    const numbers = groups.slice(0, -1).map((group) => Number(/n(\d+)/.exec(group)?.[1]));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(gateway.stderr).toMatch(/msg="the audit log is written again"/);
  });
});

describe.skipIf(tlsTests.skip)(`the audit log of clients with certificates${tlsTests.reason}`, () => {
  test("names each by his, over HTTP/1.1 and HTTP/2, and has those whose passwords are wrong with theirs", async () => {
    const stand = await TlsStand.create();
    const path = join(scratchFolder(), "audit.log");
    const section = "client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt";
    const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
    await using gateway = await stand.secure(section, `basic_auth_users: {alice: ${hash}}`, [`--log.audit=${path}`]);
    for (const version of ["--http1.1", "--http2"]) {
      const shown = stand.presenting("client");
      await stand.curl(gateway, "/metrics/job/j", "-XPUT", "--data-binary", "{", "-ualice:right", version, ...shown);
      await stand.curl(gateway, "/metrics/job/j", "-XPUT", "--data-binary", "{", "-ualice:wrong", version, ...shown);
      await stand.curl(gateway, "/metrics/job/j", "-XDELETE", "-ualice:right", version);
    }
    expect(await gateway.stop()).toBe(0);
    const told = linesOf(path)
      .slice(1, -1)
      .map(({ event, user, certificate, status, count }) => {
        return { event, user, certificate, status, count };
      });
    const certificate = "CN=client";
    const each: readonly Record<string, unknown>[] = [
      { event: "refused", user: "alice", certificate, status: 400 },
      { event: "refused", certificate, status: 401 },
      { event: "group_deleted", user: "alice", status: 202, count: 0 },
    ];
    expect<readonly Record<string, unknown>[]>(told).toEqual([...each, ...each]);
  });
});
