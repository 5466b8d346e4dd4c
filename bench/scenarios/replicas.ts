import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NatsServers } from "../../test/cluster/nats-servers.ts";
import { type Bench, type FigureShape, type Measured, noRounds, type Scenario } from "../bench.ts";
import { bodies } from "../load/bodies.ts";
import type { JobResult, RequestJob } from "../load/jobs.ts";
import { instances } from "../load/request-source.ts";
import { Server } from "../server.ts";

const CONNECTIONS = 128;
const GROUPS = 1_000;
const SHARED_GROUPS = 10;
/** Longer than other rounds: a batch waits for the engine, whose disk has a rhythm of its own. */
const ROUND_FACTOR = 4;
const LAST_ANSWERS_MS = 10_000;
const SNAPSHOT_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 100;

const rate = (value: number | null): FigureShape => {
  const shape = { key: "rate", title: "", unit: "pushes/s", better: "more" } as const;
  return value === null ? shape : { ...shape, wanted: { of: null, value } };
};
const p99 = (value: number): FigureShape => {
  return { key: "p99", title: "p99", unit: "ms", better: "less", wanted: { of: null, value } };
};
const CPU: readonly FigureShape[] = [
  { key: "cpu", title: "CPU of who takes them", unit: "us/push", better: "less", wanted: { of: "limit", value: 3 } },
  { key: "foldCpu", title: "CPU of the other replica", unit: "us/push", better: "less" },
];
const REDONE: FigureShape = {
  key: "redone",
  title: "done again",
  unit: "% of the pushes",
  better: "less",
  wanted: { of: null, value: 33 },
};
const READY: readonly FigureShape[] = [
  { key: "log", title: "from the log alone", unit: "ms", better: "less", wanted: { of: null, value: 3_000 } },
  { key: "snapshot", title: "from the snapshot", unit: "ms", better: "less", wanted: { of: null, value: 2_000 } },
  { key: "logBytes", title: "the log, for each push", unit: "B", better: "less" },
  { key: "snapshotMegabytes", title: "the snapshot", unit: "MB", better: "less" },
  { key: "rss", title: "RSS of a replica", unit: "MB", better: "less" },
];

/** Two replicas over three servers of the engine, all on this machine, against the same program alone. */
export const replicas: Scenario = {
  id: "replicas",
  run: async (bench) => {
    if (bench.wants("replicas/push")) await inFolder((folder) => pushes(bench, folder, "replicas/push", false));
    if (bench.wants("replicas/synced")) await inFolder((folder) => pushes(bench, folder, "replicas/synced", true));
    if (bench.wants("replicas/start")) await inFolder((folder) => starts(bench, folder));
  },
};

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pushgateway-bench-"));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startReplicas(bench: Bench, servers: NatsServers, count: number): Promise<Server[]> {
  const started: Server[] = [];
  for (let i = 0; i < count; i++)
    started.push(await Server.start(bench.programs.ours, [`--cluster.url=${servers.url}`]));
  return started;
}

/** Pushes through one, through both, and of both into the same few groups. `isSynced`: each batch is on the disk. */
async function pushes(bench: Bench, folder: string, id: string, isSynced: boolean): Promise<void> {
  await using servers = await NatsServers.start({ folder, isSynced });
  const [one, two] = await startReplicas(bench, servers, 2);
  if (one === undefined || two === undefined) throw new Error("starting replicas: two are expected");
  const plain = await Server.start(bench.programs.ours);
  const how = isSynced ? ", each batch on the disks" : "";
  const title = `${bodies.gauges.title}, ${CONNECTIONS} connections${how}`;
  const note = "limit: the same program alone, with memory only";
  const through = (on: readonly Server[], groups: number) => (round: number) =>
    pushThrough(bench, on, [one, two], groups, round);
  const alone = {
    who: "limit",
    measure: (round: number) => pushThrough(bench, [plain], [plain], GROUPS, round),
  } as const;
  try {
    for (const server of [one, two, plain]) await pushThrough(bench, [server], [server], GROUPS, -1);
    const { rounds: count } = bench.plan;
    const first = await bench.inTurns(`${id}/one`, count, [{ who: "ours", measure: through([one], GROUPS) }, alone]);
    bench.add(`${id}/one`, `${title}, through one`, [rate(7_000), p99(100), ...CPU], first, [note]);
    const both = await bench.inTurns(`${id}/both`, count, [{ who: "ours", measure: through([one, two], GROUPS) }]);
    bench.add(`${id}/both`, `${title}, through both`, [rate(6_000), p99(100)], both);
    const same = await bench.inTurns(`${id}/same`, count, [
      { who: "ours", measure: through([one, two], SHARED_GROUPS) },
    ]);
    bench.add(`${id}/same`, `${title}, both into ${SHARED_GROUPS} groups`, [rate(null), p99(500), REDONE], same);
  } finally {
    for (const server of [one, two, plain]) await server.drop();
  }
}

/**
 * Pushes over all connections, divided among the servers; into groups of their own for each server, but all into the
 * same ones where there are few. `all` are the replicas whose work is counted.
 */
async function pushThrough(
  bench: Bench,
  on: readonly Server[],
  all: readonly Server[],
  groups: number,
  round: number,
): Promise<Measured> {
  const loaders = await Promise.all((["requests", "probe"] as const).map((name) => bench.loader(name)));
  const own = groups === SHARED_GROUPS ? 0 : groups / on.length;
  const others = all.filter((server) => !on.includes(server));
  const [startCpu, startFoldCpu, startRedone] = [cpuOf(on), cpuOf(others), await redoneOf(all)];
  const results = await Promise.all(
    on.map((server, i) => {
      const range = instances(own === 0 ? groups : own, own * i);
      const job = pushJob(bench, server, range, CONNECTIONS / on.length, bench.plan.seed + round * on.length + i);
      const loader = loaders[i];
      if (loader === undefined) throw new Error("pushing through replicas: more of them than load generators");
      return loader.run(job);
    }),
  );
  const answered = sum(results, (result) => result.answered);
  const refused = sum(results, (result) => result.refused);
  if (refused > 0) throw new Error(`pushing through replicas: ${refused} were refused`);
  return {
    rate: sum(results, (result) => (result.answered * 1000) / result.elapsedMs),
    p99: Math.max(...results.map(({ latencies }) => latencies.p99)),
    cpu: (cpuOf(on) - startCpu) / answered,
    foldCpu: others.length === 0 ? Number.NaN : (cpuOf(others) - startFoldCpu) / answered,
    redone: (((await redoneOf(all)) - startRedone) * 100) / answered,
  };
}

function pushJob(
  bench: Bench,
  server: Server,
  groups: RequestJob["groups"],
  connections: number,
  seed: number,
): RequestJob {
  const durationMs = bench.plan.roundMs * ROUND_FACTOR;
  return {
    kind: "requests",
    port: server.port,
    isTls: false,
    method: "PUT",
    body: "gauges",
    groups,
    order: "random",
    connections,
    count: null,
    durationMs,
    limitMs: durationMs + LAST_ANSWERS_MS,
    ratePerSecond: null,
    seed,
  };
}

const sum = (results: readonly JobResult[], of: (result: JobResult) => number): number =>
  results.reduce((all, result) => all + of(result), 0);

const cpuOf = (servers: readonly Server[]): number =>
  servers.reduce((all, { cpuMicroseconds }) => all + cpuMicroseconds, 0);

/** A series of a replica's own, 0 where there is none. */
async function ownOf(server: Server, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/-/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
}

async function redoneOf(servers: readonly Server[]): Promise<number> {
  const each = await Promise.all(servers.map((server) => ownOf(server, "pushgateway_cluster_redone_pushes_total")));
  return each.reduce((all, redone) => all + redone, 0);
}

/** From the start of a process until it is ready, beside a replica that has filled the log. */
async function starts(bench: Bench, folder: string): Promise<void> {
  mkdirSync(join(folder, "engine"));
  await using servers = await NatsServers.start({ folder: join(folder, "engine") });
  const [first] = await startReplicas(bench, servers, 1);
  if (first === undefined) throw new Error("starting a replica: one is expected");
  const groups = bench.plan.restoredGroups;
  const measured = noRounds();
  const readyMs = async (): Promise<number> => {
    const [another] = await startReplicas(bench, servers, 1);
    if (another === undefined) throw new Error("starting another replica: one is expected");
    await another.drop();
    return another.readyMs;
  };
  try {
    bench.progress("replicas/start: loading");
    await bench.stands.fill(first, { body: "gauges", groups: instances(groups) });
    const log: number[] = [];
    for (let round = 0; round < bench.plan.scrapeRounds; round++) log.push(await readyMs());
    const logBytes = (await ownOf(first, "pushgateway_cluster_log_size_bytes")) / groups;
    const rss = first.rssMegabytes;
    await untilSnapshot(bench, first, groups);
    const snapshotMegabytes = (await ownOf(first, "pushgateway_cluster_snapshot_size_bytes")) / 1e6;
    for (const fromLog of log)
      measured.ours.push({ log: fromLog, snapshot: await readyMs(), logBytes, snapshotMegabytes, rss });
    const title = `start to ready with ${groups.toLocaleString("en-US")} groups`;
    bench.add("replicas/start", title, READY, measured);
  } finally {
    await first.drop();
  }
}

/** Pushes into all groups until the replica has stored a snapshot since they all are there. */
async function untilSnapshot(bench: Bench, server: Server, groups: number): Promise<void> {
  const storedAt = () => ownOf(server, "pushgateway_cluster_snapshot_timestamp_seconds");
  const former = await storedAt();
  const endMs = performance.now() + SNAPSHOT_LIMIT_MS;
  while (performance.now() < endMs) {
    await bench.stands.requestEach(server, {
      method: "PUT",
      body: "gauges",
      groups: instances(groups / 10),
      limitMs: SNAPSHOT_LIMIT_MS,
    });
    await Bun.sleep(LOOK_EVERY_MS);
    if ((await storedAt()) > former) return;
  }
  throw new Error(`waiting for a snapshot: none was stored in ${SNAPSHOT_LIMIT_MS} ms`);
}
