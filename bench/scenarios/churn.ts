import { type Bench, type FigureShape, type Measured, noRounds, type Scenario } from "../bench.ts";
import { instances } from "../load/request-source.ts";
import type { Program } from "../programs.ts";
import { Server } from "../server.ts";
import { UNCHECKED } from "../stands.ts";

/** Groups that are there at a time. */
const BLOCK = 10_000;
/** Group numbers have six digits. */
const NUMBERS = 1_000_000;
const BLOCK_LIMIT_MS = 20_000;
const REST_MS = 1_000;

const SHAPES: readonly FigureShape[] = [
  { key: "rate", title: "pushes and deletes", unit: "requests/s", better: "more" },
  { key: "rss", title: "RSS at the end", unit: "MB", better: "less" },
  { key: "rss-growth", title: "RSS at the end over that after the first block", unit: "MB", better: "less" },
  { key: "page-growth", title: "page bytes at the end over those at the start", unit: "bytes", better: "less" },
];

/** New groups are pushed and deleted again, block by block: memory ends where it began. */
export const churn: Scenario = {
  id: "churn",
  run: async (bench) => {
    const measured = noRounds();
    const notes: string[] = [];
    for (const program of [bench.programs.ours, bench.programs.peer])
      if (program !== null) measured[program.who].push(await churnOn(bench, program, notes));
    const title = `pushes into new groups, deleted again, ${BLOCK.toLocaleString("en-US")} at a time`;
    bench.add("churn", title, SHAPES, measured, notes);
  },
};

async function churnOn(bench: Bench, program: Program, notes: string[]): Promise<Measured> {
  const { plan } = bench;
  const server = await Server.start(program, program.who === "theirs" ? [UNCHECKED] : []);
  try {
    const startPages = await pageBytes(server);
    const startMs = performance.now();
    let [busyMs, done, firstRss] = [0, 0, 0];
    for (; done < plan.churnedGroups; done += BLOCK) {
      if (program.who === "theirs" && performance.now() - startMs > plan.peerLimitMs) break;
      bench.progress(`churn: ${program.who}, ${done.toLocaleString("en-US")} groups`);
      busyMs += await churnBlock(bench, server, done);
      if (done === 0) firstRss = server.rssMegabytes;
    }
    await Bun.sleep(REST_MS);
    notes.push(`${program.who}: ${done.toLocaleString("en-US")} groups`);
    const rss = server.rssMegabytes;
    const grown = (await pageBytes(server)) - startPages;
    return { rate: (done * 2) / (busyMs / 1000), rss, "rss-growth": rss - firstRss, "page-growth": grown };
  } finally {
    await server.drop();
  }
}

/** Returns how long it took, in milliseconds. */
async function churnBlock(bench: Bench, server: Server, first: number): Promise<number> {
  const groups = instances(BLOCK, first % NUMBERS);
  let tookMs = 0;
  for (const [method, body] of [
    ["PUT", "gauges"],
    ["DELETE", null],
  ] as const) {
    const result = await bench.stands.requestEach(server, { method, body, groups, limitMs: BLOCK_LIMIT_MS }, first);
    if (result.answered < BLOCK) throw new Error(`${method} of ${BLOCK} groups: ${result.answered} were answered`);
    tookMs += result.elapsedMs;
  }
  return tookMs;
}

/** Of our own metrics; not a number where a server has none of the kind. */
async function pageBytes(server: Server): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const found = /^pushgateway_store_page_bytes (\S+)$/m.exec(await answer.text());
  return Number(found?.[1] ?? Number.NaN);
}
