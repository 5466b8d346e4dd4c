import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { requirement } from "../program.ts";
import { buildNeeds, plainProgram, theRelease } from "./release.ts";

setDefaultTimeout(120_000);

const { skip, reason } = requirement(buildNeeds);

const ROUNDS = 60;
const LIMIT_MS = 5;

/** How long a program takes from its start to its end. */
function lifetimeMs(binary: string): number {
  const startMs = performance.now();
  const { exitCode } = Bun.spawnSync([binary, "--version"], { stdout: "ignore", stderr: "ignore" });
  if (exitCode !== 0) throw new Error(`running ${binary} --version: status ${exitCode}`);
  return performance.now() - startMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

describe.skipIf(skip)(`start-up${reason}`, () => {
  test(`the self-contained program starts and ends within ${LIMIT_MS} ms of the plain one (medians of ${ROUNDS}, alternating)`, async () => {
    const [binary, plain] = [(await theRelease()).binary, await plainProgram()];
    const times = Array.from({ length: ROUNDS }, () => ({ own: lifetimeMs(binary), plain: lifetimeMs(plain) }));
    const [own, other] = [median(times.map((time) => time.own)), median(times.map((time) => time.plain))];
    process.stdout.write(`start to end: ${own.toFixed(2)} ms, plain ${other.toFixed(2)} ms\n`);
    expect(own - other).toBeLessThan(LIMIT_MS);
  });
});
