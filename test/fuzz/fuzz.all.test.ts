import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { requirement } from "../program.ts";
import { COMPARISONS } from "./comparisons.ts";
import { TARGETS } from "./targets.ts";
import { fuzzInThread } from "./thread.ts";

/**
 * Seconds for each reader and comparison: a glance, and more where a change is taken. `npm run fuzz` goes on for
 * longer.
 */
const SECONDS = process.env.CI ? 2.5 : 0.3;
setDefaultTimeout((SECONDS + 60) * 1000);

/** Always the same unless another is asked for: new inputs are for `npm run fuzz`, whose finds become fixtures. */
const seed = Number(process.env.FUZZ_SEED ?? 1);

describe(`mutated inputs for ${SECONDS} s a reader (FUZZ_SEED=${seed})`, () => {
  test.each(Object.keys(TARGETS))("%s: none makes it throw, hang or keep memory", async (name) => {
    const { findings, inputs } = await fuzzInThread(name, seed, SECONDS);
    expect(findings.map(({ problem, input }) => `${problem}\ninput in base64: ${input.toBase64()}`)).toEqual([]);
    expect(inputs).toBeGreaterThan(10);
  });
});

describe(`well-formed inputs for ${SECONDS} s (FUZZ_SEED=${seed})`, () => {
  for (const [name, { absent, run }] of Object.entries(COMPARISONS)) {
    const { skip, reason } = requirement(absent());
    test.skipIf(skip)(`${name}: all alike${reason}`, async () => {
      const { inputs, differences } = await run(seed, SECONDS);
      expect(differences).toEqual([]);
      expect(inputs).toBeGreaterThan(10);
    });
  }
});
