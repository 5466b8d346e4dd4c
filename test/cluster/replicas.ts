import { Clustering } from "../../src/program/clustering.ts";
import { ask, createJoinedApp, scrape, type TestApp } from "../app.ts";
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

  constructor(seed: number, options: Partial<MemoryLogOptions> = {}) {
    this.random = seededRandom(seed);
    this.engine = new MemoryEngine({
      random: this.random,
      after: (ms, run) => void setTimeout(run, ms),
      nowMs: Date.now,
      ...options,
    });
  }

  /** One more; `prepare` is called with its app before it joins. */
  join(flags: readonly string[] = [], timeoutMs = 12_000): TestReplica {
    const log = this.engine.connect();
    const made: Clustering[] = [];
    const app = createJoinedApp(["--web.enable-admin-api", ...flags], (parts) => {
      const clustering = new Clustering({
        ...parts,
        name: "test",
        shared: log,
        settings: { format: "1" },
        timeoutMs,
        maxWaitingBytes: parts.settings.limits.maxBufferedBytes,
        log: parts.log.for("clustering.ts"),
        random: this.random,
        giveUp: () => void app.quits++,
      });
      made.push(clustering);
      return clustering;
    });
    const [clustering] = made;
    if (clustering === undefined) throw new Error("a replica was not made");
    return Object.assign(app, { log, clustering });
  }

  async joined(flags: readonly string[] = [], timeoutMs?: number): Promise<TestReplica> {
    const replica = this.join(flags, timeoutMs);
    await until(() => replica.clustering.state().status === "joined");
    return replica;
  }
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
