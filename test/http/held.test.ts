import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push, scrape, type TestApp } from "../app.ts";

const MAX_HELD_BYTES = 1024 * 1024;
const READERS = 6;

const series = (value: number, count = 12_000) =>
  Array.from({ length: count }, (_, i) => `m{i="${i}",path="/a/b/c"} ${value}\n`).join("");
const families = (value: number) => Array.from({ length: 6_000 }, (_, i) => `f${i} ${value}\n`).join("");

const CHANGES: readonly { what: string; change: (gateway: TestApp, round: number) => Promise<unknown> }[] = [
  { what: "pushed anew", change: ({ app }, round) => push(app, "/job/j", series(round)) },
  { what: "of many families pushed anew", change: ({ app }, round) => push(app, "/job/f", families(round)) },
  {
    what: "deleted and made anew",
    change: async ({ app }, round) => {
      await ask(app, "DELETE", "/metrics/job/j");
      await push(app, "/job/j", series(round));
    },
  },
  {
    what: "wiped and made anew",
    change: async ({ app, store }, round) => {
      store.wipe();
      await push(app, "/job/j", series(round));
    },
  },
];

const ROUTES = ["/metrics", "/api/v1/metrics"];

/** A reader who has taken the beginning of an answer and no more. */
async function stalled({ app }: TestApp, path: string) {
  const reader = (await ask(app, "GET", path)).body?.getReader();
  await reader?.read();
  return reader;
}

describe.each(ROUTES)("what stalled readers of %s hold has a limit, though what they read is", (path) => {
  test.each(CHANGES)("$what", async ({ change }) => {
    const gateway = createTestApp(`--web.max-held-size=${MAX_HELD_BYTES}`);
    const { app, store } = gateway;
    await push(app, "/job/j", series(0));
    await push(app, "/job/f", families(0));
    const readers = [];
    let mostBytes = 0;
    let largestBytes = 0;
    for (let round = 1; round <= READERS; round++) {
      largestBytes = Math.max(largestBytes, store.stats.memoryBytes);
      readers.push(await stalled(gateway, path));
      await change(gateway, round);
      await Bun.sleep(0);
      const { heldBytes, memoryBytes } = store.stats;
      mostBytes = Math.max(mostBytes, heldBytes);
      // As much as there is, or as there was when the one began that is left.
      expect(heldBytes).toBeLessThanOrEqual(MAX_HELD_BYTES + Math.max(memoryBytes, largestBytes));
      // Whoever reads gets its answer all the same.
      expect((await scrape(app)).length).toBeGreaterThan(1000);
    }
    // An answer that was cut never comes to an end of its own.
    for (const reader of readers) void reader?.cancel().catch(() => {});
    await Bun.sleep(0);
    expect([store.stats.snapshots, store.stats.heldBytes]).toEqual([0, 0]);
  });
});

test("a reader alone holds what it began with, whatever changes, and gets it", async () => {
  const { app, store, ...gateway } = createTestApp("--web.max-held-size=1");
  await push(app, "/job/j", series(1));
  const reader = await stalled({ app, store, ...gateway }, "/metrics");
  for (let round = 2; round < 6; round++) await push(app, "/job/j", series(round));
  let lines = 0;
  for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
    const text = Buffer.from(piece.value as Uint8Array).toString();
    lines += text.match(/^m\{.* 1$/gm)?.length ?? 0;
    expect(text).not.toMatch(/^m\{.* [2-5]$/m);
  }
  expect(lines).toBeGreaterThan(5_000);
  expect(await scrape(app)).toContain('pushgateway_limit_reached_total{limit="web.max-held-size"} 0\n');
});

test.each([
  { what: "is deleted", remove: ({ app }: TestApp) => ask(app, "DELETE", "/metrics/job/j") },
  { what: "is wiped, and something else is pushed", remove: ({ store }: TestApp) => store.wipe() },
])("a reader alone gets what it began with, though all of it $what", async ({ remove }) => {
  const gateway = createTestApp(`--web.max-held-size=${MAX_HELD_BYTES}`);
  const { app, store } = gateway;
  await push(app, "/job/j", series(0, 60_000));
  const reader = await stalled(gateway, "/metrics");
  await remove(gateway);
  await push(app, "/job/other", "other 1\n");
  expect(store.heldBytes).toBeGreaterThan(MAX_HELD_BYTES + store.stats.memoryBytes);
  let sizeBytes = 0;
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
    sizeBytes += part.value.length;
  expect(sizeBytes).toBeGreaterThan(60_000 * 30);
  expect([store.stats.snapshots, store.heldBytes]).toEqual([0, 0]);
});

test("answers that are cut for what they hold are counted", async () => {
  const gateway = createTestApp("--web.max-held-size=1");
  for (let round = 1; round < 6; round++) {
    await push(gateway.app, "/job/j", series(round));
    await stalled(gateway, "/metrics");
  }
  const [, count] = /limit="web.max-held-size"\} (\d+)/.exec(await scrape(gateway.app)) ?? [];
  expect(Number(count)).toBeGreaterThan(0);
  expect(gateway.store.stats.snapshots).toBeLessThan(5);
});
