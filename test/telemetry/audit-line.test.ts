import { describe, expect, test } from "bun:test";
import { AUDIT_KEYS, auditLine } from "../../src/telemetry/audit-line.ts";
import type { AuditEntry } from "../../src/telemetry/audit-log.ts";

const AT = Date.UTC(2026, 10, 21, 1, 2, 3, 45);

describe("a line of the audit log", () => {
  test("has the time in UTC with milliseconds, the fields in their order, and nothing that is absent or empty", () => {
    const line = auditLine({ client: "10.0.0.1", principal: "", user: null, event: "store_wiped", count: 0 }, AT);
    expect(line).toBe('{"time":"2026-11-21T01:02:03.045Z","event":"store_wiped","client":"10.0.0.1","count":0}\n');
  });

  test("shows a group as its labels in braces, and what groups were selected by", () => {
    const selection = { match: '{job=~"a.*"}', state: "ok" };
    const line = auditLine({ event: "groups_deleted", group: 'job="a"', selection }, AT);
    expect(JSON.parse(line)).toMatchObject({ group: '{job="a"}', selection });
  });

  const HOSTILE = [
    '"}\n{"event":"started"',
    "\u0000\u001b[2J\r\n",
    "\u202e\u2028\u200b\ufeff",
    "\ud800",
    "\\",
    "é漢😀",
  ];

  test.each(HOSTILE)("stays one line of JSON with the text %j in it", (text) => {
    const texts = { principal: text, user: text, certificate: text, client: text, method: text, path: text };
    const more = { group: text, reason: text, detail: text, file: text, selection: { [text]: text } };
    const line = auditLine({ event: "refused", ...texts, ...more }, AT);
    expect(line).toMatch(/^\{[^\p{C}\p{Zl}\p{Zp}]*\}\n$/u);
    expect(JSON.parse(line)).toMatchObject({ user: text.toWellFormed(), group: `{${text.toWellFormed()}}` });
  });

  test("cuts long texts and says how long they were", () => {
    const long = "x".repeat(100_000);
    const texts = { principal: long, user: long, certificate: long, client: long, method: long, path: long };
    const entry: AuditEntry = { event: "refused", ...texts, group: long, detail: long, selection: { match: long } };
    const line = auditLine(entry, AT);
    expect(line.length).toBeLessThan(12_000);
    expect(JSON.parse(line).path).toBe(`${"x".repeat(1000)}... (100000 characters)`);
  });

  test("has a place for every field", () => {
    const all: Record<keyof AuditEntry, unknown> = {
      event: "refused",
      principal: "p",
      user: "u",
      certificate: "CN=c",
      client: "::1",
      method: "PUT",
      path: "/metrics/job/a",
      group: 'job="a"',
      status: 403,
      reason: "r",
      detail: "d",
      limit: "store.max-groups",
      count: 1,
      left_alone: 2,
      selection: { search: "a" },
      file: "f",
      exit_status: 1,
      version: "2.0.0",
      pid: 7,
    };
    expect(Object.keys(JSON.parse(auditLine(all as AuditEntry, AT)))).toEqual(["time", ...AUDIT_KEYS]);
    expect(Object.keys(all)).toEqual([...AUDIT_KEYS]);
  });
});
