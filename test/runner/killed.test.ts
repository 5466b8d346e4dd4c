import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const root = join(import.meta.dir, "..", "..");
const NEVER_ENDS = "./test/runner/never-ends.ts";
const RUNNER = ["test/runner/main.ts", NEVER_ENDS];
const SOAK = ["test/soak/main.ts", "--minutes", "10"];

/** The processes that were started with this in their environment. */
function startedWith(variable: string): number[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.filter((pid) => textsOf(pid, "environ").includes(variable)).map(Number);
}

const isServer = (pid: number): boolean => textsOf(pid, "cmdline").some((text) => text.startsWith("--web.listen-"));

/** The texts of a file of /proc about a process; none where it is gone. */
function textsOf(pid: number | string, file: "environ" | "cmdline"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1").split("\0");
  } catch {
    return [];
  }
}

/** A key of the terminal signals all of the group that the shell put the run in. */
const CASES = [
  { what: "a run is killed", words: RUNNER, signal: "SIGKILL", isGroup: false },
  { what: "a run is asked to end", words: RUNNER, signal: "SIGTERM", isGroup: false },
  { what: "Ctrl-C is pressed", words: RUNNER, signal: "SIGINT", isGroup: true },
  { what: "the terminal of a run is closed", words: RUNNER, signal: "SIGHUP", isGroup: true },
  { what: "bun test is killed", words: ["test", NEVER_ENDS], signal: "SIGKILL", isGroup: false },
  { what: "a soak is killed", words: SOAK, signal: "SIGKILL", isGroup: false },
  { what: "a soak is asked to end", words: SOAK, signal: "SIGTERM", isGroup: false },
] as const;

test.each(CASES)("nothing is left where $what", async ({ words, signal, isGroup }) => {
  const id = crypto.randomUUID();
  const mark = `STARTED_BY=${id}`;
  const env = { ...process.env, STARTED_BY: id, TMPDIR: scratchFolder() };
  const options = { cwd: root, env, detached: true, stdout: "ignore", stderr: "ignore" } as const;
  const { pid } = Bun.spawn([process.execPath, ...words], options);
  await eventually("the server runs", async () => startedWith(mark).some(isServer));
  expect(startedWith(mark)).toContain(pid);
  process.kill(isGroup ? -pid : pid, signal);
  await eventually("nothing of the run is left", async () => startedWith(mark).length === 0);
});
