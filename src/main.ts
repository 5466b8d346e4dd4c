import { fullGC } from "bun:jsc";
import { arch, platform } from "node:os";
import { build } from "./build-info.ts";
import { expandWords } from "./config/arguments.ts";
import { parseCommandLine } from "./config/command-line.ts";
import type { ProgramInfo } from "./config/program.ts";
import { readText } from "./config/read-file.ts";
import { slicesInTurn } from "./model/turns.ts";
import type { Runtime } from "./program/runtime.ts";
import { serve } from "./program/serve.ts";

const GO_ARCHITECTURES: Record<string, string> = { x64: "amd64", ia32: "386" };

const program: ProgramInfo = {
  ...build,
  runtimeVersion: Bun.version,
  platform: `${platform()}/${GO_ARCHITECTURES[arch()] ?? arch()}`,
};

const runtime: Runtime = {
  clock: {
    now: Date.now,
    nowMs: () => performance.now(),
    turn: slicesInTurn(setImmediate),
    after: (ms, run) => void (ms === 0 ? setImmediate(run) : setTimeout(run, ms)),
    every: (ms, run) => void setInterval(run, ms).unref(),
  },
  cpuSeconds: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  heapBytes: () => process.memoryUsage().heapUsed,
  residentBytes: () => process.memoryUsage.rss(),
  collect: () => void fullGC(),
  environment: process.env,
  pid: process.pid,
  onSignal: (signals, run) => {
    for (const signal of signals) process.on(signal, run);
  },
  stdout: () => Bun.stdout.writer(),
  stdin: {
    isTerminal: () => process.stdin.isTTY === true,
    showTyped: (isShown) => void process.stdin.setRawMode(!isShown),
    pieces: () => process.stdin,
  },
  writeError: (text) => void process.stderr.write(text),
  startWriter: () => new Worker(new URL("./persist/worker.ts", import.meta.url)),
  startLog: () => new Worker(new URL("./cluster/worker.ts", import.meta.url)),
  startImporter: () => new Worker(new URL("./import/import-thread.ts", import.meta.url)),
};

/** The columns of the terminal, as COLUMNS or the terminal itself has them; 80 if there is none. */
const width = Number.parseInt(process.env.COLUMNS ?? "", 10) || process.stdout.columns || 80;

/**
 * Does what the command line asks for. Returns the exit status. What a server does not need is loaded when it is
 * needed.
 */
async function main(words: readonly string[]): Promise<number> {
  const line = parseCommandLine(expandWords(words, readText), program, width);
  switch (line.kind) {
    case "run":
      return serve(line.settings, program, runtime);
    case "export":
      return (await import("./program/export.ts")).runExport(line, runtime);
    case "healthcheck":
      return (await import("./program/healthcheck.ts")).runHealthcheck(line, program, runtime);
    case "check-config":
      return (await import("./program/check-config.ts")).runCheckConfig(line, runtime);
    case "hash-token":
      return (await import("./program/hash-token.ts")).runHashToken(line, runtime);
    case "print":
      process.stdout.write(line.text);
      return 0;
    case "fail":
      process.stderr.write(line.text);
      return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
