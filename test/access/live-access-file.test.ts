import { expect, test } from "bun:test";
import { LiveAccessFile } from "../../src/access/live-access-file.ts";
import { Fault } from "../../src/model/fault.ts";
import type { AuditEntry } from "../../src/telemetry/audit-log.ts";
import { createLog } from "../../src/telemetry/log.ts";

/** A file that a test changes; null: it is not there. */
function opened(first: string | null) {
  const disk = { text: first, changes: 0 };
  const logged: string[] = [];
  const audited: AuditEntry[] = [];
  const log = createLog({ level: "info", format: "logfmt", write: (line) => void logged.push(line), now: () => 0 });
  const files = {
    read: () => (disk.text === null ? new Fault("open access.yml: no such file or directory") : Buffer.from(disk.text)),
    fingerprint: () => `${disk.changes}`,
  };
  const live = LiveAccessFile.open("access.yml", files, log, {
    isKept: true,
    add: (entry) => void audited.push(entry),
  });
  const write = (text: string | null) => Object.assign(disk, { text, changes: disk.changes + 1 });
  return { live, write, logged, audited, disk };
}

const namesOf = (live: LiveAccessFile) => live.current.principals.map(({ name }) => name);

test("whatever is wrong with the file at the start is a fault", () => {
  for (const text of [null, "", "principals: [{name: a, rights: {push: [x]}}]", "junk"])
    expect(opened(text).live).toBeInstanceOf(Fault);
});

test("a file that changes is used from then on, one with a fault never: the last good one stays", () => {
  const { live, write, logged, audited } = opened("principals: [{name: a}]");
  if (live instanceof Fault) throw new Error(live.message);
  const seen: string[][] = [];
  live.onChange(({ principals }) => void seen.push(principals.map(({ name }) => name)));
  const after = (text: string | null) => {
    write(text);
    live.look();
    return [namesOf(live), live.isHealthy];
  };
  expect([namesOf(live), live.isHealthy]).toEqual([["a"], true]);
  expect(after("principals: [{name: b}]")).toEqual([["b"], true]);
  expect(after("principals: [{name: c, rights: {push: ['{}'], pull: []}}]")).toEqual([["b"], false]);
  expect(after("")).toEqual([["b"], false]);
  expect(after(null)).toEqual([["b"], false]);
  expect(after("principals: [{name: d}]")).toEqual([["d"], true]);
  expect(seen).toEqual([["b"], ["d"]]);
  expect(audited.map(({ event }) => event)).toEqual([
    "config_taken",
    "config_refused",
    "config_refused",
    "config_refused",
    "config_taken",
  ]);
  expect(logged.filter((line) => line.includes("field pull not found in type rights")).length).toBe(1);
});

test("it is read when it is asked for, changed or not, and else only when it has changed", () => {
  const { live, disk } = opened("principals: [{name: a}]");
  if (live instanceof Fault) throw new Error(live.message);
  disk.text = "principals: [{name: b}]";
  live.look();
  expect(namesOf(live)).toEqual(["a"]);
  live.readAgain();
  expect(namesOf(live)).toEqual(["b"]);
});
