import type { Bench, FigureShape, Measured, Scenario } from "../bench.ts";
import { type BodyName, bodies } from "../load/bodies.ts";
import { instances } from "../load/request-source.ts";
import { Server } from "../server.ts";
import { CONNECTIONS } from "../stands.ts";
import { measurePushes } from "./requests.ts";

const PUSHED_GROUPS = 1_000;
const WARM_UP_PUSHES = 20_000;
const BULK_PUSHES = 24;
const SCRAPED_GROUPS = 10_000;
const LIMIT_MS = 60_000;
const LENIENT = ["--push.lenient-text"];
const OFFERED = ["--web.enable-openmetrics"];

/** A body, with the flags that it needs, and the same as plain text. */
interface PushPart {
  readonly id: string;
  readonly body: BodyName;
  readonly plain: BodyName;
  readonly flags: readonly string[];
}

const PUSHES: readonly PushPart[] = [
  { id: "formats/push/zstd", body: "gaugesZstd", plain: "gauges", flags: [] },
  { id: "formats/push/openmetrics", body: "gaugesOpenMetrics", plain: "gauges", flags: OFFERED },
  { id: "formats/push/lenient", body: "gauges", plain: "gauges", flags: LENIENT },
  { id: "formats/push/windows", body: "gaugesWindows", plain: "gauges", flags: LENIENT },
  { id: "formats/bulk/zstd", body: "bulkZstd", plain: "bulk", flags: [] },
  { id: "formats/bulk/openmetrics", body: "bulkOpenMetrics", plain: "bulk", flags: OFFERED },
  { id: "formats/bulk/lenient", body: "bulk", plain: "bulk", flags: LENIENT },
  { id: "formats/bulk/windows", body: "bulkWindows", plain: "bulk", flags: LENIENT },
];

/** Fields that ask for a form of the exposition, against those of the one that it is compared with. */
const SCRAPES = [
  {
    id: "formats/scrape/openmetrics",
    title: "as OpenMetrics",
    fields: accept("Accept", "application/openmetrics-text;version=1.0.0"),
    than: "",
  },
  {
    id: "formats/scrape/zstd",
    title: "in zstd",
    fields: accept("Accept-Encoding", "zstd"),
    than: accept("Accept-Encoding", "gzip"),
  },
] as const;

function accept(name: string, value: string): string {
  return `${name}: ${value}\r\n`;
}

/** What other formats and encodings cost, against plain text of the same program. */
export const formats: Scenario = {
  id: "formats",
  run: async (bench) => {
    for (const part of PUSHES) if (bench.wants(part.id)) await pushes(bench, part);
    if (SCRAPES.some(({ id }) => bench.wants(id))) await scrapes(bench);
  },
};

const PUSH_SHAPES: readonly FigureShape[] = [
  { key: "rate", title: "", unit: "pushes/s", better: "more" },
  { key: "cpu", title: "CPU", unit: "us/push", better: "less" },
];

async function pushes(bench: Bench, { id, body, plain, flags }: PushPart): Promise<void> {
  const { ours } = bench.programs;
  const isBulk = bodies[plain].samples > 1_000;
  const groups = instances(isBulk ? CONNECTIONS : PUSHED_GROUPS);
  const [count, warmUp] = isBulk ? [BULK_PUSHES, BULK_PUSHES] : [bench.plan.roundPushes, WARM_UP_PUSHES];
  const one = await Server.start(ours, flags);
  const other = await Server.start(ours);
  try {
    await measurePushes(bench, one, body, groups, -1, { count: warmUp });
    await measurePushes(bench, other, plain, groups, -1, { count: warmUp });
    const rounds = await bench.inTurns(id, bench.plan.rounds, [
      { who: "ours", measure: (round) => measurePushes(bench, one, body, groups, round, { count }) },
      { who: "limit", measure: (round) => measurePushes(bench, other, plain, groups, round, { count }) },
    ]);
    const title = `${bodies[body].title}${flags === LENIENT ? ", --push.lenient-text" : ""}`;
    bench.add(id, title, PUSH_SHAPES, rounds, ["limit: the same program, pushed plain text"]);
  } finally {
    await one.drop();
    await other.drop();
  }
}

const SCRAPE_SHAPES: readonly FigureShape[] = [
  { key: "time", title: "", unit: "ms", better: "less" },
  { key: "cpu", title: "CPU", unit: "ms/scrape", better: "less" },
  { key: "size", title: "size", unit: "MB", better: "less" },
];

async function scrapes(bench: Bench): Promise<void> {
  const server = await Server.start(bench.programs.ours, OFFERED);
  try {
    await bench.stands.fill(server, { body: "gauges", groups: instances(SCRAPED_GROUPS) });
    for (const { id, title, fields, than } of SCRAPES) {
      if (!bench.wants(id)) continue;
      const rounds = await bench.inTurns(id, bench.plan.rounds, [
        { who: "ours", measure: (round) => scrapeChanged(bench, server, fields, 2 * round) },
        { who: "limit", measure: (round) => scrapeChanged(bench, server, than, 2 * round + 1) },
      ]);
      const note = than === "" ? "limit: as plain text" : "limit: in gzip";
      bench.add(id, `scrape of 120,000 series ${title}, all changed`, SCRAPE_SHAPES, rounds, [note]);
    }
  } finally {
    await server.drop();
  }
}

/** One scrape behind a push to each group, so that nothing that is kept of the one before is of use. */
async function scrapeChanged(bench: Bench, server: Server, fields: string, round: number): Promise<Measured> {
  const what = { method: "PUT", body: "gauges", groups: instances(SCRAPED_GROUPS), limitMs: LIMIT_MS } as const;
  await bench.stands.requestEach(server, what, round + 1);
  const loader = await bench.loader("scrapes");
  const startCpu = server.cpuMicroseconds;
  const timing = { count: 1, everyMs: 0, durationMs: bench.plan.roundMs, limitMs: LIMIT_MS };
  const job = { kind: "gets", port: server.port, path: "/metrics", gzip: false, fields, ...timing } as const;
  const { answered, responseBytes, latencies } = await loader.run(job);
  if (answered === 0) throw new Error(`scraping for the round ${round}: no answer`);
  const cpu = (server.cpuMicroseconds - startCpu) / 1000;
  return { time: latencies.max, cpu, size: responseBytes / 1e6 };
}
