import type { Bench, FigureShape, Measured, Scenario } from "../bench.ts";
import { type BodyName, bodies, keptCounters } from "../load/bodies.ts";
import type { GroupRange } from "../load/jobs.ts";
import { Random } from "../load/random.ts";
import { instances } from "../load/request-source.ts";
import { Server } from "../server.ts";
import { measurePushes } from "./requests.ts";

const PUSHED_GROUPS = 1_000;
const WARM_UP_PUSHES = 30_000;
/** A push that is added may cost half as much again as one that replaces. */
const SHAPES: readonly FigureShape[] = [
  { key: "rate", title: "", unit: "pushes/s", better: "more", wanted: { of: "limit", value: 0.66 } },
  { key: "cpu", title: "CPU", unit: "us/push", better: "less" },
];

/** What it costs to add a push to what is there. */
export const adding: Scenario = {
  id: "adding",
  run: async (bench) => {
    if (bench.wants("adding/push")) await pushes(bench, "adding/push", "gauges", PUSHED_GROUPS);
    if (bench.wants("adding/some")) await pushes(bench, "adding/some", "some", 1);
  },
};

/** Pushes that are added against pushes that replace; of some series of a family, to one that holds all. */
async function pushes(bench: Bench, id: string, body: BodyName, groupCount: number): Promise<void> {
  const { ours } = bench.programs;
  const groups = instances(groupCount);
  const servers = await Promise.all([
    Server.start(ours, ["--push.aggregate={}", "--push.aggregate-gauges=sum"]),
    Server.start(ours),
  ]);
  const [adds, replaces] = servers;
  const pushSome = (server: Server, count: number, round: number): Promise<Measured> =>
    measurePushes(bench, server, body, groups, round, { count });
  try {
    if (body === "some") await fill(bench, adds, groups);
    for (const server of servers) await pushSome(server, WARM_UP_PUSHES, -1);
    const count = bench.plan.roundPushes;
    const rounds = await bench.inTurns(id, bench.plan.rounds, [
      { who: "ours", measure: (round) => pushSome(adds, count, round) },
      { who: "limit", measure: (round) => pushSome(replaces, count, round) },
    ]);
    const title = `${bodies[body].title}, ${groupCount.toLocaleString("en-US")} groups, added`;
    bench.add(id, title, SHAPES, rounds, ["limit: the same program, which replaces"]);
  } finally {
    for (const server of servers) await server.drop();
  }
}

/** Pushes all series of which some are pushed. */
async function fill({ plan }: Bench, server: Server, { path, first }: GroupRange): Promise<void> {
  const body = Buffer.from(keptCounters(new Random(plan.seed)));
  const answer = await fetch(`http://127.0.0.1:${server.port}${path.replace("######", String(first))}`, {
    method: "PUT",
    body,
  });
  if (answer.status !== 200) throw new Error(`filling a group: got ${answer.status}: ${await answer.text()}`);
}
