import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "..", "..");

/** A wait for a time; one of 0 is for a turn of the loop. */
const SLEEP = /\b(?:Bun\.sleep(?:Sync)?\((?!0\))|setTimeout\()/;
/** What a time, or the memory of a process, is read from. `nowMs: () =>` lends a clock to what is tested. */
const CLOCK =
  /(?<!nowMs: \(\) => )\b(?:performance\.now\(|hrtime|cpuUsage|memoryUsage|VmRSS|VmHWM|Bun\.nanoseconds)|\butime\b/;

const RANDOM_MOMENT = "the random moment of a kill or of an image is the case, and the seed has it";
const PACE = "how slow the client is, is the case";
const NEXT_LOOK = "between two looks of a wait for a condition";
const CLOCK_OF_ITS_OWN = "lends a clock to what is tested";
const LIMIT = "only a limit: who waits ends sooner";

/** Files that may wait for a time, and why. */
const SLEEPERS: Readonly<Record<string, string>> = {
  "test/app.ts": CLOCK_OF_ITS_OWN,
  "test/cluster/kills.all.test.ts": "how long a server or a replica is paused is the case",
  "test/cluster/replicas.ts": `${CLOCK_OF_ITS_OWN}; ${NEXT_LOOK}`,
  "test/cluster/standing-replica.ts": PACE,
  "test/cluster/steady-writers.ts": PACE,
  "test/conformance/replay.ts": NEXT_LOOK,
  "test/e2e/browser.all.test.ts": "in the page of a browser: a frame that is refused may never load",
  "test/e2e/groups.all.test.ts": "the moment of a kill is the case",
  "test/e2e/patience.test.ts": PACE,
  "test/fuzz/differential.ts": NEXT_LOOK,
  "test/fuzz/http2-target.ts": CLOCK_OF_ITS_OWN,
  "test/persist/crash-at-edges.all.test.ts": RANDOM_MOMENT,
  "test/persist/crash.all.test.ts": RANDOM_MOMENT,
  "test/persist/expiry-crash.all.test.ts": RANDOM_MOMENT,
  "test/persist/schema-2.all.test.ts": RANDOM_MOMENT,
  "test/persist/torn.all.test.ts": RANDOM_MOMENT,
  "test/program.ts": `${NEXT_LOOK}; ${LIMIT}`,
  "test/runner/never-ends.ts": "never ends",
  "test/server/failures.test.ts": CLOCK_OF_ITS_OWN,
  "test/server/http2-stand.ts": CLOCK_OF_ITS_OWN,
  "test/server/http2.test.ts": NEXT_LOOK,
  "test/server/talk.ts": "that a server says no more, as two of them are compared, can only be waited for",
  "test/ui/stories/filling.ts": LIMIT,
  "test/ui/stories/keeping.all.test.ts": "how slow the restore is, is the case: the server runs a tenth of the time",
  "test/wire.ts": LIMIT,
};

/** Tests that may read a clock or the size of a process, and why. */
const READERS: Readonly<Record<string, string>> = {
  "test/e2e/connections.all.test.ts": "memory of clients that are slow on purpose, as a bound that is far off",
  "test/persist/crash-at-edges.all.test.ts": RANDOM_MOMENT,
  "test/persist/importing.all.test.ts": RANDOM_MOMENT,
};

/** They name what they look for. */
const RULES = ["test/structure/waits.test.ts", "test/structure.test.ts"];

/** The files of a pattern in which something stands; the soak is no test but a measurement. */
function filesWith(pattern: string, what: RegExp): string[] {
  const all = [...new Glob(pattern).scanSync({ cwd: root })];
  const paths = all.filter((path) => !path.startsWith("test/soak/") && !RULES.includes(path));
  return paths.filter((path) => what.test(readFileSync(join(root, path), "utf8"))).sort();
}

test("no test sleeps where it can wait for a condition: files that do have a reason", () => {
  expect(filesWith("test/**/*.ts", SLEEP)).toEqual(Object.keys(SLEEPERS).sort());
});

test("no test asserts a time: none reads a clock or the size of a process without a reason", () => {
  expect(filesWith("test/**/*.test.ts", CLOCK)).toEqual(Object.keys(READERS).sort());
});
