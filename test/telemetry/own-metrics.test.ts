import { describe, expect, test } from "bun:test";
import { ownFamilyTypes } from "../../src/telemetry/own-families.ts";
import type { OwnMetrics } from "../../src/telemetry/own-metrics.ts";
import { exercise, fixedCluster, fixedMetrics, fixedPrincipals, linesOf } from "./fixtures.ts";

describe("gather", () => {
  const EXACT: readonly (readonly [name: string, when: string, act: (metrics: OwnMetrics) => void, lines: string])[] = [
    [
      "pushgateway_build_info",
      "carries the build labels sorted by name",
      () => undefined,
      'pushgateway_build_info{branch="main",goarch="amd64",goos="linux",goversion="bun1.4.5",revision="abc",tags="unknown",version="2.0.0"} 1\n',
    ],
    ["pushgateway_http_requests_total", "is left out before the first request", () => undefined, ""],
    [
      "pushgateway_http_requests_total",
      "sorts its series by code, handler and method",
      (metrics) => {
        const requests: [string, number, string][] = [
          ["delete", 202, "DELETE"],
          ["push", 400, "POST"],
          ["push", 200, "PUT"],
          ["status", 200, "GET"],
          ["push", 200, "POST"],
          ["push", 200, "put"],
          ["api/v1/status", 200, "GET"],
        ];
        for (const [handler, code, method] of requests) metrics.countRequest(handler, code, method);
      },
      [
        'pushgateway_http_requests_total{code="200",handler="api/v1/status",method="get"} 1\n',
        'pushgateway_http_requests_total{code="200",handler="push",method="post"} 1\n',
        'pushgateway_http_requests_total{code="200",handler="push",method="put"} 2\n',
        'pushgateway_http_requests_total{code="200",handler="status",method="get"} 1\n',
        'pushgateway_http_requests_total{code="202",handler="delete",method="delete"} 1\n',
        'pushgateway_http_requests_total{code="400",handler="push",method="post"} 1\n',
      ].join(""),
    ],
    [
      "pushgateway_http_requests_total",
      "counts methods it does not know as unknown",
      (metrics) => {
        for (const method of ["BREW", "Put", "", "__proto__", "brew", "CONNECT"])
          metrics.countRequest("push", 405, method);
      },
      'pushgateway_http_requests_total{code="405",handler="push",method="connect"} 1\n' +
        'pushgateway_http_requests_total{code="405",handler="push",method="unknown"} 5\n',
    ],
    [
      "pushgateway_http_requests_total",
      "prints a million and more with an exponent",
      (metrics) => {
        for (let i = 0; i < 1_500_000; i++) metrics.countRequest("push", 200, "POST");
      },
      'pushgateway_http_requests_total{code="200",handler="push",method="post"} 1.5e+06\n',
    ],
    ["pushgateway_http_push_size_bytes", "is left out before the first push", () => undefined, ""],
    [
      "pushgateway_http_push_size_bytes",
      "has quantiles, sum and count of each method",
      (metrics) => {
        for (const sizeBytes of [134, 135, 1500]) metrics.observePush("put", 0.5, sizeBytes);
        metrics.observePush("post", 0.5, 2_000_000);
      },
      [
        'pushgateway_http_push_size_bytes{method="post",quantile="0.1"} 2e+06\n',
        'pushgateway_http_push_size_bytes{method="post",quantile="0.5"} 2e+06\n',
        'pushgateway_http_push_size_bytes{method="post",quantile="0.9"} 2e+06\n',
        'pushgateway_http_push_size_bytes_sum{method="post"} 2e+06\n',
        'pushgateway_http_push_size_bytes_count{method="post"} 1\n',
        'pushgateway_http_push_size_bytes{method="put",quantile="0.1"} 134\n',
        'pushgateway_http_push_size_bytes{method="put",quantile="0.5"} 135\n',
        'pushgateway_http_push_size_bytes{method="put",quantile="0.9"} 1500\n',
        'pushgateway_http_push_size_bytes_sum{method="put"} 1769\n',
        'pushgateway_http_push_size_bytes_count{method="put"} 3\n',
      ].join(""),
    ],
    [
      "pushgateway_http_push_duration_seconds",
      "prints small durations with an exponent",
      (metrics) => metrics.observePush("put", 0.00005224, 1),
      [
        'pushgateway_http_push_duration_seconds{method="put",quantile="0.1"} 5.224e-05\n',
        'pushgateway_http_push_duration_seconds{method="put",quantile="0.5"} 5.224e-05\n',
        'pushgateway_http_push_duration_seconds{method="put",quantile="0.9"} 5.224e-05\n',
        'pushgateway_http_push_duration_seconds_sum{method="put"} 5.224e-05\n',
        'pushgateway_http_push_duration_seconds_count{method="put"} 1\n',
      ].join(""),
    ],
    [
      "pushgateway_rejected_pushes_total",
      "has a series for each reason from the start",
      (metrics) => metrics.countRejectedPush("inconsistent"),
      [
        'pushgateway_rejected_pushes_total{reason="busy"} 0\n',
        'pushgateway_rejected_pushes_total{reason="full"} 0\n',
        'pushgateway_rejected_pushes_total{reason="inconsistent"} 1\n',
        'pushgateway_rejected_pushes_total{reason="key-reused"} 0\n',
        'pushgateway_rejected_pushes_total{reason="malformed"} 0\n',
        'pushgateway_rejected_pushes_total{reason="rate-limit"} 0\n',
        'pushgateway_rejected_pushes_total{reason="too-large"} 0\n',
        'pushgateway_rejected_pushes_total{reason="too-slow"} 0\n',
        'pushgateway_rejected_pushes_total{reason="unavailable"} 0\n',
      ].join(""),
    ],
    ["pushgateway_store_groups", "prints the groups", () => undefined, "pushgateway_store_groups 3\n"],
    ["pushgateway_store_families", "prints the families", () => undefined, "pushgateway_store_families 7\n"],
    ["pushgateway_store_series", "prints the series", () => undefined, "pushgateway_store_series 40\n"],
    [
      "pushgateway_store_size_bytes",
      "prints what counts for the limit of the size",
      () => undefined,
      "pushgateway_store_size_bytes 2.097152e+06\n",
    ],
    [
      "pushgateway_store_held_bytes",
      "prints what scrapes hold of what was replaced",
      () => undefined,
      "pushgateway_store_held_bytes 4096\n",
    ],
    [
      "pushgateway_store_chunk_bytes",
      "prints the exposition bytes",
      () => undefined,
      "pushgateway_store_chunk_bytes 3210\n",
    ],
    [
      "pushgateway_store_page_bytes",
      "prints the bytes of pages",
      () => undefined,
      "pushgateway_store_page_bytes 1.048576e+06\n",
    ],
  ];

  test.each(EXACT)("%s %s", (name, _, act, lines) => {
    const metrics = fixedMetrics();
    act(metrics);
    expect(linesOf(metrics.gather(), name)).toBe(lines);
  });

  test("label values are escaped as the text format demands", () => {
    const build = { branch: 'a\\b"c\nd', goarch: "ü", goos: "", goversion: "", revision: "\\n", tags: "", version: "" };
    expect(linesOf(fixedMetrics({ build }).gather(), "pushgateway_build_info")).toBe(
      'pushgateway_build_info{branch="a\\\\b\\"c\\nd",goarch="ü",goos="",goversion="",revision="\\\\n",tags="",version=""} 1\n',
    );
  });

  test("families come sorted by name, each once, and every one that can appear does when all have series", () => {
    const metrics = fixedMetrics({ cluster: fixedCluster(), principals: fixedPrincipals() });
    exercise(metrics);
    const names = metrics.gather().map((family) => family.name);
    expect(names).toEqual([...ownFamilyTypes().keys()].sort());
  });

  test("type and help of each family are those that ownFamilyTypes announces", () => {
    const metrics = fixedMetrics({ cluster: fixedCluster(), principals: fixedPrincipals() });
    exercise(metrics);
    const announced = ownFamilyTypes();
    for (const { name, type, help } of metrics.gather()) expect(announced.get(name)).toEqual({ type, help });
  });

  test("where servers share a log, what is counted of that is among them, and else nothing", () => {
    const cluster = fixedCluster();
    cluster.countBatch("own");
    cluster.countBatch("others");
    cluster.countBatch("others");
    cluster.countRetry();
    cluster.observeAppend(0.25);
    const families = fixedMetrics({ cluster }).gather();
    const lines = (name: string) => linesOf(families, `pushgateway_cluster_${name}`);
    expect(lines("folded_batches_total")).toBe(
      'pushgateway_cluster_folded_batches_total{from="others"} 2\npushgateway_cluster_folded_batches_total{from="own"} 1\n',
    );
    expect(lines("append_duration_seconds")).toContain("pushgateway_cluster_append_duration_seconds_sum 0.25\n");
    expect(lines("redone_pushes_total")).toBe("pushgateway_cluster_redone_pushes_total 3\n");
    expect(lines("append_retries_total")).toBe("pushgateway_cluster_append_retries_total 1\n");
    expect(lines("clock_skew_seconds")).toBe("pushgateway_cluster_clock_skew_seconds -0.25\n");
    expect(
      fixedMetrics()
        .gather()
        .filter(({ name }) => name.startsWith("pushgateway_cluster")),
    ).toEqual([]);
  });

  test("lines handed out stay as they are when more is counted and gathered", () => {
    const metrics = fixedMetrics();
    metrics.countRequest("push", 200, "PUT");
    const first = metrics.gather();
    metrics.countRequest("push", 200, "PUT");
    metrics.gather();
    expect(linesOf(first, "pushgateway_http_requests_total")).toEndWith(" 1\n");
  });

  test("quantiles become NaN once the window is empty, while sum and count stay", () => {
    let nowMs = 1000;
    const metrics = fixedMetrics({ nowMs: () => nowMs });
    metrics.observePush("put", 0.25, 100);
    nowMs += 10 * 60_000 + 1;
    expect(linesOf(metrics.gather(), "pushgateway_http_push_duration_seconds")).toBe(
      [
        'pushgateway_http_push_duration_seconds{method="put",quantile="0.1"} NaN\n',
        'pushgateway_http_push_duration_seconds{method="put",quantile="0.5"} NaN\n',
        'pushgateway_http_push_duration_seconds{method="put",quantile="0.9"} NaN\n',
        'pushgateway_http_push_duration_seconds_sum{method="put"} 0.25\n',
        'pushgateway_http_push_duration_seconds_count{method="put"} 1\n',
      ].join(""),
    );
  });
});
