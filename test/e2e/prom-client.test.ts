import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { IncomingMessage } from "node:http";
import { Counter, Gauge, Histogram, Pushgateway, Registry } from "prom-client";
import { Gateway } from "../program.ts";

function gauge(name: string, value: number): Registry {
  const registry = new Registry();
  new Gauge({ name, help: `A gauge named ${name}`, registers: [registry] }).set(value);
  return registry;
}

describe("prom-client's Pushgateway", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await Gateway.start();
  });
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  /** A client for one group, as users make it. */
  function client(registry: Registry) {
    return new Pushgateway(gateway.url, { timeout: 5_000 }, registry);
  }

  test("push replaces the group of its job and groupings", async () => {
    const group = { jobName: "push", groupings: { instance: "i1" } };
    await client(gauge("node_first", 1)).push(group);
    await client(gauge("node_second", 2)).push(group);
    expect(await gateway.lines("node_first")).toEqual([]);
    expect(await gateway.lines("node_second")).toEqual([
      "# HELP node_second A gauge named node_second",
      "# TYPE node_second gauge",
      'node_second{instance="i1",job="push"} 2',
    ]);
  });

  test("pushAdd keeps the other families of the group", async () => {
    await client(gauge("added_first", 1)).pushAdd({ jobName: "add" });
    await client(gauge("added_second", 2)).pushAdd({ jobName: "add" });
    expect(await gateway.lines("added_first{")).toEqual(['added_first{instance="",job="add"} 1']);
    expect(await gateway.lines("added_second{")).toEqual(['added_second{instance="",job="add"} 2']);
  });

  test("delete removes the group and leaves others", async () => {
    await client(gauge("deleted", 1)).push({ jobName: "delete" });
    await client(gauge("left", 1)).push({ jobName: "delete", groupings: { instance: "other" } });
    await client(new Registry()).delete({ jobName: "delete" });
    expect(await gateway.lines("deleted")).toEqual([]);
    expect(await gateway.lines("left{")).toEqual(['left{instance="other",job="delete"} 1']);
  });

  test("a job and a grouping with slashes and spaces arrive as they were given", async () => {
    // The library's %2F splits the path into labels, as the routing of the decoded path asks for.
    await client(gauge("slashed", 1)).push({ jobName: "nightly/shard/a b", groupings: { zone: "ü" } });
    expect(await gateway.lines("slashed{")).toEqual(['slashed{instance="",job="nightly",shard="a b",zone="ü"} 1']);
  });

  test("counters and histograms with labels are stored with their types", async () => {
    const registry = new Registry();
    new Counter({ name: "visits_total", help: "Visits", labelNames: ["page"], registers: [registry] }).inc({
      page: "/",
    });
    new Histogram({ name: "wait_seconds", help: "Wait", buckets: [0.5, 2], registers: [registry] }).observe(1);
    await client(registry).push({ jobName: "types" });
    const lines = [...(await gateway.lines("visits_total")), ...(await gateway.lines("wait_seconds"))];
    expect(lines).toEqual([
      "# HELP visits_total Visits",
      "# TYPE visits_total counter",
      'visits_total{instance="",job="types",page="/"} 1',
      "# HELP wait_seconds Wait",
      "# TYPE wait_seconds histogram",
      'wait_seconds_bucket{instance="",job="types",le="0.5"} 0',
      'wait_seconds_bucket{instance="",job="types",le="2"} 1',
      'wait_seconds_bucket{instance="",job="types",le="+Inf"} 1',
      'wait_seconds_sum{instance="",job="types"} 1',
      'wait_seconds_count{instance="",job="types"} 1',
    ]);
  });

  test("its options name a path that adds: what many processes count comes to the sum", async () => {
    const counted = () => {
      const registry = new Registry();
      new Counter({ name: "rows_total", help: "Rows", registers: [registry] }).inc(2);
      new Histogram({ name: "took_seconds", help: "Took", buckets: [1], registers: [registry] }).observe(0.5);
      return registry;
    };
    const options = { timeout: 5_000, path: "/metrics/job/sum?aggregate=sum" };
    const pushes = Array.from({ length: 20 }, (_, i) => {
      const added = new Pushgateway(gateway.url, options, counted());
      return i % 2 === 0 ? added.pushAdd({ jobName: "sum" }) : added.push({ jobName: "sum" });
    });
    for (const { resp } of await Promise.all(pushes)) expect((resp as IncomingMessage).statusCode).toBe(200);
    expect([...(await gateway.lines("rows_total{")), ...(await gateway.lines("took_seconds_"))]).toEqual([
      'rows_total{instance="",job="sum"} 40',
      'took_seconds_bucket{instance="",job="sum",le="1"} 20',
      'took_seconds_bucket{instance="",job="sum",le="+Inf"} 20',
      'took_seconds_sum{instance="",job="sum"} 10',
      'took_seconds_count{instance="",job="sum"} 20',
    ]);
  });

  test("gzip of its own is read", async () => {
    const options = { timeout: 5_000, headers: { "Content-Encoding": "gzip" } };
    await new Pushgateway(gateway.url, options, gauge("zipped", 1)).push({ jobName: "zip" });
    expect(await gateway.lines("zipped{")).toEqual(['zipped{instance="",job="zip"} 1']);
  });
});

describe("prom-client's Pushgateway where more is allowed", () => {
  const OPENMETRICS = Registry.OPENMETRICS_CONTENT_TYPE;

  test("an OpenMetrics registry arrives with its exemplars", async () => {
    await using gateway = await Gateway.start(["--web.enable-openmetrics"]);
    const registry = new Registry<typeof OPENMETRICS>();
    registry.setContentType(OPENMETRICS);
    const registers = [registry];
    const labels = { value: 3, exemplarLabels: { trace_id: "ab12" } };
    new Counter({ name: "rows", help: "Rows", enableExemplars: true, registers }).inc(labels);
    new Histogram({ name: "took", help: "Took", buckets: [1], enableExemplars: true, registers }).observe({
      value: 0.5,
      exemplarLabels: { trace_id: "cd34" },
    });
    const headers = { "Content-Type": registry.contentType };
    await new Pushgateway(gateway.url, { timeout: 5_000, headers }, registry).push({ jobName: "om" });
    const url = `${gateway.url}/metrics/job/om`;
    const shown = await (await fetch(url, { headers: { accept: OPENMETRICS } })).text();
    expect(shown).toMatch(/^rows_total\{instance="",job="om"\} 3\.0 # \{trace_id="ab12"\} 3\.0 \d+\.\d+$/m);
    expect(shown).toMatch(/^took_bucket\{instance="",job="om",le="1\.0"\} 1 # \{trace_id="cd34"\} 0\.5 \d+\.\d+$/m);
  });

  test("without a job name it pushes to /metrics, which --push.allow-no-job takes", async () => {
    await using gateway = await Gateway.start(["--push.allow-no-job"]);
    const options = { timeout: 5_000, requireJobName: false };
    const { resp } = await new Pushgateway(gateway.url, options, gauge("jobless", 4)).pushAdd({ jobName: "" });
    expect((resp as IncomingMessage).statusCode).toBe(202);
    expect(await gateway.lines("jobless{")).toEqual(['jobless{instance="",job=""} 4']);
  });

  test("--push.status=202 is fine with it", async () => {
    await using gateway = await Gateway.start(["--push.status=202"]);
    const { resp } = await new Pushgateway(gateway.url, {}, gauge("accepted", 1)).push({ jobName: "j" });
    expect((resp as IncomingMessage).statusCode).toBe(202);
  });
});
