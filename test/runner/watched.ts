/** Loaded before the tests of a process (bunfig.toml). */
import { setDefaultTimeout } from "bun:test";
import { readFileSync } from "node:fs";
import { plugin } from "bun";
import { watchOver } from "./watch.ts";

/** How long a test may wait on a machine that is busy with other things: no test is about this time. */
const TEST_LIMIT_MS = 180_000;

// Bun forgets the limit with each file of tests, and reads none from bunfig.toml: it is set as each file is loaded.
plugin({
  name: "limit of each test",
  setup: (build) => {
    build.onLoad({ filter: /\.test\.ts$/ }, ({ path }) => {
      setDefaultTimeout(TEST_LIMIT_MS);
      return { contents: readFileSync(path, "utf8"), loader: "ts" };
    });
  },
});
setDefaultTimeout(TEST_LIMIT_MS);
watchOver(process.env);
