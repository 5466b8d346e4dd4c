import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { requirement } from "../program.ts";
import { buildNeeds, plainProgram, theRelease } from "./release.ts";

setDefaultTimeout(120_000);

const { skip, reason } = requirement(buildNeeds);

const ROUNDS = 60;
const BATCHES = 5;
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

/** By how much the median lifetime of the one is longer than that of the other; they take turns. */
function differenceMs(binary: string, other: string): number {
  const times = Array.from({ length: ROUNDS }, () => [lifetimeMs(binary), lifetimeMs(other)] as const);
  const [own, others] = [median(times.map(([own]) => own)), median(times.map(([, other]) => other))];
  process.stdout.write(`start to end: ${own.toFixed(2)} ms, plain ${others.toFixed(2)} ms\n`);
  return own - others;
}

describe.skipIf(skip)(`start-up${reason}`, () => {
  // What else the machine does lengthens both and their difference: one calm batch tells what the program costs.
  test(`the self-contained program starts and ends within ${LIMIT_MS} ms of the plain one (medians of ${ROUNDS}, alternating)`, async () => {
    const [binary, plain] = [(await theRelease()).binary, await plainProgram()];
    let best = Number.POSITIVE_INFINITY;
    for (let batch = 0; batch < BATCHES && best >= LIMIT_MS; batch++)
      best = Math.min(best, differenceMs(binary, plain));
    expect(best).toBeLessThan(LIMIT_MS);
  });
});
