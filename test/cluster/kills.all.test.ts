import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { firstAbsentNewer } from "../newer-programs.ts";
import { eventually, requirement } from "../program.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { type NatsServer, NatsServers } from "./nats-servers.ts";
import { StandingReplica } from "./standing-replica.ts";
import { SteadyWriters } from "./steady-writers.ts";

setDefaultTimeout(180_000);

/** Rounds of everything; without the variable there are three rounds with a third of everything each. */
const LONG_ROUNDS = Number(process.env.PUSHGATEWAY_KILL_ROUNDS ?? 0);
const SHORT_ROUNDS = 3;
const SEED = Number(process.env.PUSHGATEWAY_KILL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const PAUSE_MS = 12_000;
/** Time for writers before and after each act. */
const CALM_MS = 500;
const STREAM = "pushgateway";
const NATS = join(import.meta.dir, "../../deploy/nats");

interface Stage {
  readonly servers: NatsServers;
  readonly replicas: readonly [StandingReplica, StandingReplica];
}

interface Act {
  readonly what: string;
  readonly run: (stage: Stage) => Promise<void>;
}

async function killServers(servers: readonly NatsServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.kill()));
  await Bun.sleep(CALM_MS);
  for (const server of servers) server.start();
}

async function pauseServers(servers: readonly NatsServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.pause()));
  await Bun.sleep(PAUSE_MS);
  for (const server of servers) server.continue();
}

const ACTS: readonly Act[] = [
  {
    what: "kill -9 of the leader",
    run: async ({ servers }) => {
      const leader = await servers.leaderOf(STREAM);
      await leader.kill();
      await servers.leaderOf(STREAM, leader);
      leader.start();
    },
  },
  { what: "a pause of the leader", run: async ({ servers }) => pauseServers([await servers.leaderOf(STREAM)]) },
  {
    what: "kill -9 of a replica",
    run: async ({ replicas: [replica] }) => {
      await replica.kill();
      await Bun.sleep(CALM_MS);
      await replica.start();
    },
  },
  { what: "kill -9 of a follower", run: async ({ servers }) => killServers([await servers.followerOf(STREAM)]) },
  { what: "a pause of a follower", run: async ({ servers }) => pauseServers([await servers.followerOf(STREAM)]) },
  { what: "kill -9 of all servers", run: ({ servers }) => killServers(servers.all) },
  { what: "a pause of all servers", run: ({ servers }) => pauseServers(servers.all) },
  {
    what: "a pause of a replica",
    run: async ({ replicas: [, replica] }) => {
      await replica.pause();
      await Bun.sleep(PAUSE_MS);
      replica.continue();
    },
  },
  {
    what: "the disk of one server removed",
    run: async ({ servers }) => {
      const follower = await servers.followerOf(STREAM);
      await follower.kill();
      follower.wipe();
      follower.start();
    },
  },
];

const CASES =
  LONG_ROUNDS > 0
    ? Array.from({ length: LONG_ROUNDS }, (_, round) => ACTS.map((act) => ({ round: round + 1, ...act }))).flat()
    : ACTS.map((act, i) => ({ round: Math.floor((i * SHORT_ROUNDS) / ACTS.length) + 1, ...act }));

/** The account of deploy/nats, which can do no more than is needed; with less room, as the servers of a test have. */
function accountLines(): string {
  const password = /^password: (\S+)$/m.exec(readFileSync(join(NATS, "client.yml"), "utf8"))?.[1] ?? "";
  const text = readFileSync(join(NATS, "account.conf"), "utf8").replace("$PUSHGATEWAY_PASSWORD", password);
  return text.replaceAll("16GB", "2GB");
}

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));

describe.skipIf(skip)(`two replicas and three servers, PUSHGATEWAY_KILL_SEED=${SEED}${reason}`, () => {
  let stage: Stage;
  let writers: SteadyWriters;
  const longestWaits = new Map<string, number>();

  beforeAll(async () => {
    const servers = await NatsServers.start({ lines: accountLines() });
    const flags = [`--cluster.url=${servers.url}`, `--cluster.credentials-file=${join(NATS, "client.yml")}`];
    const replicas = [new StandingReplica("one", flags), new StandingReplica("two", flags)] as const;
    stage = { servers, replicas };
    for (const replica of replicas) await replica.start();
    writers = new SteadyWriters(replicas, seededRandom(SEED));
  });

  afterAll(async () => {
    await writers?.end();
    for (const replica of stage?.replicas ?? []) await replica[Symbol.asyncDispose]();
    await stage?.servers[Symbol.asyncDispose]();
    for (const [what, ms] of longestWaits)
      process.stdout.write(`longest wait of a push beside ${what}: ${Math.round(ms)} ms\n`);
  });

  /** Both replicas are ready and show the same, nobody writes: what they show. */
  async function settled(): Promise<string[]> {
    const { servers, replicas } = stage;
    writers.hold();
    await servers.whole(STREAM);
    await eventually("all is acknowledged", async () => writers.isQuiet);
    for (const replica of replicas) await eventually(`${replica.name} is ready`, () => replica.isReady());
    return await eventually("both show the same", async () => {
      const [one = [], two = []] = await Promise.all(replicas.map((replica) => replica.lines()));
      const differing = [...new Set(one).symmetricDifference(new Set(two))];
      if (differing.length > 0) throw new Error(`${differing.length} lines differ: ${differing.slice(0, 6).join(" ")}`);
      return one;
    });
  }

  /** As `settled`; where it never comes to that, with what the replicas have logged. */
  async function mustSettle(): Promise<string[]> {
    try {
      return await settled();
    } catch (problem) {
      const logs = stage.replicas.map(({ name, log }) => `${name} logged:\n${log.slice(-3_000)}`);
      throw new Error([problem, writers.unanswered, ...logs].join("\n"));
    }
  }

  test.each(CASES)(
    "round $round: $what loses nothing that was acknowledged, scrapes go on, both show the same",
    async ({ what, run }) => {
      const { acknowledged } = writers;
      writers.longestWaitMs = 0;
      writers.go();
      await Bun.sleep(CALM_MS);
      await run(stage);
      await Bun.sleep(CALM_MS);
      const lines = await mustSettle();
      longestWaits.set(what, Math.max(longestWaits.get(what) ?? 0, writers.longestWaitMs));
      expect(writers.lostIn(lines)).toEqual([]);
      expect(writers.faults).toEqual([]);
      expect(stage.replicas.flatMap(({ failedScrapes }) => failedScrapes)).toEqual([]);
      expect(lines.filter((line) => line.startsWith("push_time_seconds{")).length).toBeGreaterThan(10);
      expect(writers.acknowledged).toBeGreaterThan(acknowledged);
    },
  );
});
