import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../build/package/compile.ts";
import { readSource } from "../../build/release/source.ts";
import { version } from "../../package.json";
import type { Bench, Contender, FigureShape, Scenario } from "../bench.ts";
import type { Program } from "../programs.ts";
import { Server } from "../server.ts";

const IDLE_MS = 1_000;
const START_SHAPES: readonly FigureShape[] = [
  { key: "ready", title: "start to ready", unit: "ms", better: "less" },
  { key: "idle-rss", title: "RSS, idle", unit: "MB", better: "less" },
];

/** From the start of the process to the first answer, and the memory of a server that does nothing. */
export const start: Scenario = {
  id: "start",
  run: async (bench) => {
    const of = (program: Program): Contender => ({
      who: program.who,
      measure: async () => {
        const server = await Server.start(program);
        await Bun.sleep(IDLE_MS);
        const rss = server.rssMegabytes;
        await server.drop();
        return { ready: server.readyMs, "idle-rss": rss };
      },
    });
    const { ours, peer, limit } = bench.programs;
    const contenders = [of(ours), peer && of(peer), of(limit)];
    bench.add("start", "empty store", START_SHAPES, await bench.inTurns("start", bench.plan.rounds, contenders));
  },
};

const RUNS = 12;
const RUN_SHAPE: readonly FigureShape[] = [{ key: "ms", title: "", unit: "ms", better: "less" }];

/** What it costs to be one file without a library: `--version`, against that of the program as Bun compiles it. */
export const run: Scenario = {
  id: "start/run",
  run: async (bench) => {
    const { ours } = bench.programs;
    if (!ours.isBuilt) return;
    const folder = mkdtempSync(join(tmpdir(), "pushgateway-bench-"));
    try {
      bench.progress("start/run: compiling");
      const plain = join(folder, "pushgateway");
      writeFileSync(plain, compile(version, readSource()).bytes, { mode: 0o755 });
      await runBoth(bench, ours.words, [plain]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function runBoth(bench: Bench, ours: readonly string[], plain: readonly string[]): Promise<void> {
  const rounds = await bench.inTurns("start/run", bench.plan.rounds * RUNS, [
    { who: "ours", measure: async () => ({ ms: lifetimeMs(ours) }) },
    { who: "limit", measure: async () => ({ ms: lifetimeMs(plain) }) },
  ]);
  const notes = ["limit: the program as Bun compiles it, which needs the libraries of its host"];
  bench.add("start/run", "start to end of --version", RUN_SHAPE, rounds, notes);
}

function lifetimeMs(words: readonly string[]): number {
  const startMs = performance.now();
  const { success } = Bun.spawnSync([...words, "--version"], { stdout: "ignore", stderr: "ignore" });
  if (!success) throw new Error(`running ${words.join(" ")} --version failed`);
  return performance.now() - startMs;
}
