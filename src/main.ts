import { arch, platform } from "node:os";
import { build } from "./build-info.ts";
import { parseCommandLine } from "./config/command-line.ts";
import type { ProgramInfo } from "./config/program.ts";
import type { Outside } from "./program/outside.ts";
import { serve } from "./program/serve.ts";

const GO_ARCHITECTURES: Record<string, string> = { x64: "amd64", ia32: "386" };

const program: ProgramInfo = {
  ...build,
  runtimeVersion: Bun.version,
  platform: `${platform()}/${GO_ARCHITECTURES[arch()] ?? arch()}`,
};

const outside: Outside = {
  now: Date.now,
  nowMs: () => performance.now(),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  after: (ms, run) => void (ms === 0 ? setImmediate(run) : setTimeout(run, ms)),
  every: (ms, run) => void setInterval(run, ms).unref(),
  environment: process.env,
  pid: process.pid,
  onEndSignal: (run) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, run);
  },
  stdout: () => Bun.stdout.writer(),
  writeError: (text) => void process.stderr.write(text),
  startWriter: () => new Worker(new URL("./persist/worker.ts", import.meta.url)),
  startImporter: () => new Worker(new URL("./program/import-thread.ts", import.meta.url)),
};

/** Does what the command line asks for and gives the exit status. What a server does not need is loaded where it is needed. */
async function main([command, ...others]: readonly string[]): Promise<number> {
  if (command === "healthcheck")
    return (await import("./program/healthcheck.ts")).runHealthcheck(others, program, outside);
  if (command === "export") return (await import("./program/export.ts")).runExport(others, outside);
  const line = parseCommandLine(command === undefined ? [] : [command, ...others], program);
  if (line.kind === "run") return serve(line.settings, program, outside);
  (line.kind === "print" ? process.stdout : process.stderr).write(line.text);
  return line.kind === "print" ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
