import type { Bench, FigureShape, Measured, Scenario } from "../bench.ts";
import type { GetJob, RequestJob } from "../load/jobs.ts";
import { instances } from "../load/request-source.ts";
import type { Program } from "../programs.ts";
import { Server } from "../server.ts";
import { CONNECTIONS } from "../stands.ts";
import { GAP_SHAPE, probesOf, scrape } from "./gets.ts";

const PUSHES_PER_SECOND = 2_000;
const SCRAPE_EVERY_MS = 1_000;
/** How long what is under way at the end is waited for. */
const LAST_ANSWERS_MS = 5_000;

const SHAPES: readonly FigureShape[] = [
  { key: "p50", title: "push p50", unit: "ms", better: "less" },
  { key: "p99", title: "push p99", unit: "ms", better: "less" },
  { key: "p999", title: "push p99.9", unit: "ms", better: "less" },
  GAP_SHAPE,
  { key: "scrape", title: "scrape p50", unit: "ms", better: "less" },
];

/** Pushes at a steady rate while everything is scraped once a second. */
export const latency: Scenario = {
  id: "latency",
  run: async (bench) => {
    for (const groups of bench.plan.latencyGroups)
      for (const encoding of ["identity", "gzip"] as const)
        if (bench.wants(`latency/${groups}/${encoding}`)) await latencyAt(bench, groups, encoding === "gzip");
  },
};

async function latencyAt(bench: Bench, groups: number, gzip: boolean): Promise<void> {
  const id = `latency/${groups}/${gzip ? "gzip" : "identity"}`;
  bench.progress(`${id}: loading`);
  const ours = await bench.stands.shared(bench.programs.ours, groups);
  if (ours === null) throw new Error(`loading ${groups} groups: ours took too long`);
  const { bodyBytes } = await scrape(bench, ours, gzip);
  const limit = await Server.start(bench.programs.limit);
  const theirs = await startPeer(bench, bench.programs.peer, groups);
  try {
    const rounds = await bench.inTurns(id, 1, [
      { who: "ours", measure: () => pushWhileScraped(bench, ours, groups, "/metrics", gzip) },
      theirs && { who: "theirs", measure: () => pushWhileScraped(bench, theirs, groups, "/metrics", gzip) },
      { who: "limit", measure: () => pushWhileScraped(bench, limit, groups, `/bytes/${bodyBytes}`, false) },
    ]);
    const rate = `${PUSHES_PER_SECOND.toLocaleString("en-US")} pushes/s`;
    const notes = [`${rate} asked for; what is not answered counts with the time it waited`];
    if (theirs === null && bench.programs.peer !== null)
      notes.push("theirs left out: too slow at this size for the time there is");
    const title = `${groups.toLocaleString("en-US")} groups, ${gzip ? "gzip" : "identity"} scrape each second`;
    bench.add(id, title, SHAPES, rounds, notes);
  } finally {
    await limit.drop();
    await theirs?.drop();
  }
}

async function startPeer(bench: Bench, peer: Program | null, groups: number): Promise<Server | null> {
  if (peer === null || groups > Math.max(10_000, bench.plan.peerPushGroups)) return null;
  return bench.stands.checked(peer, { body: "gauges", groups: instances(groups) });
}

async function pushWhileScraped(
  bench: Bench,
  server: Server,
  groups: number,
  path: string,
  gzip: boolean,
): Promise<Measured> {
  const durationMs = bench.plan.latencyMs;
  const limitMs = durationMs + LAST_ANSWERS_MS;
  const gets = { kind: "gets", port: server.port, durationMs, limitMs, count: Number.MAX_SAFE_INTEGER } as const;
  const probes = probesOf(server, durationMs, limitMs);
  const scrapes: GetJob = { ...gets, path, gzip, everyMs: SCRAPE_EVERY_MS };
  const pushes: RequestJob = {
    kind: "requests",
    port: server.port,
    isTls: server.isTls,
    method: "PUT",
    body: "gauges",
    groups: instances(groups),
    order: "random",
    count: null,
    connections: CONNECTIONS,
    durationMs,
    limitMs,
    ratePerSecond: PUSHES_PER_SECOND,
    seed: bench.plan.seed,
  };
  const loaders = await Promise.all([bench.loader("requests"), bench.loader("probe"), bench.loader("scrapes")]);
  const [pushed, probed, scraped] = await Promise.all([
    loaders[0].run(pushes),
    loaders[1].run(probes),
    loaders[2].run(scrapes),
  ]);
  const { p50, p99, p999 } = pushed.latencies;
  return { p50, p99, p999, gap: probed.latencies.max, scrape: scraped.latencies.p50 };
}
