import { Glob } from "bun";

/** The commands that run tests. */
export type SuiteName = "npm test" | "npm run test:all";

/**
 * The command that a file of tests belongs to, by its name alone: `*.all.test.ts` needs programs of the machine, root,
 * a build or long time, and is run by `npm run test:all`; every other `*.test.ts` needs nothing but Node, and is run
 * by `npm test`.
 */
export function suiteOf(path: string): SuiteName {
  return path.endsWith(".all.test.ts") ? "npm run test:all" : "npm test";
}

/** The files of tests that a command runs, those alone whose path holds one of `words` if there are any. */
export function filesOf(suite: SuiteName, words: readonly string[] = []): string[] {
  const all = [...new Glob("test/**/*.test.ts").scanSync()].filter((path) => suiteOf(path) === suite);
  const named = words.map((word) => word.replace(/^\.\//, ""));
  return all.filter((path) => named.length === 0 || named.some((word) => path.includes(word))).sort();
}
