import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { encodeFamilies, type Message } from "../fuzz/metrics-schema.ts";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { eventually, Gateway, requirement } from "../program.ts";
import { Prometheus } from "../prometheus.ts";
import { randomNative } from "./random-push.ts";

setDefaultTimeout(240_000);

const seed = Number(process.env.ADDING_SEED ?? 1);
const SERIES = 400;
const BOUNDS = [0.1, 1, 10];

const { skip, reason } = requirement(firstAbsentNewer("PROMETHEUS_3"));

const configuration = (port: number): string => `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: gateway
    honor_labels: true
    static_configs: [{ targets: ["127.0.0.1:${port}"] }]
`;

async function push({ url }: Gateway, job: string, body: Uint8Array): Promise<void> {
  const answer = await fetch(`${url}/metrics/job/${job}?aggregate=sum`, {
    method: "POST",
    body: body as Uint8Array<ArrayBuffer>,
    headers: { "content-type": PROTOBUF_TYPE },
  });
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
}

/** A native and a classic histogram for each number of a series. */
function randomBody(dice: Dice): Uint8Array {
  const family = (name: string, histogram: () => Message): Message => ({
    name,
    type: "HISTOGRAM",
    metric: Array.from({ length: SERIES }, (_, n) => ({
      label: [{ name: "n", value: String(n) }],
      histogram: histogram(),
    })),
  });
  return encodeFamilies([family("native", () => randomNative(dice)), family("classic", () => randomClassic(dice))]);
}

function randomClassic(dice: Dice): Message {
  let count = 0;
  const bucket = BOUNDS.map((upperBound) => {
    count += dice.below(9);
    return { upperBound, cumulativeCount: count };
  });
  return { sampleCount: count + dice.below(9), sampleSum: dice.below(100), bucket };
}

/** What a query answers, by the labels of each series, without its time. */
async function answered(prometheus: Prometheus, query: string): Promise<Record<string, unknown>> {
  const answer = (await prometheus.ask(`/api/v1/query?query=${encodeURIComponent(query)}`)) as {
    data: { result: { metric: object; value?: [number, string]; histogram?: [number, object] }[] };
  };
  const series = answer.data.result.map(({ metric, value, histogram }) => [
    JSON.stringify(metric),
    value?.[1] ?? histogram?.[1],
  ]);
  return Object.fromEntries(series);
}

/**
 * Whether the buckets of a native histogram hold more than its count: where a zero bucket is widened into a bucket that
 * is then reduced to a coarser one, Prometheus 3.5 has its observations in both.
 */
function isCountedTwice(sum: unknown): boolean {
  const { count, buckets } = (typeof sum === "object" ? sum : {}) as { count?: string; buckets?: string[][] };
  const inBuckets = buckets?.reduce((total, bucket) => total + Number(bucket[3]), 0);
  return inBuckets !== undefined && inBuckets !== Number(count);
}

describe.skipIf(skip)(`Prometheus 3${reason}`, () => {
  test(`adds two groups by PromQL to what both pushes come to in one (ADDING_SEED=${seed})`, async () => {
    await using gateway = await Gateway.start();
    const dice = new Dice(seed);
    for (const job of ["one", "other"]) {
      const body = randomBody(dice);
      await push(gateway, job, body);
      await push(gateway, "both", body);
    }
    await using prometheus = await Prometheus.start(configuration(gateway.port), newerPrograms.need("PROMETHEUS_3"));
    await eventually("all is scraped", async () => {
      const counts = await answered(prometheus, "count(native) + count(classic_bucket)");
      return Object.values(counts)[0] === String(3 * SERIES * (1 + BOUNDS.length + 1));
    });
    for (const [name, by] of [
      ["native", "n"],
      ["classic_bucket", "n, le"],
      ["classic_sum", "n"],
      ["classic_count", "n"],
    ] as const) {
      const sums = await answered(prometheus, `sum by (${by}) (${name}{job=~"one|other"})`);
      const both = await answered(prometheus, `sum by (${by}) (${name}{job="both"})`);
      expect(Object.keys(both).length).toBeGreaterThanOrEqual(SERIES);
      const alike = Object.keys(both).filter((labels) => !isCountedTwice(sums[labels]));
      expect(alike.length).toBeGreaterThan(SERIES / 2);
      for (const labels of alike) expect({ labels, sum: both[labels] }).toEqual({ labels, sum: sums[labels] });
      for (const sum of Object.values(both)) expect(isCountedTwice(sum)).toBe(false);
    }
  });
});
