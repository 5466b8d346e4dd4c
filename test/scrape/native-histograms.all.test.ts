import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createTestApp, type TestApp } from "../app.ts";
import { Dice } from "../fuzz/dice.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { requirement } from "../program.ts";
import { CLASSIC, exposition, GOOD, push } from "./histograms.ts";
import { judge, NATIVE, OTHER_SETUPS } from "./judge.ts";
import { type RandomHistogram, randomHistogram } from "./random-histogram.ts";

setDefaultTimeout(240_000);

const COUNT = Number(process.env.HISTOGRAMS ?? 1500);
/** Always the same unless another is asked for: new inputs are for `npm run fuzz`, whose finds become fixtures. */
const seed = Number(process.env.HISTOGRAM_SEED ?? 1);

/** Prometheus 3.5 ends by one of these, releases since refuse it: it is never asked. */
const MISMATCH = "histogram spans specify different number of buckets than provided";
/** What releases since 3.5 refuse, which is the one asked. */
const LATER = ["histogram has an invalid schema", "zero bucket has observation count", "observation count is  -"];

const { skip, reason } = requirement(firstAbsentNewer("PROMETHEUS_3"));

describe.skipIf(skip)(`Prometheus 3${reason}`, () => {
  test(`takes of ${COUNT} histograms what is taken here, and refuses what is refused (HISTOGRAM_SEED=${seed})`, async () => {
    const { histograms, answers } = await pushAll();
    const asked = histograms.map((_, i) => i).filter((i) => !answers[i]?.includes(MISMATCH));
    const verdicts = await judge(asked.map((i) => bodyOf(histograms, i)));
    const differences = asked.flatMap((i, at) => {
      const verdict = verdicts[at] ?? "";
      const answer = answers[i] ?? "";
      if ((verdict === "") === (answer === "") || LATER.some((reason) => answer.includes(reason))) return [];
      if (verdict !== "" && isWithoutNegative(answer, verdict)) return [];
      const body = Buffer.from(bodyOf(histograms, i)).toString("base64");
      return [`${histograms[i]?.what}: "${answer}" here, "${verdict}" there: ${body}`];
    });
    expect(differences).toEqual([]);
    expect(verdicts.filter((verdict) => verdict !== "").length).toBeGreaterThan(COUNT / 10);
    expect(verdicts.filter((verdict) => verdict === "").length).toBeGreaterThan(COUNT / 10);
  });

  test("takes the exposition of everything that was taken, whichever way it is set up", async () => {
    const { app } = await pushAll();
    for (const [job, body] of [
      ["a", GOOD],
      ["b", CLASSIC],
      ["c", GOOD],
    ] as const)
      expect(await push(app, job, body)).toBe("");
    const whole = await exposition(app);
    for (const setup of [NATIVE, ...Object.values(OTHER_SETUPS)]) expect(await judge([whole], setup)).toEqual([""]);
  });
});

const bodyOf = (histograms: readonly RandomHistogram[], i: number) => histograms[i]?.body ?? new Uint8Array(0);

/** Taken here: a count that leaves out the negative buckets, which is mended in the exposition. */
function isWithoutNegative(answer: string, verdict: string): boolean {
  return answer === "" && verdict.includes("observations found in buckets, but the Count field is");
}

/** Random histograms, each pushed to a group and a family of its own. */
async function pushAll(): Promise<{ app: TestApp; histograms: RandomHistogram[]; answers: string[] }> {
  const app = createTestApp();
  const dice = new Dice(seed);
  const histograms = Array.from({ length: COUNT }, (_, i) => randomHistogram(dice, `h${i}`));
  const answers: string[] = [];
  for (const [i, { body }] of histograms.entries()) answers.push(await push(app, `j${i}`, body));
  return { app, histograms, answers };
}
