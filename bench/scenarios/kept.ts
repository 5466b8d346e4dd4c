import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Contender, FigureShape, Scenario } from "../bench.ts";
import { bodies } from "../load/bodies.ts";
import { instances } from "../load/request-source.ts";
import type { Program } from "../programs.ts";
import { Server } from "../server.ts";
import { measurePushes } from "./requests.ts";

const CONNECTIONS = 32;
const GROUPS = 1_000;
/** Longer than other rounds: commits and checkpoints are to find their rhythm. */
const ROUND_FACTOR = 4;

const PUSH_SHAPES: readonly FigureShape[] = [
  { key: "rate", title: "", unit: "pushes/s", better: "more" },
  { key: "p99", title: "p99", unit: "ms", better: "less" },
];
const READY_SHAPE: readonly FigureShape[] = [{ key: "ready", title: "", unit: "ms", better: "less" }];

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pushgateway-bench-"));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const keptIn = (file: string): string => `--persistence.file=${file}`;

/** Pushes that are answered once they are on the disk, against the same program that holds them in memory only. */
export const keptPushes: Scenario = {
  id: "kept/pushes",
  run: (bench) => inFolder((folder) => pushKept(bench, join(folder, "metrics"))),
};

async function pushKept(bench: Bench, file: string): Promise<void> {
  const groups = instances(GROUPS);
  const kept = await Server.start(bench.programs.ours, [keptIn(file)]);
  const inMemory = await Server.start(bench.programs.ours);
  const on = (server: Server, who: Program["who"]): Contender => ({
    who,
    measure: (round) =>
      measurePushes(bench, server, "gauges", groups, round, {
        durationMs: bench.plan.roundMs * ROUND_FACTOR,
        connections: CONNECTIONS,
      }),
  });
  try {
    for (const server of [kept, inMemory]) await bench.stands.fill(server, { body: "gauges", groups });
    const rounds = await bench.inTurns("kept/pushes", bench.plan.rounds, [on(kept, "ours"), on(inMemory, "limit")]);
    const title = `${bodies.gauges.title}, 1,000 groups, ${CONNECTIONS} connections, each on the disk when answered`;
    bench.add("kept/pushes", title, PUSH_SHAPES, rounds, ["limit: the same program with memory only"]);
  } finally {
    await kept.drop();
    await inMemory.drop();
  }
}

/**
 * From the start of the process until everything in its file can be scraped; the peer has the same content in its own
 * format.
 */
export const restoring: Scenario = {
  id: "kept/restore",
  run: (bench) => inFolder((folder) => restore(bench, folder)),
};

async function restore(bench: Bench, folder: string): Promise<void> {
  const { ours, peer } = bench.programs;
  const groups = bench.plan.restoredGroups;
  const files = { ours: join(folder, "ours"), theirs: join(folder, "theirs") };
  bench.progress("kept/restore: loading");
  const server = await Server.start(ours, [keptIn(files.ours)]);
  await bench.stands.fill(server, { body: "gauges", groups: instances(groups) });
  await server.stop();
  exportGob(ours, files.ours, files.theirs);
  const on = (program: Program, file: string): Contender => ({
    who: program.who,
    measure: async () => {
      const started = await Server.start(program, [keptIn(file), "--persistence.interval=24h"]);
      await started.drop();
      return { ready: started.readyMs };
    },
  });
  // Where a peer is killed its file stays as it was; ours is the same after each start anyhow.
  const contenders = [on(ours, files.ours), peer && on(peer, files.theirs)];
  const rounds = await bench.inTurns("kept/restore", bench.plan.scrapeRounds, contenders);
  const title = `start to ready with ${groups.toLocaleString("en-US")} groups in the file`;
  bench.add("kept/restore", title, READY_SHAPE, rounds);
}

function exportGob(program: Program, file: string, target: string): void {
  const stdout = openSync(target, "w");
  const { success } = Bun.spawnSync([...program.words, "export", "--format=gob", file], { stdout, stderr: "inherit" });
  if (!success) throw new Error(`exporting ${file} as gob failed`);
}
