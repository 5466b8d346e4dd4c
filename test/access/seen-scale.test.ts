import { expect, test } from "bun:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { EVERYBODY, type GroupReach } from "../../src/model/principal.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { readProtobuf } from "../conformance/protobuf.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { verifyStore } from "../store/verify.ts";

/**
 * A third of them has more chunks than are noted one by one, so that pages are gone through, and more bytes than are
 * sorted.
 */
const GROUPS = 4_500;

const everyThird: GroupReach = {
  covers: (key) => Number(/n="(\d+)"/.exec(Buffer.from(key).toString())?.[1]) % 3 === 0,
};

async function filled(): Promise<TestApp> {
  const test = createTestApp("--web.enable-openmetrics");
  const long = "long ".repeat(120);
  const body = (n: number) => `# HELP a of ${n}\na{x="${long}"} ${n}\n# TYPE b counter\nb ${n}\n`;
  for (let n = 0; n < GROUPS; n++) await push(test.app, `/job/j/n/${n}`, body(n));
  return test;
}

async function bytesOf(test: TestApp, reach: GroupReach | null, headers: Record<string, string>): Promise<Buffer> {
  test.principal = { ...EVERYBODY, reach: () => reach };
  const answer = await ask(test.app, "GET", "/metrics", { headers });
  const bytes = Buffer.from(await answer.arrayBuffer());
  test.principal = EVERYBODY;
  if (bytes[0] === 0x1f) return gunzipSync(bytes);
  return bytes[0] === 0x28 && bytes[1] === 0xb5 ? zstdDecompressSync(bytes) : bytes;
}

const isSeen = (line: string): boolean => everyThird.covers(Buffer.from(line));

/** Lines of groups, sorted. */
const linesOf = (text: Buffer): string[] =>
  text
    .toString()
    .split("\n")
    .filter((line) => line.includes('job="j"'))
    .sort();

const metricsOf = (bytes: Buffer): string[] =>
  readProtobuf(bytes).flatMap((family) => family.match(/ 4=\{.*?\}(?= [45]=|\}$)/g) ?? []);

const ENCODINGS: readonly Record<string, string>[] = [
  {},
  { "accept-encoding": "gzip" },
  { "accept-encoding": "zstd" },
  { accept: "application/openmetrics-text;version=1.0.0" },
  { accept: "application/openmetrics-text;version=1.0.0", "accept-encoding": "gzip" },
];

test("of thousands of groups those that are seen are scraped, whatever is kept of pages from before", async () => {
  const test = await filled();
  for (let round = 0; round < 2; round++) {
    for (const headers of ENCODINGS) {
      const all = linesOf(await bytesOf(test, null, headers));
      const text = await bytesOf(test, everyThird, headers);
      expect(linesOf(text)).toEqual(all.filter(isSeen));
      expect(text.toString()).toContain(`# HELP a of 0\n`);
    }
    const asProtobuf = { accept: PROTOBUF_TYPE };
    const seen = metricsOf(await bytesOf(test, everyThird, asProtobuf));
    const all = metricsOf(await bytesOf(test, null, asProtobuf));
    expect(seen.length).toBeGreaterThan(GROUPS / 3);
    expect(seen.sort()).toEqual(all.filter((metric) => Number(/1="n" 2="(\d+)"/.exec(metric)?.[1]) % 3 === 0).sort());
    for (let n = round; n < GROUPS; n += 31) await push(test.app, `/job/j/n/${n}`, "a 7\nc 8\n", "PUT");
    for (let n = round + 3; n < GROUPS; n += 101) await ask(test.app, "DELETE", `/metrics/job/j/n/${n}`);
    await push(test.app, "/job/j/n/0", "# HELP a of 0\na 1\n", "PUT");
  }
  expect(test.store.stats.snapshots).toBe(0);
  verifyStore(test.store);
}, 60_000);

test("what was deflated for a reader of some groups is not deflated again until it changes", async () => {
  const test = await filled();
  const { gzip } = test.context;
  const deflated = async () => {
    const before = gzip.deflatedBytes;
    await bytesOf(test, everyThird, { "accept-encoding": "gzip" });
    return gzip.deflatedBytes - before;
  };
  const first = await deflated();
  expect(first).toBeGreaterThan(100_000);
  // Families' headers, and parts of pages that are small.
  expect(await deflated()).toBeLessThan(first / 50);
  const { sizeBytes } = test.store.stats;
  await push(test.app, "/job/j/n/3", "a 1\nb 2\n");
  expect(test.store.stats.sizeBytes).toBeLessThan(sizeBytes);
  expect(await deflated()).toBeLessThan(first / 10);
  verifyStore(test.store);
}, 60_000);

test("groups are judged, and pages gone through, in turns", async () => {
  const test = await filled();
  let [nowMs, turns, judged] = [0, 0, 0];
  const counted: GroupReach = { covers: (key) => ++judged > 0 && everyThird.covers(key) };
  test.clock = { nowMs: () => ++nowMs, turn: async () => void turns++ };
  await bytesOf(test, counted, {});
  expect(judged).toBe(GROUPS);
  // Two steps a turn: of 64 groups that are judged, of some thousand slots, of what is sent.
  expect(turns).toBeGreaterThan(GROUPS / (2 * 64));
  const before = turns;
  await bytesOf(test, counted, {});
  expect(judged).toBe(GROUPS);
  expect(turns - before).toBeLessThan(before - (0.9 * GROUPS) / (2 * 64));
}, 60_000);
