import { expect, test } from "bun:test";
import { ask, createTestApp } from "../app.ts";
import { integer, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";
import { decodeFamilies } from "../fuzz/metrics-schema.ts";
import { CLASSIC, deltas, exposition, GOOD, native, push, SCRAPE, span } from "./histograms.ts";

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
