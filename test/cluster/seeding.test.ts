import { expect, test } from "bun:test";
import { createTestApp, push, scrape } from "../app.ts";
import { pushedLines, Replicas, shownBy, type TestReplica, until } from "./replicas.ts";

const seed = Number(process.env.SEEDING_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** So large that some of them need more than one batch. */
const LINES = 6000;
const GROUPS = 9;

/** What the first replica has in its file. */
async function keptApp() {
  const kept = createTestApp();
  const body = Array.from({ length: LINES }, (_, i) => `large_metric_with_a_name{series="${i}"} ${i}\n`).join("");
  for (let i = 0; i < GROUPS; i++) await push(kept.app, `/job/j${i}`, body);
  return kept;
}

/** A replica with what was kept. */
async function joinWithKept(replicas: Replicas): Promise<{ replica: TestReplica; lines: string[] }> {
  const kept = await keptApp();
  const lines = pushedLines(await scrape(kept.app));
  return { replica: replicas.join([], 60_000, ({ store }) => store.adopt(kept.store)), lines };
}

/** Lets so many batches into the log, and no more; tells how many were kept out. */
function limitBatches({ engine }: Replicas, most: number): { keptOut: number; end: () => void } {
  const store = engine.store.bind(engine);
  const end = () => {
    engine.store = store;
  };
  const limit = { keptOut: 0, end };
  engine.store = (batch) => {
    if (engine.head < most) store(batch);
    else limit.keptOut++;
  };
  return limit;
}

const isJoined = ({ clustering }: TestReplica): boolean => clustering.state().status === "joined";

test(`a replica that is killed while it seeds the log, after any batch, is the one that the others wait for; it adds what is missing (SEEDING_SEED=${seed})`, async () => {
  let isWhole = false;
  let points = 0;
  for (; !isWhole; points++) {
    const replicas = new Replicas(seed);
    const limit = limitBatches(replicas, points);
    const { replica: killed, lines } = await joinWithKept(replicas);
    await until(() => limit.keptOut > 0 || isJoined(killed));
    isWhole = isJoined(killed);
    await killed.clustering.close();
    limit.end();
    const other = replicas.join();
    if (points > 0 && !isWhole) {
      await until(() => other.logged.some((line) => line.includes("the log has been seeded in part: waiting for")));
      expect(other.clustering.notReady()).toContain("waits for the replica that has the rest");
      expect(isJoined(other)).toBe(false);
    }
    const { replica: again } = await joinWithKept(replicas);
    await until(() => isJoined(again) && isJoined(other));
    expect(await shownBy(replicas.engine, again, other)).toEqual([lines, lines]);
  }
  expect(points).toBeGreaterThan(3);
}, 60_000);
