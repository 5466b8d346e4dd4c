import type { Principals } from "../../src/model/principal.ts";
import { Clustering, sharedSettings } from "../../src/program/clustering.ts";
import { ask, createJoinedApp, createTestApp, type JoinedParts, push, scrape, type TestApp } from "../app.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { MemoryEngine, type MemoryLog, type MemoryLogOptions } from "./memory-log.ts";

export interface TestReplica extends TestApp {
  readonly log: MemoryLog;
  readonly clustering: Clustering;
}

/** Apps that share a log in memory. */
export class Replicas {
  readonly engine: MemoryEngine;
  private readonly random: () => number;

  constructor(
    seed: number,
    options: Partial<MemoryLogOptions> = {},
    private readonly principals: Principals | null = null,
  ) {
    this.random = seededRandom(seed);
    this.engine = new MemoryEngine({
      random: this.random,
      after: (ms, run) => void setTimeout(run, ms),
      nowMs: Date.now,
      ...options,
    });
  }

  /** One more; it joins when what `prepare` does with it is done. */
  join(
    flags: readonly string[] = [],
    timeoutMs = 12_000,
    prepare: (replica: TestReplica) => unknown = () => {},
  ): TestReplica {
    const log = this.engine.connect();
    const made: Clustering[] = [];
    let isPrepared = false;
    const notReady = () => (isPrepared ? null : "it is being prepared");
    const join = (parts: JoinedParts) => {
      const clustering = new Clustering({
        ...parts,
        persistence: { notReady },
        name: "test",
        shared: log,
        settings: sharedSettings(parts.settings.consistencyCheck, parts.settings.utf8Names),
        timeoutMs,
        maxWaitingBytes: parts.settings.limits.maxBufferedBytes,
        log: parts.log.for("clustering.ts"),
        random: this.random,
        giveUp: () => void app.quits++,
      });
      made.push(clustering);
      return clustering;
    };
    const app = createJoinedApp(["--web.enable-admin-api", ...flags], join, this.principals);
    const [clustering] = made;
    if (clustering === undefined) throw new Error("a replica was not made");
    const replica = Object.assign(app, { log, clustering });
    void Promise.resolve(prepare(replica)).then(() => {
      isPrepared = true;
    });
    return replica;
  }

  async joined(flags: readonly string[] = [], timeoutMs?: number): Promise<TestReplica> {
    const replica = this.join(flags, timeoutMs);
    await until(() => replica.clustering.state().status === "joined");
    return replica;
  }
}

/** Pushes to so many groups. */
export async function fill(replica: TestApp, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await push(replica.app, `/job/j${i}`, "a 1\n");
}

/** Gives a replica that has not joined yet what was kept for it: a push to each of the jobs. */
export async function keep({ store }: TestReplica, ...jobs: readonly string[]): Promise<void> {
  const kept = createTestApp();
  for (const job of jobs) await push(kept.app, `/job/${job}`, "a 1\n");
  store.adopt(kept.store);
}

/** Has a replica store a snapshot. */
export async function storeSnapshot({ clustering, logged }: TestReplica): Promise<void> {
  const stored = () => logged.filter((line) => line.includes("snapshot stored")).length;
  const before = stored();
  // biome-ignore lint/complexity/useLiteralKeys: it is private
  clustering["snapshots"].want();
  await until(() => stored() > before);
}

/** Does what is to be done every so often. */
export function sweep(...replicas: readonly TestReplica[]): void {
  for (const { sweeps } of replicas) for (const run of sweeps) run();
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Waits until both have all of the log, and gives what each shows: all lines that were pushed, sorted. */
export async function shownBy(engine: MemoryEngine, ...replicas: readonly TestReplica[]): Promise<string[][]> {
  await until(() => replicas.every(({ clustering }) => clustering.state().position >= engine.head));
  return Promise.all(replicas.map(async ({ app }) => pushedLines(await scrape(app))));
}

/** Lines that were pushed, sorted. */
export const pushedLines = (exposition: string): string[] =>
  exposition
    .split("\n")
    .filter((line) => /[{,]job="/.test(line))
    .sort();

export async function statusOf(replica: TestReplica, method: string, path: string, body?: string): Promise<number> {
  return (await ask(replica.app, method, path, body === undefined ? {} : { body })).status;
}
