import { expect, test } from "bun:test";
import { join } from "node:path";
import type { FileResult } from "./file-run.ts";
import { Progress } from "./progress.ts";

const COUNTS = join(import.meta.dir, "..", "..", ".ci", "counts");

/** What a run of the files prints. */
function logOf(files: readonly Pick<FileResult, "passed" | "failed" | "output">[]): string {
  let log = "";
  const progress = new Progress(files.length, false, (text) => {
    log += text;
  });
  for (const [n, file] of files.entries())
    progress.add({ path: `test/${n}.test.ts`, seconds: 1, processorSeconds: 1, ...file });
  progress.end();
  return log;
}

const PASSING = { passed: 5, failed: 0, output: " 5 pass\n 0 fail\nRan 5 tests across 1 file.\n" };
const FAILING = { passed: 2, failed: 3, output: "(fail) one\n 2 pass\n 3 fail\nRan 5 tests across 1 file.\n" };

test.each([
  { what: "one run in which all passed", runs: [[PASSING]], expected: "5 passed, 0 failed\n" },
  { what: "a file in which something failed, once", runs: [[PASSING, FAILING]], expected: "7 passed, 3 failed\n" },
  { what: "several runs", runs: [[PASSING], [FAILING], [PASSING, FAILING]], expected: "14 passed, 6 failed\n" },
  { what: "nothing that ran", runs: [], expected: "0 passed, 0 failed\n" },
])("the last line of .ci/run counts $what", ({ runs, expected }) => {
  const { stdout } = Bun.spawnSync([COUNTS], { stdin: Buffer.from(runs.map(logOf).join("\n== a step\n")) });
  expect(stdout.toString()).toBe(expected);
});
