import { describe, expect, test } from "bun:test";
import { PAGE_FILES } from "../../src/http/page-files.ts";
import { ask, createTestApp } from "../app.ts";

const ADMIN = ["--web.enable-admin-api", "--web.enable-lifecycle"];
const FOREIGN = { host: "pg.example:9091", origin: "https://evil.example" };
const CHANGES = [
  ["POST", "/metrics/job/j"],
  ["PUT", "/metrics/job/j"],
  ["DELETE", "/metrics/job/j"],
  ["PUT", "/api/v1/admin/wipe"],
  ["POST", "/-/quit"],
  ["PUT", "/-/quit"],
] as const;

describe("requests that change something", () => {
  test.each(CHANGES)("%s %s from a page of another site changes nothing", async (method, path) => {
    const test = createTestApp(...ADMIN);
    await ask(test.app, "POST", "/metrics/job/j", { body: "kept 1\n" });
    const answer = await ask(test.app, method, path, { headers: FOREIGN });
    expect(answer.status).toBe(403);
    const text = await answer.text();
    expect(text).toStartWith('cross-origin request from "https://evil.example" refused (see --web.cors.origin; ');
    expect(text).toContain("--web.external-url");
    expect(answer.headers.has("access-control-allow-origin")).toBe(false);
    expect(test.quits).toBe(0);
    expect(await (await ask(test.app, "GET", "/metrics")).text()).toContain('\nkept{instance="",job="j"} 1\n');
  });

  test.each(CHANGES)(
    "%s %s without an Origin header is what a client that is no browser sends",
    async (method, path) => {
      const { app } = createTestApp(...ADMIN);
      const answer = await ask(app, method, path, { headers: { host: "pg.example:9091", referer: "https://x/" } });
      expect([200, 202]).toContain(answer.status);
    },
  );
});

const OWN_URL = "--web.external-url=https://front.example/pg";

/** Headers with the status of a push that comes with them. */
const ORIGINS: { what: string; headers: Record<string, string>; flags?: string[]; status: number }[] = [
  { what: "a page of this server", headers: { host: "pg:9091", origin: "http://pg:9091" }, status: 200 },
  { what: "a page of this server, TLS ended by a proxy", headers: { host: "pg", origin: "https://pg" }, status: 200 },
  {
    what: "a page of this server whose host a proxy changed, told by the browser",
    headers: { host: "10.0.0.1:9091", origin: "https://front.example", "sec-fetch-site": "same-origin" },
    status: 200,
  },
  {
    what: "a page of this server whose host a proxy changed and hands on",
    headers: { host: "10.0.0.1:9091", origin: "http://front.example", "x-forwarded-host": "front.example" },
    status: 200,
  },
  {
    what: "a page at the external URL",
    headers: { host: "10.0.0.1:9091", origin: "https://front.example" },
    flags: [OWN_URL, "--web.route-prefix=/"],
    status: 200,
  },
  { what: "another port", headers: { host: "pg:9091", origin: "http://pg:3000" }, status: 403 },
  {
    what: "another host of the same site",
    headers: { host: "pg.example", origin: "https://x.example", "sec-fetch-site": "same-site" },
    status: 403,
  },
  {
    what: "a foreign page that the browser tells of",
    headers: { host: "pg", origin: "http://pg", "sec-fetch-site": "cross-site" },
    status: 403,
  },
  { what: "a page without an origin", headers: { host: "pg", origin: "null" }, status: 403 },
  { what: "what is no origin", headers: { host: "", origin: "" }, status: 403 },
  {
    what: "an origin that is allowed",
    headers: { host: "pg", origin: "https://app.example", "sec-fetch-site": "cross-site" },
    flags: ["--web.cors.origin=https://(app|web)\\.example"],
    status: 200,
  },
  {
    what: "an origin that an allowed one is only a part of",
    headers: { host: "pg", origin: "https://app.example.evil.example" },
    flags: ["--web.cors.origin=https://(app|web)\\.example"],
    status: 403,
  },
  {
    what: "an endless origin",
    headers: { host: "pg", origin: `https://${"a".repeat(1000)}` },
    flags: ["--web.cors.origin=.*"],
    status: 403,
  },
];

test.each(ORIGINS)("a push from $what is answered $status", async ({ headers, flags = [], status }) => {
  const { app } = createTestApp(...flags);
  const answer = await ask(app, "POST", "/metrics/job/j", { headers, body: "m 1\n" });
  expect(answer.status).toBe(status);
});

describe("CORS", () => {
  const preflight = { origin: "https://app.example", "access-control-request-method": "PUT" };

  test("is off: no answer but those of the JSON API says that a page may read it", async () => {
    const { app } = createTestApp(...ADMIN);
    const api = await ask(app, "GET", "/api/v1/metrics", { headers: preflight });
    expect(api.headers.get("access-control-allow-origin")).toBe("*");
    for (const path of ["/metrics", "/", "/metrics/job/j"])
      for (const method of ["GET", "OPTIONS"])
        expect([...(await ask(app, method, path, { headers: preflight })).headers.keys()].join()).not.toContain(
          "access-",
        );
  });

  test.each(["/metrics/job/j", "/api/v1/metrics", "/metrics"])(
    "answers a preflight to %s of an allowed origin",
    async (path) => {
      const { app } = createTestApp("--web.cors.origin=https://app\\.example");
      const { status, headers } = await ask(app, "OPTIONS", path, { headers: preflight });
      expect(status).toBe(200);
      expect(Object.fromEntries(headers)).toMatchObject({
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
        "access-control-allow-headers":
          "Accept, Authorization, Content-Encoding, Content-Type, Idempotency-Key, Origin, Pushgateway-TTL",
        vary: "Origin",
      });
      expect(headers.has("access-control-allow-credentials")).toBe(false);
    },
  );

  test("lets allowed origins read answers, and tells caches that others may not", async () => {
    const { app } = createTestApp("--web.cors.origin=https://app\\.example");
    const allowed = await ask(app, "GET", "/api/v1/status", { headers: { origin: "https://app.example" } });
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example");
    const headers: Record<string, string>[] = [{}, { origin: "https://evil.example" }];
    for (const other of headers) {
      const answer = await ask(app, "GET", "/api/v1/status", { headers: other });
      expect(answer.headers.has("access-control-allow-origin")).toBe(false);
      expect(answer.headers.get("vary")).toBe("Origin");
    }
  });
});

test("the page is guarded by its headers, and all texts of strangers by theirs", async () => {
  const { app } = createTestApp();
  const page = await ask(app, "GET", "/");
  expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; (?!.*unsafe)/);
  expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect(page.headers.get("x-frame-options")).toBe("DENY");
  expect(page.headers.get("referrer-policy")).toBe("no-referrer");
  for (const path of ["/", "/metrics", "/api/v1/metrics", "/api/v1/status", `/static/${PAGE_FILES.styles}`, "/nope"])
    expect((await ask(app, "GET", path)).headers.get("x-content-type-options")).toBe("nosniff");
});
