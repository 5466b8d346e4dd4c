import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Contender, FigureShape, Measured, Scenario } from "../bench.ts";
import { bodies } from "../load/bodies.ts";
import { instances } from "../load/request-source.ts";
import { Loader } from "../loader.ts";
import type { Program } from "../programs.ts";
import { Server } from "../server.ts";
import { CONNECTIONS } from "../stands.ts";
import { measurePushes } from "./requests.ts";

/** What HTTP costs, of another build of this program as well where one is named, with what was wanted of it. */
export const door: Scenario = {
  id: "door",
  run: async (bench) => {
    for (const { id, run } of PARTS) if (bench.wants(id)) await run(bench, id);
  },
};

interface Part {
  readonly id: string;
  readonly run: (bench: Bench, id: string) => Promise<void>;
}

const PARTS: readonly Part[] = [
  { id: "door/push/1", run: (bench, id) => pushes(bench, id, 1, { ofLimitRate: 0.8, ofFormerCpu: 0.6 }) },
  { id: "door/push/10000", run: (bench, id) => pushes(bench, id, 10_000, { ofLimitRate: 0.6, ofFormerCpu: null }) },
  { id: "door/tls", run: tlsPushes },
  { id: "door/scrape", run: scrapes },
  { id: "door/start", run: starts },
  { id: "door/idle", run: idleConnections },
];

const WARM_UP_PUSHES = 30_000;

const groupsText = (count: number): string => `${count.toLocaleString("en-US")} group${count > 1 ? "s" : ""}`;

/** Ours, the former build and the limit, those that there are. */
function all({ programs: { ours, former, limit } }: Bench): Program[] {
  return [ours, ...(former === null ? [] : [former]), limit];
}

/** Runs with servers that hold `groups` groups of ten gauges, and ends them. */
async function withServers(
  bench: Bench,
  programs: readonly Program[],
  groups: number,
  run: (servers: readonly Server[]) => Promise<void>,
): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const program of programs) {
      const server = await bench.stands.checked(program, { body: "gauges", groups: instances(groups) });
      if (server === null) throw new Error(`loading ${program.title}: it took too long`);
      servers.push(server);
    }
    await run(servers);
  } finally {
    for (const server of servers) await server.drop();
  }
}

function pushing(bench: Bench, server: Server, groups: number, who = server.program.who): Contender {
  return { who, measure: (round) => pushSome(bench, server, groups, round) };
}

/** A number of pushes and not a time: the work is the same however busy the machine is. */
function pushSome(bench: Bench, server: Server, groups: number, round: number): Promise<Measured> {
  return measurePushes(bench, server, "gauges", instances(groups), round, { count: bench.plan.roundPushes });
}

/** Until the server's compilers are done with what a push runs through. */
async function getUsed(bench: Bench, server: Server, groups: number): Promise<void> {
  await measurePushes(bench, server, "gauges", instances(groups), -1, { count: WARM_UP_PUSHES });
}

/** What is wanted of pushes, as parts of others' figures; null: nothing. */
interface Wanted {
  readonly ofLimitRate: number;
  readonly ofFormerCpu: number | null;
}

function pushShapes({ ofLimitRate, ofFormerCpu }: Wanted): FigureShape[] {
  const cpu: FigureShape = { key: "cpu", title: "CPU", unit: "us/push", better: "less" };
  return [
    { key: "rate", title: "", unit: "pushes/s", better: "more", wanted: { of: "limit", value: ofLimitRate } },
    ofFormerCpu === null ? cpu : { ...cpu, wanted: { of: "former", value: ofFormerCpu } },
  ];
}

async function pushes(bench: Bench, id: string, groups: number, wanted: Wanted): Promise<void> {
  bench.progress(`${id}: loading`);
  await withServers(bench, all(bench), groups, async (servers) => {
    for (const server of servers) await getUsed(bench, server, groups);
    const contenders = servers.map((server) => pushing(bench, server, groups));
    const rounds = await bench.inTurns(id, bench.plan.rounds, contenders);
    bench.add(
      id,
      `${bodies.gauges.title}, ${groupsText(groups)}, ${CONNECTIONS} connections`,
      pushShapes(wanted),
      rounds,
    );
  });
}

const TLS_SHAPES: readonly FigureShape[] = [
  { key: "rate", title: "", unit: "pushes/s", better: "more", wanted: { of: "limit", value: 0.7 } },
  { key: "cpu", title: "CPU", unit: "us/push", better: "less" },
];

/** Pushes over TLS against those of the same program without. */
async function tlsPushes(bench: Bench, id: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pushgateway-bench-"));
  const servers: Server[] = [];
  const start = async (program: Program, flags: readonly string[]): Promise<Server> => {
    const server = await Server.start(program, flags, flags.length > 0);
    servers.push(server);
    await getUsed(bench, server, 1);
    return server;
  };
  try {
    const flags = [`--web.config.file=${tlsConfig(folder)}`];
    const { ours, former } = bench.programs;
    const contenders = [
      pushing(bench, await start(ours, flags), 1),
      former && pushing(bench, await start(former, flags), 1),
      pushing(bench, await start(ours, []), 1, "limit"),
    ];
    const rounds = await bench.inTurns(id, bench.plan.rounds, contenders);
    const title = `${bodies.gauges.title} over TLS, ${groupsText(1)}, ${CONNECTIONS} connections`;
    bench.add(id, title, TLS_SHAPES, rounds, ["limit: the same program without TLS"]);
  } finally {
    for (const server of servers) await server.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of a server whose certificate is signed by itself. */
function tlsConfig(folder: string): string {
  const [cert, key, file] = ["cert", "key", "web.yml"].map((name) => join(folder, name)) as [string, string, string];
  const kind = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
  ];
  const words = ["openssl", "req", "-x509", ...kind, "-keyout", key, "-out", cert];
  const { success, stderr } = Bun.spawnSync(words);
  if (!success) throw new Error(`making a certificate: ${stderr}`);
  writeFileSync(file, `tls_server_config:\n  cert_file: ${cert}\n  key_file: ${key}\n`);
  return file;
}

const SCRAPED_GROUPS = 10_000;
const SERIES = SCRAPED_GROUPS * 12;
const SCRAPE_SHAPES: readonly FigureShape[] = [
  { key: "rate", title: "", unit: "scrapes/s", better: "more", wanted: { of: "former", value: 1.5 } },
  { key: "cpu", title: "CPU", unit: "ms/scrape", better: "less" },
];

/**
 * Scrapes without gzip, one after the other on one connection, by a client that reads all the framing around the body.
 */
async function scrapes(bench: Bench, id: string): Promise<void> {
  bench.progress(`${id}: loading`);
  await withServers(bench, all(bench), SCRAPED_GROUPS, async (servers) => {
    const ours = servers.find(({ program }) => program.who === "ours");
    if (ours === undefined) return;
    const { responseBytes, answered } = await scrapeFor(bench, ours, "/metrics");
    const pathOf = ({ program }: Server) =>
      program.who === "limit" ? `/bytes/${Math.round(responseBytes / answered)}` : "/metrics";
    const contenders = servers.map((server) => ({
      who: server.program.who,
      measure: () => measureScrapes(bench, server, pathOf(server)),
    }));
    const rounds = await bench.inTurns(id, bench.plan.rounds, contenders);
    const notes = [`${(responseBytes / answered / 1e6).toFixed(1)} MB`];
    bench.add(id, `scrape of ${SERIES.toLocaleString("en-US")} series, identity`, SCRAPE_SHAPES, rounds, notes);
  });
}

async function scrapeFor(bench: Bench, { port }: Server, path: string) {
  const loader = await bench.loader("scrapes");
  const durationMs = bench.plan.roundMs;
  const often = { count: Number.MAX_SAFE_INTEGER, everyMs: 0, durationMs, limitMs: durationMs * 10 };
  const result = await loader.run({ kind: "gets", port, path, gzip: false, ...often });
  if (result.answered === 0) throw new Error(`GET ${path}: no answer with status 200`);
  return result;
}

async function measureScrapes(bench: Bench, server: Server, path: string): Promise<Measured> {
  const startCpu = server.cpuMicroseconds;
  const { answered, elapsedMs } = await scrapeFor(bench, server, path);
  const cpu = (server.cpuMicroseconds - startCpu) / 1000 / answered;
  return { rate: answered / (elapsedMs / 1000), cpu };
}

/** A start is short, and what else the machine does is not: more of them than other rounds. */
const START_FACTOR = 4;
const START_SHAPE: readonly FigureShape[] = [
  { key: "ready", title: "", unit: "ms", better: "less", wanted: { of: "former", value: 0.7 } },
];

async function starts(bench: Bench, id: string): Promise<void> {
  const contenders = all(bench).map((program) => ({
    who: program.who,
    measure: async () => {
      const server = await Server.start(program);
      await server.drop();
      return { ready: server.readyMs };
    },
  }));
  const rounds = await bench.inTurns(id, bench.plan.rounds * START_FACTOR, contenders);
  bench.add(id, "start to ready, empty store", START_SHAPE, rounds);
}

const IDLE_CONNECTIONS = 10_000;
const IDLE_LIMIT_MS = 30_000;
const IDLE_SHAPE: readonly FigureShape[] = [
  { key: "memory", title: "", unit: "kB each", better: "less", wanted: { of: null, value: 3 } },
];

/** What a connection adds to the resident memory of a fresh server that has asked once and does nothing since. */
async function idleConnections(bench: Bench, id: string): Promise<void> {
  const contenders = all(bench).map((program) => ({
    who: program.who,
    measure: () => measureIdle(bench, program),
  }));
  const rounds = await bench.inTurns(id, bench.plan.idleRounds, contenders);
  const notes = [`a rest of ${bench.plan.loadedRestMs / 1000} s before each look`];
  bench.add(id, `${IDLE_CONNECTIONS.toLocaleString("en-US")} idle connections, RSS`, IDLE_SHAPE, rounds, notes);
}

async function measureIdle(bench: Bench, program: Program): Promise<Measured> {
  const server = await Server.start(program, [`--web.max-connections=${2 * IDLE_CONNECTIONS}`]);
  const loader = await Loader.start(bench.plan.seed);
  try {
    await Bun.sleep(bench.plan.loadedRestMs);
    const before = server.rssMegabytes;
    const connections = IDLE_CONNECTIONS;
    const { port } = server;
    const job = { kind: "idle connections", port, path: "/-/ready", connections, limitMs: IDLE_LIMIT_MS } as const;
    const { answered } = await loader.run(job);
    if (answered < connections) throw new Error(`opening ${connections} connections: ${answered} were answered`);
    await Bun.sleep(bench.plan.loadedRestMs);
    return { memory: ((server.rssMegabytes - before) * 1024) / connections };
  } finally {
    loader.stop();
    await server.drop();
  }
}
