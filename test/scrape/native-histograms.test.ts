import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { delimited, double, integer, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { decodeFamilies } from "../fuzz/metrics-schema.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { requirement } from "../program.ts";
import { judge, NATIVE, OTHER_SETUPS } from "./judge.ts";
import { type RandomHistogram, randomHistogram } from "./random-histogram.ts";

setDefaultTimeout(240_000);

const COUNT = Number(process.env.HISTOGRAMS ?? 1500);
/** Always the same unless another is asked for: new inputs are for `npm run fuzz`, whose finds become fixtures. */
const seed = Number(process.env.HISTOGRAM_SEED ?? 1);
const SCRAPE = { accept: PROTOBUF_TYPE, "x-prometheus-scrape-timeout-seconds": "1" };

/** Prometheus 3.5 ends by one of these, releases since refuse it: it is never asked. */
const MISMATCH = "histogram spans specify different number of buckets than provided";
/** What releases since 3.5 refuse, which is the one asked. */
const LATER = ["histogram has an invalid schema", "zero bucket has observation count", "observation count is  -"];

async function push(test: TestApp, job: string, body: Uint8Array): Promise<string> {
  const headers = { "content-type": PROTOBUF_TYPE };
  const answer = await ask(test.app, "PUT", `/metrics/job/${job}`, { body: body as Uint8Array<ArrayBuffer>, headers });
  return answer.status === 200 ? "" : `${answer.status} ${await answer.text()}`;
}

async function exposition(test: TestApp): Promise<Uint8Array> {
  return (await ask(test.app, "GET", "/metrics", { headers: SCRAPE })).bytes();
}

function span(field: number, offset: number, length: number): Buffer {
  return part(field, signed(1, offset), integer(2, length));
}

const native = (...fields: Uint8Array[]) =>
  delimited(part(1, "h"), integer(3, 4), part(4, part(7, integer(1, 3), double(2, 1), signed(5, 0), ...fields)));
const deltas = (...values: number[]) => Buffer.concat(values.map((value) => signed(13, value)));
const GOOD = native(span(12, 0, 2), deltas(1, 1));
const CLASSIC = delimited(
  part(1, "h"),
  integer(3, 4),
  part(4, part(7, integer(1, 2), double(2, 1), part(3, integer(1, 2), double(2, 1)))),
);

const REFUSED: readonly (readonly [what: string, body: Uint8Array, reason: string])[] = [
  [
    "spans longer than the buckets",
    native(span(12, 0, 3), deltas(1, 1)),
    "positive side: spans need 3 buckets, have 2",
  ],
  [
    "spans shorter than the buckets",
    native(span(12, 0, 1), deltas(1, 1)),
    "positive side: spans need 1 buckets, have 2",
  ],
  [
    "spans that overflow to the number of buckets",
    native(span(12, 0, 4294967295), span(12, 0, 3), deltas(1, 1)),
    "positive side: spans need 4294967298 buckets, have 2",
  ],
  [
    "a later span that goes back",
    native(span(12, 0, 1), span(12, -1, 1), deltas(1, 1)),
    "positive side: span number 2 with offset -1: histogram has a span whose offset is negative",
  ],
  [
    "a bucket below zero",
    native(span(12, 0, 2), deltas(4, -5)),
    "positive side: bucket number 2 has observation count of -1: histogram has a bucket whose observation count is negative",
  ],
  [
    "more in buckets than counted",
    native(span(12, 0, 2), deltas(2, 1)),
    "5 observations found in buckets, but the Count field is 3",
  ],
  [
    "less in buckets than counted",
    native(span(12, 0, 1), deltas(1)),
    "1 observations found in buckets, but the Count field is 3",
  ],
  [
    "custom buckets without bounds",
    native(signed(5, -53), span(12, 0, 2), deltas(1, 1)),
    "custom buckets: only 0 custom bounds defined which is insufficient to cover total span length of 2",
  ],
  ["an unknown schema", native(signed(5, 9), span(12, 0, 2), deltas(1, 1)), "histogram has an invalid schema"],
  [
    "a schema that is text",
    native(part(5, "0"), span(12, 0, 2), deltas(1, 1)),
    "proto: wrong wireType = 2 for field Schema",
  ],
];

for (const [what, body, reason] of REFUSED)
  test(`a native histogram with ${what} is refused: ${reason}`, async () => {
    const app = createTestApp();
    const answer = await push(app, "j", body);
    expect(answer).toStartWith(
      "400 pushed metrics are invalid or inconsistent with existing metrics: collected metric",
    );
    expect(answer).toContain(reason);
    expect(await push(createTestApp("--push.disable-consistency-check"), "j", body)).toStartWith("202");
  });

test("native and classic histograms of one family are scraped as a message each", async () => {
  const app = createTestApp();
  for (const [job, body] of [
    ["a", GOOD],
    ["b", CLASSIC],
    ["c", GOOD],
  ] as const)
    expect(await push(app, job, body)).toBe("");
  const shown = Buffer.from(await exposition(app)).toString("latin1");
  expect(shown.split("\n\u0001h").length - 1).toBe(2);
});

test("a count that leaves out the negative buckets is taken, and told right to a scraping Prometheus", async () => {
  const app = createTestApp();
  // Three in the zero bucket and two in a negative one; the count says three.
  expect(await push(app, "j", native(integer(7, 3), span(9, 0, 1), signed(10, 2)))).toBe("");
  const count = async (headers: Record<string, string>) => {
    const bytes = await (await ask(app.app, "GET", "/metrics", { headers })).bytes();
    return decodeFamilies(bytes).find(({ name }) => name === "h")?.metric;
  };
  expect(await count(SCRAPE)).toMatchObject([{ histogram: { sampleCount: 5, zeroCount: 3 } }]);
  expect(await count({ accept: PROTOBUF_TYPE })).toMatchObject([{ histogram: { sampleCount: 3, zeroCount: 3 } }]);
});

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
