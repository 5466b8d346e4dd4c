import { type Bench, type FigureShape, type Measured, noRounds, type Scenario } from "../bench.ts";
import { instances } from "../load/request-source.ts";
import type { Program } from "../programs.ts";
import type { Server } from "../server.ts";

const OUR_LIMIT_MS = 30_000;

const SHAPES: readonly FigureShape[] = [
  { key: "delete", title: "DELETE", unit: "deletes/s", better: "more" },
  { key: "delete-rss", title: "RSS after the deletes and a rest", unit: "MB", better: "less" },
  { key: "wipe", title: "wipe", unit: "ms", better: "less" },
  { key: "wipe-rss", title: "RSS after the wipe and a rest", unit: "MB", better: "less" },
];

/** Everything is deleted, group by group and at once; then the memory is looked at. */
export const removal: Scenario = {
  id: "removal",
  run: async (bench) => {
    const measured = noRounds();
    const notes = [`rest: ${bench.plan.settleMs / 1000} s`];
    const open: { readonly program: Program; readonly pair: Pair; readonly found: Measured }[] = [];
    try {
      for (const program of [bench.programs.ours, bench.programs.peer]) {
        if (program === null) continue;
        bench.progress(`removal: ${program.who}, loading`);
        const pair = await loadPair(bench, program);
        if (pair === null) notes.push(`${program.who} left out: it could not be loaded in time`);
        else open.push({ program, pair, found: await removeAll(bench, program, pair) });
      }
      bench.progress("removal: rest");
      await Bun.sleep(bench.plan.settleMs);
      for (const { program, pair, found } of open) measured[program.who].push({ ...found, ...memoryOf(pair) });
    } finally {
      for (const { pair } of open) await Promise.all([pair.deleted.drop(), pair.wiped.drop()]);
    }
    bench.add("removal", `${bench.plan.removedGroups.toLocaleString("en-US")} groups`, SHAPES, measured, notes);
  },
};

/** Two servers of one program: in one all groups are deleted, the other is wiped. */
interface Pair {
  readonly deleted: Server;
  readonly wiped: Server;
}

async function loadPair(bench: Bench, program: Program): Promise<Pair | null> {
  const contents = { body: "gauges", groups: instances(bench.plan.removedGroups) } as const;
  const deleted = await bench.stands.unchecked(program, contents);
  if (deleted === null) return null;
  const wiped = await bench.stands.unchecked(program, contents);
  if (wiped !== null) return { deleted, wiped };
  await deleted.drop();
  return null;
}

async function removeAll(bench: Bench, program: Program, { deleted, wiped }: Pair): Promise<Measured> {
  const limitMs = program.who === "theirs" ? bench.plan.peerLoadMs : OUR_LIMIT_MS;
  bench.progress(`removal: ${program.who}, deleting`);
  const result = await bench.stands.requestEach(deleted, {
    method: "DELETE",
    body: null,
    groups: instances(bench.plan.removedGroups),
    limitMs,
  });
  bench.progress(`removal: ${program.who}, wiping`);
  return { delete: result.answered / (result.elapsedMs / 1000), wipe: await wipe(wiped, limitMs) };
}

async function wipe(server: Server, limitMs: number): Promise<number> {
  const url = `http://127.0.0.1:${server.port}/api/v1/admin/wipe`;
  const startMs = performance.now();
  const answer = await fetch(url, { method: "PUT", signal: AbortSignal.timeout(limitMs) });
  if (!answer.ok) throw new Error(`wiping ${server.program.title}: status ${answer.status}`);
  return performance.now() - startMs;
}

function memoryOf({ deleted, wiped }: Pair): Measured {
  return { "delete-rss": deleted.rssMegabytes, "wipe-rss": wiped.rssMegabytes };
}
