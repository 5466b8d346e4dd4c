import type { Bench, FigureShape, Measured, Scenario } from "../bench.ts";
import { Server } from "../server.ts";

const VIEWERS = 32;
/** So that each tick tells of something new. */
const PUSH_EVERY_MS = 250;

const SHAPES: readonly FigureShape[] = [
  { key: "cpu", title: "", unit: "% of a core", better: "less", wanted: { of: null, value: 1 } },
];

/** What one of those costs who listen to /api/v1/events while something changes each second. */
export const viewers: Scenario = {
  id: "viewers",
  run: async (bench) => {
    if (!bench.wants("viewers")) return;
    const server = await Server.start(bench.programs.ours);
    try {
      const rounds = await bench.inTurns("viewers", bench.plan.rounds, [
        { who: "ours", measure: () => measureViewer(bench, server) },
      ]);
      bench.add("viewers", `CPU for a viewer, of ${VIEWERS}`, SHAPES, rounds);
    } finally {
      await server.drop();
    }
  },
};

/** With viewers against without. */
async function measureViewer(bench: Bench, server: Server): Promise<Measured> {
  const alone = await cpuWhilePushed(bench, server);
  const leaving = new AbortController();
  const url = `http://127.0.0.1:${server.port}/api/v1/events`;
  const streams = await Promise.all(Array.from({ length: VIEWERS }, () => fetch(url, { signal: leaving.signal })));
  const read = Promise.allSettled(streams.map((stream) => stream.text()));
  const watched = await cpuWhilePushed(bench, server);
  leaving.abort();
  await read;
  return { cpu: (100 * (watched - alone)) / VIEWERS };
}

/** Processor seconds a second. */
export async function cpuWhilePushed({ plan }: Bench, server: Server): Promise<number> {
  const [startMs, startCpu] = [performance.now(), server.cpuMicroseconds];
  for (let n = 0; performance.now() - startMs < plan.latencyMs; n++) {
    const body = `some_metric ${n}\n`;
    const { status } = await fetch(`http://127.0.0.1:${server.port}/metrics/job/viewed`, { method: "PUT", body });
    if (status !== 200) throw new Error(`pushing: answered ${status}`);
    await Bun.sleep(PUSH_EVERY_MS);
  }
  return (server.cpuMicroseconds - startCpu) / 1000 / (performance.now() - startMs);
}
