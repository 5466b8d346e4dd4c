import { Child } from "../program.ts";

/** What running a file of tests came to. */
export interface FileResult {
  readonly path: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  /** All that was printed. */
  readonly output: string;
}

/** A file of tests that takes longer than this hangs. */
const LIMIT_MS = 20 * 60_000;

/** Runs the tests of a file in a process of their own. A process that ends badly is a failure, whatever it counted. */
export async function runFile(path: string): Promise<FileResult> {
  const startMs = performance.now();
  const words = [process.execPath, "test", "--only-failures", `./${path}`];
  await using child = new Child(words);
  let problem = "";
  try {
    const { code } = await child.ended(LIMIT_MS);
    if (code !== 0) problem = `\n${words.join(" ")} ended with ${code === null ? "a signal" : code}\n`;
  } catch (thrown) {
    problem = `\n${thrown}\n`;
  }
  const counted = child.stderr;
  const failed = Math.max(countOf(counted, "fail"), problem === "" ? 0 : 1);
  const seconds = (performance.now() - startMs) / 1000;
  const { processorSeconds } = child;
  return {
    path,
    passed: countOf(counted, "pass"),
    failed,
    seconds,
    processorSeconds,
    output: child.stdout + counted + problem,
  };
}

/** The number in the line " 12 WORD" that bun ends with. */
function countOf(output: string, word: string): number {
  return Number(new RegExp(`^ (\\d+) ${word}$`, "m").exec(output)?.[1] ?? 0);
}
