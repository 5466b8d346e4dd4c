import { join } from "node:path";

const VARIABLE = "PUSHGATEWAY_TEST_RUN";

/**
 * Marks `environment`, and starts a process that outlives this one and then kills what was started with the mark.
 */
export function watchOver(environment: NodeJS.ProcessEnv): void {
  const { [VARIABLE]: _, ...unmarked } = environment;
  const mark = crypto.randomUUID();
  environment[VARIABLE] = mark;
  const words = ["sh", join(import.meta.dir, "watch.sh"), `${VARIABLE}=${mark}`];
  // Its standard input ends when this process does.
  const watcher = Bun.spawn(words, { stdin: "pipe", stdout: "ignore", stderr: "ignore", env: unmarked });
  watcher.unref();
}
