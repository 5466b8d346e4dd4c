import { type Bench, type FigureShape, noRounds, type Rounds, type Scenario } from "../bench.ts";
import { spread } from "../figures.ts";
import { type BodyName, bodies } from "../load/bodies.ts";
import type { GroupRange } from "../load/jobs.ts";
import { instances } from "../load/request-source.ts";
import type { Program } from "../programs.ts";
import type { Server } from "../server.ts";
import { measurePushes, PUSH_SHAPES, SAMPLE_SHAPES, warmUp } from "./requests.ts";

interface Pushes {
  readonly body: BodyName;
  readonly groups: GroupRange;
}

/** Pushes of an odd kind, and the plain ones of the same size that they may cost three times as much as. */
interface OddCase {
  readonly id: string;
  readonly title: string;
  readonly odd: Pushes;
  readonly plain: Pushes;
  readonly shapes: readonly FigureShape[];
  /** The figure that is compared with that of the plain pushes. */
  readonly cost: string;
}

const SHAPES = 1_000;
const otherLabels: GroupRange = { path: "/metrics/job/bench/l######/v", first: 0, step: 1, count: SHAPES };
const one = instances(1);

const CASES: readonly OddCase[] = [
  {
    id: "shapes/steady",
    title: `${bodies.gauges.title}, 1,000 groups, no two with the same grouping labels`,
    odd: { body: "gauges", groups: otherLabels },
    plain: { body: "gauges", groups: instances(SHAPES) },
    shapes: PUSH_SHAPES,
    cost: "cpu",
  },
  {
    id: "shapes/relabelled",
    title: `${bodies.relabelled.title}, 1,000 groups, no two with the same grouping labels`,
    odd: { body: "relabelled", groups: otherLabels },
    plain: { body: "relabelled", groups: instances(SHAPES) },
    shapes: PUSH_SHAPES,
    cost: "cpu",
  },
  {
    id: "wide/steady",
    title: `${bodies.wide.title} in one group`,
    odd: { body: "wide", groups: one },
    plain: { body: "bulk", groups: one },
    shapes: SAMPLE_SHAPES,
    cost: "sampleCpu",
  },
  {
    id: "wide/relabelled",
    title: `${bodies.wideRelabelled.title}, in one group`,
    odd: { body: "wideRelabelled", groups: one },
    plain: { body: "bulk", groups: one },
    shapes: SAMPLE_SHAPES,
    cost: "sampleCpu",
  },
];

const COST_SHAPE: readonly FigureShape[] = [{ key: "cost", title: "", unit: "x a plain push", better: "less" }];

export const oddScenarios: readonly Scenario[] = CASES.map((odd) => ({
  id: odd.id,
  run: (bench) => runCase(bench, odd),
}));

async function runCase(bench: Bench, { id, title, odd, plain, shapes, cost }: OddCase): Promise<void> {
  const servers: Server[] = [];
  const start = async (program: Program, { body, groups }: Pushes): Promise<Server | null> => {
    bench.progress(`${id}: loading ${program.who}`);
    const server = await bench.stands.checked(program, { body, groups });
    if (server === null) return null;
    servers.push(server);
    if (program.who !== "theirs") await warmUp(bench, server, body, groups);
    return server;
  };
  const { ours, peer, limit } = bench.programs;
  const measure = (server: Server | null, who: Program["who"], { body, groups }: Pushes) =>
    server && { who, measure: (round: number) => measurePushes(bench, server, body, groups, round) };
  try {
    const oddServer = await start(ours, odd);
    const plainServer = await start(ours, plain);
    const rounds = await bench.inTurns(id, bench.plan.rounds, [
      measure(oddServer, "ours", odd),
      measure(peer && (await start(peer, odd)), "theirs", odd),
      measure(await start(limit, odd), "limit", odd),
    ]);
    const plainRounds = await bench.inTurns(`${id}, plain`, bench.plan.rounds, [measure(plainServer, "ours", plain)]);
    bench.add(id, title, shapes, rounds);
    bench.add(`${id}/cost`, `${title}: cost`, COST_SHAPE, costs(rounds, plainRounds, cost));
  } finally {
    for (const server of servers) await server.drop();
  }
}

function costs(odd: Rounds, plain: Rounds, key: string): Rounds {
  const usual = spread(plain.ours.map((measured) => measured[key] ?? Number.NaN))?.median ?? Number.NaN;
  const ours = odd.ours.map((measured) => ({ cost: (measured[key] ?? Number.NaN) / usual }));
  return { ...noRounds(), ours };
}
