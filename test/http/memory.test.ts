import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { decodePath, readGroupingKey } from "../../src/decode/path.ts";
import { KnownPaths } from "../../src/http/known-paths.ts";
import { PushColumns } from "../../src/model/columns.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { TextParser } from "../../src/parse/text.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

const MIB = 1024 * 1024;
const HELP = "x".repeat(65_000);

/** A thousand families of one HELP text: some 100 kB compressed. */
const helpBody = (n: number): Uint8Array =>
  gzipSync(Array.from({ length: 1_000 }, (_, i) => `# HELP f${n}_${i} ${HELP}\nf${n}_${i} 1\n`).join(""));

async function pushHelps({ app }: TestApp, n: number): Promise<number> {
  const init = { body: helpBody(n), headers: { "content-encoding": "gzip" } };
  const { status } = await ask(app, "POST", `/metrics/job/j${n}`, init);
  return status;
}

test("a HELP text that thousands of families share is in memory once, counts as often as it is sent, and goes with them", async () => {
  const test = createTestApp();
  for (let n = 0; n < 3; n++) expect(await pushHelps(test, n)).toBe(200);
  const { memoryBytes, sizeBytes } = test.store.stats;
  expect(sizeBytes - memoryBytes).toBeGreaterThan(3_000 * HELP.length);
  expect(memoryBytes).toBeLessThan(12 * MIB);
  for (let n = 0; n < 3; n++) await ask(test.app, "DELETE", `/metrics/job/j${n}`);
  expect(test.store.stats.sizeBytes).toBeLessThan(MIB);
});

test("HELP texts count for --store.max-size as often as they are sent", async () => {
  const test = createTestApp("--store.max-size=100MiB");
  expect([await pushHelps(test, 0), await pushHelps(test, 1)]).toEqual([200, 507]);
  expect(test.store.stats.families).toBe(1_002);
});

test("grouping keys with thousands of labels are refused, and those within the limit count with all their names", async () => {
  const path = (n: number, labels: number) =>
    `/job/j${Array.from({ length: labels }, (_, i) => `/l${n}_${i}/v`).join("")}`;
  const { app, store } = createTestApp("--store.max-size=8MiB");
  expect((await push(app, path(0, 1_000), "a 1\n", "PUT")).status).toBe(413);
  const statuses = new Set<number>();
  for (let n = 0; n < 400; n++) statuses.add((await push(app, path(n, 99), "a 1\n", "PUT")).status);
  expect([...statuses]).toEqual([200, 507]);
  expect(store.stats.memoryBytes).toBeWithin(4 * MIB, 9 * MIB);
});

test("a path that was pushed to is kept without the packet that it came in", () => {
  const packet = Buffer.from("POST /metrics/job/j HTTP/1.1");
  const path = packet.subarray(5, 19);
  const decoded = decodePath(Buffer.from("/j"));
  const keyed = decoded === null ? null : readGroupingKey(decoded, false);
  if (keyed === null || keyed instanceof Rejection) throw new Error("reading the path /j");
  const known = new KnownPaths();
  known.remember(path, keyed);
  packet.fill(0);
  expect(known.find(Buffer.from("/metrics/job/j"))).toBe(keyed);
});

test("what a push with very many labels took is given back", () => {
  const columns = new PushColumns();
  const usual = columns.labels.capacity;
  const line = (n: number) => `a{${Array.from({ length: 20 }, (_, i) => `l${i}="${n}"`).join(",")}} 1\n`;
  const body = Buffer.from(Array.from({ length: 15_000 }, (_, n) => line(n)).join(""));
  expect(new TextParser(columns, false).parse(body)).toBeNull();
  expect(columns.labels.capacity).toBeGreaterThanOrEqual(4 * 300_000);
  columns.trim();
  expect(columns.labels.capacity).toBe(usual);
});
