import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { requirement } from "../program.ts";
import { COMPARISONS } from "./comparisons.ts";
import { TARGETS } from "./targets.ts";
import { fuzzInThread } from "./thread.ts";

/** Seconds for each reader and comparison: a glance, and more where a change is taken. `npm run fuzz` goes on for longer. */
const SECONDS = process.env.CI ? 2.5 : 0.3;
setDefaultTimeout((SECONDS + 60) * 1000);

/** Always the same unless another is asked for: new inputs are for `npm run fuzz`, whose finds become fixtures. */
const seed = Number(process.env.FUZZ_SEED ?? 1);

/** An input that something was found with, and what its reader says of it now. */
const Fixture = Type.Object({
  why: Type.String(),
  target: Type.String(),
  base64: Type.String(),
  outcome: Type.String({ description: "What the reader's answer begins with." }),
});

describe("findings of earlier runs", () => {
  const folder = join(import.meta.dir, "..", "fixtures", "fuzz");
  const fixtures = readdirSync(folder).map((name) =>
    Value.Parse(Fixture, JSON.parse(readFileSync(join(folder, name), "utf8"))),
  );
  test.each(fixtures)("$why", async ({ target, base64, outcome }) => {
    const reader = TARGETS[target]?.();
    expect(await reader?.read(Uint8Array.fromBase64(base64))).toStartWith(outcome);
  });
});

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
