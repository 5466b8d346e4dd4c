import type { Bench, FigureShape, Measured } from "../bench.ts";
import { type BodyName, bodies } from "../load/bodies.ts";
import type { GroupRange } from "../load/jobs.ts";
import type { Server } from "../server.ts";
import { CONNECTIONS } from "../stands.ts";

export const PUSH_SHAPES: readonly FigureShape[] = [
  { key: "rate", title: "", unit: "pushes/s", better: "more" },
  { key: "cpu", title: "CPU", unit: "us/push", better: "less" },
];

export const SAMPLE_SHAPES: readonly FigureShape[] = [
  { key: "samples", title: "", unit: "samples/s", better: "more" },
  { key: "sampleCpu", title: "CPU", unit: "us/1,000 samples", better: "less" },
];

interface PushOptions {
  readonly durationMs?: number;
  readonly connections?: number;
  /** A number of pushes instead of a time. */
  readonly count?: number | null;
  /** More lines of the header, each with its end. */
  readonly fields?: string;
}

/** The pushes must be answered within this time. */
const COUNT_LIMIT_MS = 60_000;

/** Pushes as fast as they are answered, for the plan's time; what is under way then is waited for, but not for ever. */
export async function measurePushes(
  bench: Bench,
  server: Server,
  body: BodyName,
  groups: GroupRange,
  round: number,
  { durationMs = bench.plan.roundMs, connections = CONNECTIONS, count = null, fields = "" }: PushOptions = {},
): Promise<Measured> {
  const loader = await bench.loader("requests");
  const startCpu = server.cpuMicroseconds;
  const result = await loader.run({
    kind: "requests",
    port: server.port,
    isTls: server.isTls,
    method: "PUT",
    body,
    groups,
    fields,
    order: "random",
    connections,
    count,
    durationMs: count === null ? durationMs : null,
    limitMs: count === null ? Math.max(durationMs * 2, bench.plan.peerLimitMs) : COUNT_LIMIT_MS,
    ratePerSecond: null,
    seed: bench.plan.seed + round,
  });
  if (result.refused > 0) throw new Error(`pushing to ${server.program.title}: ${result.refused} were refused`);
  const cpu = (server.cpuMicroseconds - startCpu) / result.answered;
  const rate = result.answered / (result.elapsedMs / 1000);
  const { samples } = bodies[body];
  const { p99 } = result.latencies;
  return { rate, cpu, p99, samples: rate * samples, sampleCpu: (cpu / samples) * 1000 };
}

/** Lets a server's compilers and caches get used to the pushes. */
export async function warmUp(bench: Bench, server: Server, body: BodyName, groups: GroupRange): Promise<void> {
  await measurePushes(bench, server, body, groups, -1, { durationMs: bench.plan.warmUpMs });
}
