import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

const FAMILIES = 1_500;
const ROUNDS = 60;

const families = (start: string, count: number) => Array.from({ length: count }, (_, i) => `${start}${i} 1\n`).join("");

const turn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * In each round a group is filled and taken away again, so that one removal is always under way; gives the rounds until
 * `done`.
 */
async function removeOnAndOn(
  gateway: TestApp,
  done: () => boolean,
  take: (app: TestApp["app"], job: string) => unknown,
) {
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

/** An app with a large removal under way, slow enough to be watched. */
async function removing(): Promise<TestApp> {
  const gateway = createTestApp();
  let nowMs = 0;
  gateway.clock = { nowMs: () => (nowMs += 1), turn: async () => void (await turn()) };
  await push(gateway.app, "/job/first", families("f", FAMILIES));
  await push(gateway.app, "/job/kept", "kept 1\n");
  void ask(gateway.app, "DELETE", "/metrics/job/first");
  await turn();
  expect(gateway.store.isChanging).toBe(true);
  return gateway;
}

/** Who waits for the removal that is under way waits for no later one. */
const WAITING = [
  { what: "a scrape", method: "GET", path: "/metrics", status: 200 },
  { what: "a DELETE of a small group", method: "DELETE", path: "/metrics/job/kept", status: 202 },
  { what: "a DELETE of a large group", method: "DELETE", path: "/metrics/job/second", status: 202 },
];

describe.each(WAYS)("while others take large groups away by $what, on and on,", ({ take }) => {
  test.each(WAITING)("$what is answered", async ({ method, path, status }) => {
    const gateway = await removing();
    const { app, store } = gateway;
    if (path.endsWith("second")) await push(app, "/job/second", families("s", FAMILIES));
    let answered: { status: number; text: string } | null = null;
    void ask(app, method, path).then(async (answer) => {
      answered = { status: answer.status, text: await answer.text() };
    });
    const rounds = await removeOnAndOn(gateway, () => answered !== null, take);
    expect(answered).toMatchObject({ status });
    expect(rounds).toBeLessThan(ROUNDS / 2);
    if (method === "GET") {
      expect(answered).toMatchObject({ text: expect.stringContaining('kept{instance="",job="kept"} 1\n') });
      expect(answered).not.toMatchObject({ text: expect.stringContaining("f1{") });
    }
    while (store.isChanging) await turn();
    expect(store.stats.snapshots).toBe(0);
  });
});
