import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Counter, Gauge, Histogram, Pushgateway, Registry } from "prom-client";
import { Gateway } from "../program.ts";

describe("prom-client's Pushgateway", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await Gateway.start();
  });
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  function gauge(name: string, value: number): Registry {
    const registry = new Registry();
    new Gauge({ name, help: `A gauge named ${name}`, registers: [registry] }).set(value);
    return registry;
  }

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
});
