import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually, firstAbsent, Gateway, requirement } from "../program.ts";
import { Prometheus } from "../prometheus.ts";
import { delimited, double, integer, label, PROTOBUF_TYPE, part, signed } from "./protobuf.ts";

function configuration(gatewayPort: number): string {
  return `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: gateway
    honor_labels: true
    static_configs: [{ targets: ["127.0.0.1:${gatewayPort}"] }]
`;
}

const COUNTER = `# HELP records_total Records handled.
# TYPE records_total counter
records_total{kind="a"} 12
`;

const HISTOGRAM = `# TYPE batch_seconds histogram
batch_seconds_bucket{step="load",le="0.1"} 1
batch_seconds_bucket{step="load",le="1"} 3
batch_seconds_bucket{step="load",le="+Inf"} 4
batch_seconds_sum{step="load"} 7.5
batch_seconds_count{step="load"} 4
`;

/** A native histogram of six observations: two in the zero bucket, one and three in the first positive ones. */
const NATIVE_HISTOGRAM = delimited(
  part(1, "native_seconds"),
  integer(3, 4),
  part(
    4,
    label("step", "load"),
    part(7, integer(1, 6), double(2, 9.5), signed(5, 0), double(6, 0.001), integer(7, 2), span(1, 2), deltas(1, 2)),
  ),
);

function span(offset: number, length: number): Buffer {
  return part(12, signed(1, offset), integer(2, length));
}

function deltas(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => signed(13, value)));
}

const { skip, reason } = requirement(firstAbsent("prometheus"));

describe.skipIf(skip)(`a scraping Prometheus${reason}`, () => {
  let gateway: Gateway;
  let prometheus: Prometheus;

  beforeAll(async () => {
    gateway = await Gateway.start();
    prometheus = await Prometheus.start(configuration(gateway.port));
  });

  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  async function push(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<void> {
    const answer = await fetch(`${gateway.url}${path}`, { method: "POST", body, headers });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  }

  function found(promql: string): Promise<(Record<string, string> & { value: string })[]> {
    return eventually(`${promql} has an answer`, async () => {
      const series = await prometheus.query(promql);
      return series.length > 0 && series;
    });
  }

  test("a pushed counter keeps its job and instance under honor_labels", async () => {
    await push("/metrics/job/import/instance/worker-7", COUNTER);
    expect(await found("records_total")).toEqual([
      { __name__: "records_total", instance: "worker-7", job: "import", kind: "a", value: "12" },
    ]);
  });

  test("a group without an instance gets none from the target", async () => {
    await push("/metrics/job/nightly", "nightly_runs 3\n");
    expect(await found("nightly_runs")).toEqual([{ __name__: "nightly_runs", job: "nightly", value: "3" }]);
  });

  test("histogram_quantile answers from pushed buckets", async () => {
    await push("/metrics/job/batch/instance/b1", HISTOGRAM);
    const [median] = await found("histogram_quantile(0.5, batch_seconds_bucket)");
    expect(median).toEqual({ instance: "b1", job: "batch", step: "load", value: "0.55" });
    const [mean] = await prometheus.query("batch_seconds_sum / batch_seconds_count");
    expect(mean?.value).toBe("1.875");
  });

  test("histogram_count answers from a native histogram pushed and scraped as protobuf", async () => {
    await push("/metrics/job/native/instance/n1", NATIVE_HISTOGRAM, { "Content-Type": PROTOBUF_TYPE });
    expect(await found("histogram_count(native_seconds)")).toEqual([
      { instance: "n1", job: "native", step: "load", value: "6" },
    ]);
    expect((await found("histogram_sum(native_seconds)"))[0]?.value).toBe("9.5");
  });

  test("push_time_seconds is near Prometheus' own clock and push_failure_time_seconds is 0", async () => {
    await push("/metrics/job/clock/instance/c1", "ticks 1\n");
    const [age] = await found('time() - push_time_seconds{job="clock",instance="c1"}');
    expect(Math.abs(Number(age?.value))).toBeLessThan(20);
    expect((await found('push_failure_time_seconds{job="clock"}'))[0]?.value).toBe("0");
  });

  test("the target is up and carries its own labels", async () => {
    const instance = `127.0.0.1:${gateway.port}`;
    expect(await found("up")).toEqual([{ __name__: "up", instance, job: "gateway", value: "1" }]);
    expect((await found("pushgateway_build_info"))[0]?.value).toBe("1");
  });

  test("the series of a deleted group go stale at the next scrape", async () => {
    await push("/metrics/job/gone/instance/g1", "leaving 1\n");
    await found("leaving");
    const answer = await fetch(`${gateway.url}/metrics/job/gone/instance/g1`, { method: "DELETE" });
    expect(answer.status).toBe(202);
    await eventually("the series is stale", async () => (await prometheus.query("leaving")).length === 0);
    expect(await prometheus.query('push_time_seconds{job="gone"}')).toEqual([]);
  });
});
