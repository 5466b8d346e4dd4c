import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

const FAMILIES = 3_000;
const ROUNDS = 60;

const families = (start: string, count: number) => Array.from({ length: count }, (_, i) => `${start}${i} 1\n`).join("");

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** In each round a group is filled and taken away again, so that one removal is always under way; gives the rounds until `done`. */
async function removeOnAndOn(gateway: TestApp, done: () => boolean, take: (app: TestApp["app"], job: string) => unknown) {
  const { app, store } = gateway;
  const bodies = ["a", "b", "c"].map((start) => families(start, FAMILIES));
  let rounds = 0;
  for (; rounds < ROUNDS && !done(); rounds++) {
    const n = rounds % bodies.length;
    await push(app, `/job/j${n}`, bodies[n] ?? "");
    void take(app, `j${n}`);
    expect(rounds > 2 || store.isChanging).toBe(true);
    await turn();
  }
  return rounds;
}

const WAYS = [
  { what: "DELETE", take: (app: TestApp["app"], job: string) => ask(app, "DELETE", `/metrics/job/${job}`) },
  { what: "PUT", take: (app: TestApp["app"], job: string) => push(app, `/job/${job}`, "z 1\n", "PUT") },
];

describe("a scrape waits for the removal that is under way, and for no later one", () => {
  test.each(WAYS)("by $what", async ({ take }) => {
    const gateway = createTestApp();
    const { app, store } = gateway;
    let nowMs = 0;
    gateway.clock = { nowMs: () => (nowMs += 1), turn: async () => void (await turn()) };
    await push(app, "/job/first", families("f", FAMILIES));
    await push(app, "/job/kept", "kept 1\n");
    void ask(app, "DELETE", "/metrics/job/first");
    await turn();
    expect(store.isChanging).toBe(true);
    let scraped: string | null = null;
    void ask(app, "GET", "/metrics")
      .then((response) => response.text())
      .then((text) => {
        scraped = text;
      });
    const rounds = await removeOnAndOn(gateway, () => scraped !== null, take);
    expect(scraped ?? "").toContain('kept{instance="",job="kept"} 1\n');
    expect(scraped ?? "").not.toContain("f1{");
    expect(rounds).toBeLessThan(ROUNDS / 2);
    while (store.isChanging) await turn();
    expect(store.stats.snapshots).toBe(0);
  });
});
