import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { firstAbsentNewer } from "../newer-programs.ts";
import { requirement } from "../program.ts";
import { compareOne, tellOne } from "./comparison.ts";
import { BothSides, compareAll, trafficOf } from "./differential.ts";
import { explain } from "./explanation.ts";
import { KNOWN_DIFFERENCES } from "./known-differences.ts";
import { SMALL_CORPUS } from "./small-corpus.ts";

setDefaultTimeout(600_000);

/** Connections to compare: a glance, and more where a change is taken. */
const COUNT = Number(process.env.RAW_CASES ?? (process.env.CI ? 3_000 : 600));
/** Always the same ones unless another seed is asked for: a difference that a new seed finds is named first. */
const seed = Number(process.env.FUZZ_SEED ?? 1);

const { skip, reason } = requirement(firstAbsentNewer("PUSHGATEWAY_1_11"));

describe.skipIf(skip)(`raw connections, told to the program and to Pushgateway 1.11${reason}`, () => {
  let both: BothSides;
  beforeAll(async () => {
    both = await BothSides.start();
  });
  afterAll(() => both[Symbol.asyncDispose]());

  test(`${COUNT} of a grammar, some mutated (FUZZ_SEED=${seed}), are understood alike but for what is listed`, async () => {
    const { unknown } = await compareAll(trafficOf(seed, COUNT), both);
    expect(unknown).toEqual([]);
  });

  test.each([...KNOWN_DIFFERENCES])(
    "$name: still so, and nothing else about it",
    async ({ name, example, staysOpen }) => {
      const one = { text: example, pieces: [Buffer.from(example, "latin1")], halfCloses: staysOpen !== true };
      const found = await compareOne(one, both.ours, both.theirs);
      expect(found === null ? "no difference" : (explain(found) ?? JSON.stringify(found))).toEqual([name]);
    },
  );

  test.each(SMALL_CORPUS)("cut at every byte, it is understood as in one piece: $proves", async ({ text }) => {
    const bytes = Buffer.from(text, "latin1");
    const whole = await tellOne(both.ours, { text, pieces: [bytes], halfCloses: true });
    const { unknown } = await compareAll([{ text, pieces: [bytes], halfCloses: true }], both);
    expect(unknown).toEqual([]);
    for (let cut = 1; cut < bytes.length; cut++) {
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect({ cut, ...(await tellOne(both.ours, { text, pieces, halfCloses: true })) }).toEqual({ cut, ...whole });
    }
  });
});
