import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, FigureShape, Measured, Scenario } from "../bench.ts";
import { bodies } from "../load/bodies.ts";
import { instances } from "../load/request-source.ts";
import { Server } from "../server.ts";
import { measurePushes } from "./requests.ts";

const GROUP_COUNT = 10_000;
const GROUPS = instances(GROUP_COUNT);
const WARM_UP_PUSHES = 30_000;
const SCRAPES = 100;
const SCRAPES_LIMIT_MS = 60_000;
const TOKEN = "a-token-of-no-more-than-this-run";
const FIELDS = `Authorization: Bearer ${TOKEN}\r\n`;
const NOTES = ["limit: the same program without the file"];

/** What an access file may cost, of what is done without one. */
const MOST_COST = 1.1;
const PUSH_SHAPES: readonly FigureShape[] = [
  { key: "cpu", title: "CPU", unit: "us/push", better: "less", wanted: { of: "limit", value: MOST_COST } },
];
const SCRAPE_SHAPES: readonly FigureShape[] = [
  { key: "cpu", title: "CPU", unit: "ms/scrape", better: "less", wanted: { of: "limit", value: MOST_COST } },
];

/** Pushes and scrapes of a principal that is known by a token, against those of the same program without the file. */
export const access: Scenario = {
  id: "access",
  run: async (bench) => {
    const folder = mkdtempSync(join(tmpdir(), "pushgateway-bench-"));
    const servers: Server[] = [];
    try {
      const { ours } = bench.programs;
      for (const flags of [[`--web.access-file=${accessFile(folder)}`], []]) {
        const server = await Server.start(ours, flags);
        servers.push(server);
        await push(bench, server, -1, WARM_UP_PUSHES);
        await scrape(bench, server);
      }
      const [guarded, open] = servers as [Server, Server];
      await inTurns(bench, "access/push", `${bodies.gauges.title}, with an access file`, PUSH_SHAPES, [
        (round) => push(bench, guarded, round, bench.plan.roundPushes),
        (round) => push(bench, open, round, bench.plan.roundPushes),
      ]);
      const title = `scrape of ${GROUP_COUNT} such groups, with an access file`;
      await inTurns(bench, "access/scrape", title, SCRAPE_SHAPES, [
        () => scrape(bench, guarded),
        () => scrape(bench, open),
      ]);
    } finally {
      for (const server of servers) await server.drop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

type Measure = (round: number) => Promise<Measured>;

async function inTurns(
  bench: Bench,
  id: string,
  title: string,
  shapes: readonly FigureShape[],
  [guarded, open]: readonly [Measure, Measure],
): Promise<void> {
  if (!bench.wants(id)) return;
  const rounds = await bench.inTurns(id, bench.plan.rounds, [
    { who: "ours", measure: guarded },
    { who: "limit", measure: open },
  ]);
  bench.add(id, title, shapes, rounds, NOTES);
}

/** Whoever shows the token may push to the groups of the job, and scrape all; health is told to everybody. */
function accessFile(folder: string): string {
  const file = join(folder, "access.yml");
  const hash = new Bun.CryptoHasher("sha256").update(TOKEN).digest("hex");
  const rights = `{push: ['{job="bench"}'], scrape: ['{}']}`;
  const principal = `principals: [{name: bench, tokens: [${hash}], rights: ${rights}}]`;
  writeFileSync(file, `${principal}\nanonymous: {health: true}\n`);
  return file;
}

/** The token is shown to both: without the file nobody looks at it. */
const push = (bench: Bench, server: Server, round: number, count: number): Promise<Measured> =>
  measurePushes(bench, server, "gauges", GROUPS, round, { count, fields: FIELDS });

async function scrape(bench: Bench, server: Server): Promise<Measured> {
  const loader = await bench.loader("scrapes");
  const startCpu = server.cpuMicroseconds;
  const timing = { count: SCRAPES, everyMs: 0, durationMs: SCRAPES_LIMIT_MS, limitMs: SCRAPES_LIMIT_MS };
  const { port } = server;
  const { answered } = await loader.run({
    kind: "gets",
    port,
    path: "/metrics",
    gzip: false,
    fields: FIELDS,
    ...timing,
  });
  if (answered < SCRAPES) throw new Error(`scraping: ${answered} of ${SCRAPES} were answered`);
  return { cpu: (server.cpuMicroseconds - startCpu) / 1000 / answered };
}
