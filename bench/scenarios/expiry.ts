import { type Bench, type FigureShape, type Measured, noRounds, type Scenario } from "../bench.ts";
import { bodies } from "../load/bodies.ts";
import type { GroupRange } from "../load/jobs.ts";
import { instances } from "../load/request-source.ts";
import { Server } from "../server.ts";
import { GAP_SHAPE, probesOf } from "./gets.ts";
import { measurePushes } from "./requests.ts";

const PUSHED_GROUPS = 1_000;
const WARM_UP_PUSHES = 30_000;
/** What a push with a time to live may cost more is within the rate of one without. */
const PUSH_SHAPES: readonly FigureShape[] = [
  { key: "rate", title: "", unit: "pushes/s", better: "more", wanted: { of: "limit", value: 0.97 } },
  { key: "cpu", title: "CPU", unit: "us/push", better: "less" },
];

/** Groups that are loaded with one time to live: all of them end at the same instant, give or take their loading. */
const BLOCK = 20_000;
/** Pushes a second, slower than they are, that the time for loading is made of. */
const LEAST_RATE = 14_000;
const LAST_GROUP_EVERY_MS = 100;
const LIMIT_MS = 60_000;

const SHAPES: readonly FigureShape[] = [
  { key: "total", title: "from the first to the last", unit: "ms", better: "less" },
  GAP_SHAPE,
  { key: "p99", title: "its p99", unit: "ms", better: "less" },
];

/** What a time to live costs a push, and what it is like when very many groups go at once. */
export const expiry: Scenario = {
  id: "expiry",
  run: async (bench) => {
    if (bench.wants("expiry/push")) await pushes(bench, "expiry/push", "with its time to live", [], "?ttl=1h");
    if (bench.wants("expiry/flag")) await pushes(bench, "expiry/flag", "with one for all", ["--push.group-ttl=1h"], "");
    if (bench.wants("expiry/end")) await ends(bench);
  },
};

function withQuery(groups: GroupRange, query: string): GroupRange {
  return { ...groups, path: groups.path + query };
}

/** Pushes with a time to live against pushes without. */
async function pushes(bench: Bench, id: string, what: string, flags: readonly string[], query: string): Promise<void> {
  const { ours } = bench.programs;
  const groups = instances(PUSHED_GROUPS);
  const servers = await Promise.all([Server.start(ours, flags), Server.start(ours)]);
  const [timed, plain] = servers;
  const pushSome = (server: Server, count: number, round: number): Promise<Measured> =>
    measurePushes(bench, server, "gauges", withQuery(groups, server === timed ? query : ""), round, { count });
  try {
    for (const server of servers) await pushSome(server, WARM_UP_PUSHES, -1);
    const count = bench.plan.roundPushes;
    const rounds = await bench.inTurns(id, bench.plan.rounds, [
      { who: "ours", measure: (round) => pushSome(timed, count, round) },
      { who: "limit", measure: (round) => pushSome(plain, count, round) },
    ]);
    const title = `${bodies.gauges.title}, ${PUSHED_GROUPS.toLocaleString("en-US")} groups, ${what}`;
    bench.add(id, title, PUSH_SHAPES, rounds, ["limit: the same program, without"]);
  } finally {
    for (const server of servers) await server.drop();
  }
}

/** Very many groups that end in the same second, while tiny requests go on. */
async function ends(bench: Bench): Promise<void> {
  const { expiringGroups } = bench.plan;
  const server = await Server.start(bench.programs.ours);
  try {
    bench.progress("expiry/end: loading");
    // The first answer of this kind takes its time.
    await fetch(lastGroupUrl(server, 0));
    const endMs = Date.now() + (expiringGroups / LEAST_RATE) * 1000;
    for (let first = 0; first < expiringGroups; first += BLOCK) {
      const groups = instances(Math.min(BLOCK, expiringGroups - first), first);
      const ttlMs = endMs - Date.now();
      if (ttlMs <= 0) throw new Error(`loading ${expiringGroups} groups: it took too long`);
      await bench.stands.fill(server, { body: "gauge", groups: withQuery(groups, `?ttl=${ttlMs}ms`) });
    }
    bench.progress("expiry/end: waiting");
    await Bun.sleep(endMs - Date.now());
    const measured = noRounds();
    measured.ours.push(await whileTheyGo(bench, server, expiringGroups - 1));
    bench.add(
      "expiry/end",
      `${expiringGroups.toLocaleString("en-US")} groups of one gauge end at once`,
      SHAPES,
      measured,
    );
  } finally {
    await server.drop();
  }
}

async function whileTheyGo(bench: Bench, server: Server, last: number): Promise<Measured> {
  const loader = await bench.loader("probe");
  const startMs = performance.now();
  const gone = untilGone(server, last, startMs + LIMIT_MS);
  const probing = loader.run(probesOf(server, bench.plan.latencyMs, LIMIT_MS));
  const [{ latencies }, goneMs] = await Promise.all([probing, gone]);
  return { total: goneMs - startMs, gap: latencies.max, p99: latencies.p99 };
}

function lastGroupUrl({ port }: Server, last: number): string {
  return `http://127.0.0.1:${port}/api/v1/groups/job/bench/instance/g${String(last).padStart(6, "0")}`;
}

/** When the group that was pushed last is not there any more. */
async function untilGone(server: Server, last: number, limitMs: number): Promise<number> {
  while (performance.now() < limitMs) {
    const { status } = await fetch(lastGroupUrl(server, last));
    if (status === 404) return performance.now();
    await Bun.sleep(LAST_GROUP_EVERY_MS);
  }
  throw new Error(`waiting for the end of ${last + 1} groups: the last is there after ${LIMIT_MS} ms`);
}
