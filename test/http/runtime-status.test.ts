import { describe, expect, test } from "bun:test";
import { SETTING_FLAGS } from "../../src/config/flags.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

const START = Date.UTC(2026, 10, 21) / 1000;

async function statusOf({ app }: TestApp): Promise<Record<string, Record<string, unknown>>> {
  return JSON.parse(await (await ask(app, "GET", "/api/v1/status/runtime")).text()).data;
}

/** A second passes. */
function beat(app: TestApp): void {
  app.nowMs += 1000;
  for (const sweep of app.sweeps) sweep();
}

describe("GET /api/v1/status/runtime", () => {
  test("of a server that has done nothing says so", async () => {
    const app = createTestApp("--store.max-series=0");
    app.nowMs += 5000;
    const { flags: _, store, pushes, scrapes, ...rest } = await statusOf(app);
    expect(rest as unknown).toEqual({
      as_of: START + 5,
      start_seconds: START,
      uptime_seconds: 5,
      not_ready: null,
      build: { version: "2.0.0" },
      listen_addresses: ["127.0.0.1:9091"],
      access: {
        web_config: "none",
        tls: false,
        http2: false,
        passwords: false,
        client_certificates: "",
        rate_limit: false,
        access_file: "none",
        trusted_proxies: false,
      },
      persistence: null,
      cluster: null,
      audit: null,
      quotas: null,
      process: {
        pid: 7,
        cpu_ratio: null,
        loop_delay_seconds: null,
        resident_bytes: null,
        heap_bytes: 1_000_000,
        connections: 3,
        max_connections: 10_000,
        open_fds: 7,
        max_fds: null,
        viewers: 0,
        max_viewers: 32,
      },
      limits_reached: [],
    });
    expect(store).toMatchObject({ groups: 0, max_groups: 1_000_000, series: 0, max_series: null, held_bytes: 0 });
    expect(pushes).toMatchObject({
      total: 0,
      last_seconds: null,
      per_second: null,
      p99_seconds: null,
      last_minute: [],
    });
    expect(scrapes).toMatchObject({ total: 0, last_seconds: null, last_duration_seconds: null, clients: [] });
  });

  test("counts pushes by the second, as fast as they came in the last minute", async () => {
    const app = createTestApp();
    beat(app);
    for (let second = 0; second < 3; second++) {
      for (let n = 0; n < 2 * second; n++) await push(app.app, `/job/j${n}`, "a 1\n");
      beat(app);
    }
    await push(app.app, "/job/j", "no metrics");
    const { pushes, process, store } = await statusOf(app);
    expect(pushes).toMatchObject({
      total: 7,
      last_seconds: START + 4,
      per_second: 1.5,
      last_minute: [0, 0, 2, 4],
      refused_total: 1,
      in_flight: 0,
      max_in_flight: 4096,
    });
    expect(pushes?.p50_seconds).toBeGreaterThanOrEqual(0);
    expect(process?.cpu_ratio).toBeCloseTo(0.1);
    expect(store?.groups).toBe(4);
    for (let second = 0; second < 100; second++) beat(app);
    const later = await statusOf(app);
    expect(later.pushes).toMatchObject({ per_second: 0, last_seconds: START + 5 });
    expect(later.pushes?.last_minute).toHaveLength(60);
  });

  test("tells of scrapes how long they took, and who asks how often", async () => {
    const app = createTestApp();
    await push(app.app, "/job/j", "a 1\n");
    for (let n = 0; n < 3; n++) {
      await (await ask(app.app, "GET", "/metrics")).text();
      app.nowMs += 15_000;
    }
    const { scrapes } = await statusOf(app);
    expect(scrapes).toMatchObject({
      total: 3,
      last_seconds: START + 30,
      last_duration_seconds: expect.any(Number),
      last_durations_seconds: [expect.any(Number), expect.any(Number), expect.any(Number)],
      clients: [{ client: "unknown", last_seconds: START + 30, interval_seconds: 15 }],
      in_flight: 0,
      max_in_flight: 64,
    });
  });

  test("names the limits that were reached, and when", async () => {
    const app = createTestApp("--push.max-series=1", "--store.max-groups=1");
    for (const path of ["/job/a", "/job/b"]) {
      await push(app.app, path, "a 1\nb 1\n");
      app.nowMs += 10_000;
    }
    expect((await statusOf(app)).limits_reached as unknown).toEqual([
      { limit: "push.max-series", count: 2, first_seconds: START, last_seconds: START + 10 },
    ]);
  });

  test("has each flag as it is in force and its default, and says who may not read it", async () => {
    const app = createTestApp("--web.trusted-proxies=10.0.0.0/8");
    const { flags, access } = await statusOf(app);
    expect(Object.keys(flags ?? {}).sort()).toEqual(SETTING_FLAGS.map(({ name }) => name).sort());
    expect(flags?.["web.trusted-proxies"]).toEqual({ value: "10.0.0.0/8", default: "" });
    expect(flags?.["web.listen-address"]).toEqual({ value: ":9091", default: ":9091" });
    expect(access?.trusted_proxies).toBe(true);
    const answer = await ask(app.app, "GET", "/api/v1/status/runtime");
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });
});
