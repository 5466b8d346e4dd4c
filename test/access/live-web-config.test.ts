import { describe, expect, test } from "bun:test";
import { LiveWebConfig, type WebConfigFiles } from "../../src/access/live-web-config.ts";
import { Fault } from "../../src/model/fault.ts";
import type { AuditEntry, AuditLog } from "../../src/telemetry/audit-log.ts";
import { createLog } from "../../src/telemetry/log.ts";

const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const USERS = `basic_auth_users: {alice: ${HASH}}`;

/**
 * A web-config file whose text can be changed, and the names of the users that are asked for now, null while it is
 * broken.
 */
function liveOf(first: string) {
  const file = { text: first };
  const logged: string[] = [];
  const files: WebConfigFiles = {
    read: () => Buffer.from(file.text),
    fingerprint: () => file.text,
    resolve: (path) => path,
  };
  const log = createLog({ level: "info", format: "logfmt", write: (line) => logged.push(line), now: () => 0 });
  const told: AuditEntry[] = [];
  const audit: AuditLog = { isKept: true, add: (entry) => void told.push(entry) };
  const live = LiveWebConfig.open("web.yml", files, log, audit);
  if (live instanceof Fault) throw new Error(live.message);
  const users = (text: string) => {
    file.text = text;
    const config = live.config();
    return config instanceof Fault ? null : [...config.users.keys()];
  };
  return { users, logged, told };
}

describe("a web-config file that asks for passwords", () => {
  test.each([
    "",
    "{}",
    "# only a comment",
    "http_server_config: {http2: false}",
    "rate_limit: {interval: 1s, burst: 5}",
  ])("stays in use when it becomes %j, with an error in the log", (text) => {
    const { users, logged } = liveOf(USERS);
    expect(users(text)).toEqual(["alice"]);
    expect(logged.join("")).toMatch(/level=error msg="web-config file not taken" file=web\.yml err="it would let in/);
    expect(users(USERS.replace("alice", "bob"))).toEqual(["bob"]);
  });

  test("that was cut anywhere while it was written lets nobody in who was not", () => {
    const whole = `http_server_config:\n  http2: false\nbasic_auth_users:\n  alice: ${HASH}\n  bob: ${HASH}\n`;
    for (let length = 0; length < whole.length; length++) {
      const { users } = liveOf(whole);
      const names = users(whole.slice(0, length));
      expect([length, names === null || names.length > 0]).toEqual([length, true]);
    }
  });

  test("is not forgotten while the file is broken in between", () => {
    const { users } = liveOf(USERS);
    expect(users("basic_auth_users: {alice")).toBeNull();
    expect(users("")).toEqual(["alice"]);
  });
});

test("a web-config file that asks nobody may become any other", () => {
  const { users } = liveOf("{}");
  expect(users("")).toEqual([]);
  expect(users(USERS)).toEqual(["alice"]);
});

test("the audit log is told of each file that is taken, and of each that is not, with the reason", () => {
  const { users, told } = liveOf(USERS);
  users(`${USERS} # again`);
  users("basic_auth_users: {alice");
  users("{}");
  const file = "web.yml";
  expect(told).toEqual([
    { event: "config_taken", file },
    { event: "config_refused", file, detail: expect.stringMatching(/^yaml: line 1: /) },
    { event: "config_refused", file, detail: expect.stringMatching(/^it would let in everybody/) },
  ]);
});
