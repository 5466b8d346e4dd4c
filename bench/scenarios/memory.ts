import { type Bench, type FigureShape, type Measured, noRounds, type Scenario } from "../bench.ts";
import { instances } from "../load/request-source.ts";
import type { Program } from "../programs.ts";
import type { Server } from "../server.ts";
import { CONNECTIONS } from "../stands.ts";
import { scrape } from "./gets.ts";

const GROUPS = 100_000;
const READERS = 4;

const SHAPES: readonly FigureShape[] = [
  { key: "loaded", title: "RSS loaded", unit: "MB", better: "less" },
  { key: "scraped", title: "RSS after scrapes", unit: "MB", better: "less" },
  { key: "slow-readers", title: "highest RSS with four slow readers and pushes", unit: "MB", better: "less" },
];

/** Resident memory of a store of 1.2 million series. */
export const memory: Scenario = {
  id: "memory",
  run: async (bench) => {
    const measured = noRounds();
    const notes = [`a rest of ${bench.plan.loadedRestMs / 1000} s after loading`];
    for (const program of [bench.programs.ours, bench.programs.peer]) {
      if (program === null) continue;
      bench.progress(`memory: ${program.who}, loading`);
      const server = await bench.stands.shared(program, GROUPS);
      if (server === null) notes.push(`${program.who} left out: it could not be loaded in time`);
      else measured[program.who].push(await measure(bench, program, server, notes));
    }
    bench.add("memory", `${GROUPS.toLocaleString("en-US")} groups, 1,200,000 series`, SHAPES, measured, notes);
  },
};

async function measure(bench: Bench, program: Program, server: Server, notes: string[]): Promise<Measured> {
  await Bun.sleep(bench.plan.loadedRestMs);
  const loaded = server.rssMegabytes;
  const startMs = performance.now();
  let scrapes = 0;
  for (; scrapes < bench.plan.scrapesForMemory; scrapes++) {
    if (program.who === "theirs" && performance.now() - startMs > bench.plan.peerLimitMs) break;
    bench.progress(`memory: ${program.who}, scrape ${scrapes + 1}`);
    await scrape(bench, server, scrapes % 2 === 1);
  }
  notes.push(`${program.who}: ${scrapes} scrapes`);
  const scraped = server.rssMegabytes;
  bench.progress(`memory: ${program.who}, slow readers`);
  return { loaded, scraped, "slow-readers": await withSlowReaders(bench, server) };
}

async function withSlowReaders(bench: Bench, server: Server): Promise<number> {
  const durationMs = bench.plan.slowReadersMs;
  const [readers, pushes] = await Promise.all([bench.loader("scrapes"), bench.loader("requests")]);
  let highest = 0;
  const timer = setInterval(() => {
    highest = Math.max(highest, server.rssMegabytes);
  }, 100);
  try {
    await Promise.all([
      readers.run({ kind: "slow readers", port: server.port, path: "/metrics", readers: READERS, durationMs }),
      pushes.run({
        kind: "requests",
        port: server.port,
        isTls: server.isTls,
        method: "PUT",
        body: "gauges",
        groups: instances(GROUPS),
        order: "random",
        count: null,
        connections: CONNECTIONS,
        durationMs,
        limitMs: durationMs + bench.plan.peerLimitMs,
        ratePerSecond: null,
        seed: bench.plan.seed,
      }),
    ]);
  } finally {
    clearInterval(timer);
  }
  return highest;
}
