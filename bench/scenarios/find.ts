import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, FigureShape, Measured, Scenario } from "../bench.ts";
import { Server } from "../server.ts";
import { GAP_SHAPE, get, probesOf } from "./gets.ts";

/** Half of the groups are of one job, the others of a job of their own each. */
const HALF = 50_000;
const ONE_JOB = { path: "/metrics/job/bench/instance/g######", first: 0, step: 1, count: HALF };
const JOB_EACH = { path: "/metrics/job/team-######", first: 0, step: 1, count: HALF };
const REQUESTS = 40;
const LIMIT_MS = 60_000;

interface Asked {
  readonly id: string;
  readonly title: string;
  readonly path: string;
}

const groups = (query: Readonly<Record<string, string>>) => `/api/v1/groups?limit=50&${new URLSearchParams(query)}`;
const KEYSTROKES: readonly Asked[] = [
  { id: "find/rare", title: "a rare word", path: groups({ search: "g000042" }) },
  { id: "find/word", title: "a word in all keys", path: groups({ search: "job" }) },
  { id: "find/job", title: '{job="team-000042"}', path: groups({ "match[]": '{job="team-000042"}' }) },
  { id: "find/pattern", title: "a pattern of 50,000 values", path: groups({ "match[]": '{job=~"team-0+[0-9]4.*2"}' }) },
  { id: "find/age", title: "sorted by age, with facets", path: groups({ sort: "-pushed", facets: "true" }) },
];

const SHAPES: readonly FigureShape[] = [{ key: "cpu", title: "CPU a request", unit: "ms", better: "less" }, GAP_SHAPE];
const SCRAPE_SHAPES: readonly FigureShape[] = [
  { key: "part", title: "one job", unit: "ms", better: "less" },
  { key: "half", title: "a job of half of the groups", unit: "ms", better: "less" },
  { key: "all", title: "all", unit: "ms", better: "less" },
];
const SEEN_SHAPES: readonly FigureShape[] = (["all", "half"] as const).flatMap((who) => {
  const title = who === "all" ? "all" : "a reader of half of the groups";
  return [
    { key: `${who}Text`, title: `${title}, a MB of lines`, unit: "ms", better: "less" } as const,
    { key: `${who}Gzip`, title: `${title}, a MB of lines, gzip again`, unit: "ms", better: "less" } as const,
  ];
});
const REMOVAL_SHAPES: readonly FigureShape[] = [
  { key: "total", title: "until they are gone", unit: "ms", better: "less" },
  GAP_SHAPE,
];

/** What it takes to find, scrape and delete some of 100,000 groups. */
export const find: Scenario = {
  id: "find",
  run: async (bench) => {
    if (bench.wants("find/seen")) await seen(bench);
    if (!["find/scrape", "find/delete", ...KEYSTROKES.map(({ id }) => id)].some((id) => bench.wants(id))) return;
    bench.progress("find: loading");
    const server = await Server.start(bench.programs.ours);
    try {
      for (const range of [ONE_JOB, JOB_EACH]) await bench.stands.fill(server, { body: "gauge", groups: range });
      for (const asked of KEYSTROKES) if (bench.wants(asked.id)) await keystroke(bench, server, asked);
      if (bench.wants("find/scrape")) await scrapes(bench, server);
      if (bench.wants("find/delete")) await removal(bench, server);
    } finally {
      await server.drop();
    }
  },
};

async function keystroke(bench: Bench, server: Server, { id, title, path }: Asked): Promise<void> {
  await ask(server, path);
  const rounds = await bench.inTurns(id, bench.plan.rounds, [
    {
      who: "ours",
      measure: async () => {
        const startCpu = server.cpuMicroseconds;
        for (let n = 0; n < REQUESTS; n++) await ask(server, path);
        const cpu = (server.cpuMicroseconds - startCpu) / REQUESTS / 1000;
        const { gap } = await whileProbed(bench, server, () => ask(server, path));
        return { cpu, gap };
      },
    },
  ]);
  bench.add(id, `100,000 groups: ${title}`, SHAPES, rounds);
}

async function scrapes(bench: Bench, server: Server): Promise<void> {
  const loader = await bench.loader("scrapes");
  const time = async (selector: string | null) => {
    const query = selector === null ? "" : `?match[]=${encodeURIComponent(selector)}`;
    return (await get(loader, server, `/metrics${query}`, false)).ms;
  };
  const measure = async (): Promise<Measured> => ({
    part: await time('{job="team-000042"}'),
    half: await time('{job="bench"}'),
    all: await time(null),
  });
  const rounds = await bench.inTurns("find/scrape", bench.plan.scrapeRounds, [{ who: "ours", measure }]);
  bench.add("find/scrape", "100,000 groups: a scrape of a part", SCRAPE_SHAPES, rounds);
}

/** Everybody may push, and scrapes half of the groups. */
const HALF_IS_SEEN = `anonymous:
  health: true
  rights: {push: ['{}'], scrape: ['{job="bench"}']}
`;

/** What a MB of a scrape takes for who may see all, and for who may see half of it. */
async function seen(bench: Bench): Promise<void> {
  bench.progress("find/seen: loading");
  const file = join(tmpdir(), `bench-access-${process.pid}.yml`);
  writeFileSync(file, HALF_IS_SEEN);
  const [all, half] = [
    await Server.start(bench.programs.ours),
    await Server.start(bench.programs.ours, [`--web.access-file=${file}`]),
  ];
  try {
    for (const server of [all, half])
      for (const range of [ONE_JOB, JOB_EACH]) await bench.stands.fill(server, { body: "gauge", groups: range });
    const loader = await bench.loader("scrapes");
    const time = async (server: Server, who: string): Promise<Measured> => {
      const text = await get(loader, server, "/metrics", false);
      const gzip = await get(loader, server, "/metrics", true);
      const megabytes = text.bodyBytes / 1e6;
      return { [`${who}Text`]: text.ms / megabytes, [`${who}Gzip`]: gzip.ms / megabytes };
    };
    const measure = async () => ({ ...(await time(all, "all")), ...(await time(half, "half")) });
    await measure();
    const rounds = await bench.inTurns("find/seen", bench.plan.scrapeRounds, [{ who: "ours", measure }]);
    bench.add("find/seen", "100,000 groups: a scrape of what may be seen", SEEN_SHAPES, rounds);
  } finally {
    await all.drop();
    await half.drop();
    rmSync(file);
  }
}

async function removal(bench: Bench, server: Server): Promise<void> {
  const selected = `/api/v1/groups?match[]=${encodeURIComponent('{job="bench"}')}`;
  const { matched, as_of } = JSON.parse(await ask(server, selected, "DELETE")).data;
  const confirmed = `${selected}&dry_run=false&expect=${matched}&as_of=${as_of}`;
  const measure = async () => ({ ...(await whileProbed(bench, server, () => ask(server, confirmed, "DELETE"))) });
  const rounds = await bench.inTurns("find/delete", 1, [{ who: "ours", measure }]);
  bench.add("find/delete", `${matched} of 100,000 groups are deleted by a selector`, REMOVAL_SHAPES, rounds);
}

async function ask({ port }: Server, path: string, method = "GET"): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  const body = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${body}`);
  return body;
}

interface Probed {
  readonly total: number;
  readonly gap: number;
}

/** What something takes, and how long tiny requests wait meanwhile. */
async function whileProbed(bench: Bench, server: Server, what: () => Promise<unknown>): Promise<Probed> {
  const loader = await bench.loader("probe");
  const probing = loader.run(probesOf(server, bench.plan.roundMs, LIMIT_MS));
  const startMs = performance.now();
  await what();
  const total = performance.now() - startMs;
  const { latencies } = await probing;
  return { total, gap: latencies.max };
}
