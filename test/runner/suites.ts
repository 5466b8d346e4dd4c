import { statSync } from "node:fs";
import { Glob } from "bun";

/** The commands that run tests. */
export type SuiteName = "npm test" | "npm run test:all";

/**
 * The command that a file of tests belongs to, by its name alone: `*.all.test.ts` needs programs of the machine, root,
 * a build or long time, and is run by `npm run test:all`; every other `*.test.ts` needs nothing but Node, and is run
 * by `npm test`.
 */
function suiteOf(path: string): SuiteName {
  return path.endsWith(".all.test.ts") ? "npm run test:all" : "npm test";
}

/**
 * The files of tests that a command runs: all of its own, or those alone whose path holds one of `words`. A word that
 * is the path of a file chooses just that file, whatever its name.
 */
export function filesOf(suite: SuiteName, words: readonly string[] = []): string[] {
  const named = words.map((word) => word.replace(/^\.\//, ""));
  const exact = named.filter((word) => statSync(word, { throwIfNoEntry: false })?.isFile());
  const parts = named.filter((word) => !exact.includes(word));
  const all = [...new Glob("test/**/*.test.ts").scanSync()].filter((path) => suiteOf(path) === suite);
  const chosen = words.length === 0 ? all : all.filter((path) => parts.some((part) => path.includes(part)));
  return [...new Set([...exact, ...chosen])].sort();
}
