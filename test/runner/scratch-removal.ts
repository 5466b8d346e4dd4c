/** Loaded before the tests of a process (bunfig.toml). */
import { afterAll } from "bun:test";
import { removeScratchFolders } from "../scratch.ts";

const REMOVAL_LIMIT_MS = 60_000;

afterAll(removeScratchFolders, REMOVAL_LIMIT_MS);
