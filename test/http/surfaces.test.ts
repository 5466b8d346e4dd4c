import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { ask, createTestApp, push, scrape } from "../app.ts";

describe("the JSON API", () => {
  test("is JSON that nobody may take for something else", async () => {
    const { app } = createTestApp();
    const { headers } = await ask(app, "GET", "/api/v1/status");
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("wipes everything when the admin API is on", async () => {
    const { app } = createTestApp("--web.enable-admin-api");
    await push(app, "/job/j", "a 1\n");
    expect((await ask(app, "PUT", "/api/v1/admin/wipe")).status).toBe(202);
    expect(await (await ask(app, "GET", "/api/v1/metrics")).text()).toBe('{"status":"success","data":[]}');
  });
});

describe("a scrape", () => {
  test.each(["?name[]=a&name[]=nope", "?name%5B%5D=a", "?collect[]=x", "?"])(
    "shows all families whatever its query is: %s",
    async (query) => {
      const { app } = createTestApp();
      await push(app, "/job/j", "a 1\nb 2\n");
      const all = await scrape(app);
      expect(all).toContain('b{instance="",job="j"} 2\n');
      expect(await scrape(app, {}, query)).toBe(all);
    },
  );

  test("has own and pushed families in one body, sorted by name, each name once", async () => {
    const { app } = createTestApp();
    await push(app, "/job/j", "# TYPE process_open_fds gauge\nprocess_open_fds 3\nzz 1\nab 1\n");
    const names = [...(await scrape(app)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? "");
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toContain("pushgateway_build_info");
  });

  test("gives the same text with gzip as without", async () => {
    const { app } = createTestApp();
    for (let i = 0; i < 500; i++) await push(app, `/job/j/instance/i${i}`, `a{x="${"y".repeat(i)}"} ${i}\nb ${i}\n`);
    const plain = await scrape(app);
    const zipped = await ask(app, "GET", "/metrics", { headers: { "accept-encoding": "gzip" } });
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
    expect(gunzipSync(await zipped.arrayBuffer()).toString()).toBe(plain);
    expect(plain.length).toBeGreaterThan(100_000);
  });

  test("is a snapshot: what is pushed while it is read does not show in it", async () => {
    const { app } = createTestApp();
    for (let i = 0; i < 3000; i++) await push(app, `/job/j/instance/i${i}`, "a 1\n");
    const response = await ask(app, "GET", "/metrics");
    const reader = response.body?.getReader();
    const first = await reader?.read();
    for (let i = 0; i < 3000; i++) await push(app, `/job/j/instance/i${i}`, "a 2222\n");
    let text = Buffer.from(first?.value ?? []).toString();
    for (let part = await reader?.read(); !part?.done; part = await reader?.read())
      text += Buffer.from(part?.value ?? []).toString();
    expect(text.split("\n").filter((line) => /^a\{.* 1$/.test(line))).toHaveLength(3000);
    expect(text).not.toContain(" 2222\n");
  });
});

describe("the log", () => {
  const REFUSED = [
    { body: "a{ 1\n", level: "warn", says: "invalid label name for metric" },
    { body: "a 1\na 2\n", level: "error", says: "was collected before with the same name and label values" },
  ];

  test.each(REFUSED)(
    "tells where a refused push came from, its group and the reason: $says",
    async ({ body, level, says }) => {
      const { app, logged } = createTestApp();
      expect((await push(app, "/job/j/instance/i", body, "PUT")).status).toBe(400);
      const lines = logged.filter((line) => line.includes(says));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(`level=${level}`);
      expect(lines[0]).toContain("method=PUT");
      expect(lines[0]).toContain("source=unknown");
      expect(lines[0]).toContain('group="instance=\\"i\\",job=\\"j\\""');
    },
  );
});

describe("GET /-/metrics", () => {
  const pushed = async (path: string, headers: Record<string, string> = {}) => {
    const gateway = createTestApp();
    await push(gateway.app, "/job/j", "# TYPE process_open_fds gauge\nprocess_open_fds 1\na 1\n");
    gateway.notReady = path === "/metrics" ? null : "the metrics are being restored";
    return ask(gateway.app, "GET", path, { headers });
  };

  test("has all that the server says of itself in a scrape, and nothing that was pushed, while it restores, too", async () => {
    const own = await pushed("/-/metrics");
    const all = await (await pushed("/metrics")).text();
    const text = await own.text();
    expect([own.status, own.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
    ]);
    expect(text).not.toContain('job="j"');
    for (const name of ["process_open_fds", "pushgateway_build_info", "pushgateway_store_groups"])
      expect(text).toContain(`\n${name}`);
    const names = (exposition: string) => exposition.split("\n").filter((line) => line.startsWith("# TYPE p"));
    expect(names(text)).toEqual(names(all).filter((line) => !line.includes(" push_")));
  });

  test("comes compressed, and as protobuf, to who asks for that", async () => {
    const zipped = await pushed("/-/metrics", { "accept-encoding": "gzip" });
    expect(gunzipSync(await zipped.bytes()).toString()).toContain("\npushgateway_build_info{");
    const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    expect((await pushed("/-/metrics", { accept })).headers.get("content-type")).toStartWith(
      accept.split(";")[0] ?? "",
    );
  });
});

describe("the lifecycle API", () => {
  test("quits when it is on, by PUT and POST", async () => {
    const gateway = createTestApp("--web.enable-lifecycle");
    for (const method of ["PUT", "POST"]) expect((await ask(gateway.app, method, "/-/quit")).status).toBe(200);
    expect(gateway.quits).toBe(2);
  });
});

describe("while what was kept is being restored", () => {
  const EARLY = [
    ["PUT", "/metrics/job/j", "a 1\n"],
    ["POST", "/metrics/job/j", "a 1\n"],
    ["DELETE", "/metrics/job/kept", undefined],
    ["PUT", "/api/v1/admin/wipe", undefined],
    ["GET", "/metrics", undefined],
    ["GET", "/api/v1/metrics", undefined],
    ["GET", "/-/ready", undefined],
  ] as const;

  test.each(EARLY)("%s %s is answered 503 with the reason, and changes nothing", async (method, path, body) => {
    const gateway = createTestApp("--web.enable-admin-api");
    await push(gateway.app, "/job/kept", "kept 1\n");
    gateway.notReady = "the metrics are being restored";
    const early = await ask(gateway.app, method, path, body === undefined ? {} : { body });
    expect([early.status, await early.text()]).toEqual([503, expect.stringContaining(gateway.notReady)]);
    gateway.notReady = null;
    expect(await scrape(gateway.app)).toContain('\nkept{instance="",job="kept"} 1\n');
    expect(gateway.store.stats.groups).toBe(1);
  });

  test("/-/healthy says 200", async () => {
    const gateway = createTestApp();
    gateway.notReady = "the metrics are being restored";
    expect((await ask(gateway.app, "GET", "/-/healthy")).status).toBe(200);
  });
});
