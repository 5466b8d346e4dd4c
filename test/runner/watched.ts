/** Loaded before the tests of a process (bunfig.toml). */
import { setDefaultTimeout } from "bun:test";
import { watchOver } from "./watch.ts";

/** How long a test may wait on a machine that is busy with other things: no test is about this time. */
const TEST_LIMIT_MS = 180_000;

setDefaultTimeout(TEST_LIMIT_MS);
watchOver(process.env);
