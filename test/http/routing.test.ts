import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PAGE_FILES } from "../../src/http/page-files.ts";
import { ask, createTestApp } from "../app.ts";
import { Gateway } from "../program.ts";
import { ask as askRaw } from "../wire.ts";

/** One request and what the reference answers to it. */
interface Case {
  readonly ask: string;
  readonly status: number;
  readonly location?: string;
  /** Of a redirect, with its line ends; its Content-Type is that of HTML. */
  readonly body?: string;
  readonly allow?: string;
  /** Only a socket carries this path as it is. */
  readonly rawOnly?: boolean;
}

const CASES: readonly Case[] = [
  { ask: "GET /nope", status: 404 },
  { ask: "GET /status", status: 200 },
  { ask: "GET /status/", status: 301, location: "/status" },
  { ask: "GET /STATUS", status: 301, location: "/status" },
  { ask: "GET /metrics/", status: 301, location: "/metrics", body: '<a href="/metrics">Moved Permanently</a>.\n\n' },
  { ask: "GET /foo//bar", status: 301, location: "/foo/bar", body: '<a href="/foo/bar">Moved Permanently</a>.\n\n' },
  {
    ask: "GET /a//b?x=1&y=z",
    status: 301,
    location: "/a/b?x=1&y=z",
    body: '<a href="/a/b?x=1&amp;y=z">Moved Permanently</a>.\n\n',
  },
  { ask: "GET //a!b'(c)*", status: 301, location: "/a%21b%27%28c%29%2A", rawOnly: true },
  { ask: "HEAD //metrics", status: 301, location: "/metrics", body: "" },
  { ask: "HEAD /metrics/", status: 404 },
  { ask: "HEAD /api/v1", status: 301, location: "/api/v1/", body: "" },
  { ask: "HEAD /metrics", status: 405, allow: "GET, OPTIONS" },
  { ask: "HEAD /nope", status: 404 },
  // All but GET are the reference's.
  { ask: "PATCH /metrics/job/j", status: 405, allow: "DELETE, GET, OPTIONS, POST, PUT" },
  { ask: "OPTIONS /metrics/job/j", status: 200, allow: "DELETE, GET, OPTIONS, POST, PUT" },
  { ask: "GET /metrics/job/nobody", status: 405, allow: "DELETE, OPTIONS, POST, PUT" },
  { ask: "HEAD /metrics/job/j", status: 405 },
  { ask: "OPTIONS /metrics", status: 200, allow: "GET, OPTIONS" },
  { ask: "OPTIONS /nope", status: 404 },
  { ask: "DELETE /metrics/job/j", status: 202 },
  { ask: "DELETE /m%65trics/job/j", status: 202 },
  { ask: "DELETE /metrics/job%40base64/ag", status: 202 },
  { ask: "DELETE /metrics/job/", status: 307, location: "/metrics/job" },
  { ask: "DELETE /metrics/job", status: 404 },
  { ask: "DELETE /Metrics/Job/MyJob?x=y", status: 307, location: "/metrics/job/MyJob?x=y" },
  { ask: "DELETE //metrics/job/j", status: 301, location: "/metrics/job/j" },
  { ask: "DELETE /metrics/job/j/a/%2F", status: 301, location: "/metrics/job/j/a/" },
  { ask: "DELETE /metrics/job/%zz", status: 400 },
  { ask: "DELETE /metrics/job/./j", status: 301, location: "/metrics/job/j", rawOnly: true },
  { ask: "DELETE /metrics/job/j/%2e%2e/k", status: 301, location: "/metrics/job/k", rawOnly: true },
  { ask: "DELETE /metrics/job/j/x/.", status: 301, location: "/metrics/job/j/x", rawOnly: true },
  { ask: "DELETE /metrics/job/j/path/a\\b", status: 202, rawOnly: true },
  { ask: "POST /-/healthy", status: 405, allow: "GET, OPTIONS" },
  { ask: "GET /-/quit", status: 405 },
  { ask: "PUT /-/quit", status: 403 },
  {
    ask: "GET /api/v1",
    status: 301,
    location: "/api/v1/",
    body: '<a href="/api/v1/">Moved Permanently</a>.\n\n',
  },
  { ask: "POST /api/v1", status: 301, location: "/api/v1/" },
  { ask: "GET /api/v1/nope", status: 404 },
  { ask: "POST /api/v1/metrics", status: 405, allow: "GET, OPTIONS" },
  { ask: "OPTIONS /api/v1/anything", status: 200 },
  { ask: "PUT /api/v1/admin/wipe", status: 404 },
  { ask: `GET /static/${PAGE_FILES.styles}`, status: 200 },
  { ask: `GET /static/${PAGE_FILES.script}`, status: 200 },
  { ask: "GET /static/nope", status: 404 },
];

interface Answered {
  readonly status: number;
  readonly location: string | null;
  readonly allow: string | null;
  readonly contentType: string | null;
  readonly body: string;
}

interface Target {
  readonly name: string;
  readonly open: () => Promise<(method: string, path: string) => Promise<Answered>>;
  readonly close: () => Promise<void>;
  readonly raw: boolean;
}

let gateway: Gateway | undefined;

const TARGETS: readonly Target[] = [
  {
    name: "in process",
    raw: false,
    open: async () => {
      const { app } = createTestApp();
      return async (method, path) => {
        const response = await ask(app, method, path);
        return {
          status: response.status,
          location: response.headers.get("location"),
          allow: response.headers.get("allow"),
          contentType: response.headers.get("content-type"),
          body: await response.text(),
        };
      };
    },
    close: async () => {},
  },
  {
    name: "over a socket",
    raw: true,
    open: async () => {
      gateway = await Gateway.start();
      const { port } = gateway;
      return async (method, path) => {
        const { status, headers, body } = await askRaw(port, { method, path });
        return {
          status,
          location: headers.get("location") ?? null,
          allow: headers.get("allow") ?? null,
          contentType: headers.get("content-type") ?? null,
          body: body.toString(),
        };
      };
    },
    close: async () => {
      await gateway?.stop();
    },
  },
];

describe.each([...TARGETS])("routing $name", ({ open, close, raw }) => {
  let send: (method: string, path: string) => Promise<Answered>;
  beforeAll(async () => {
    send = await open();
  });
  afterAll(close);

  test.each(CASES.filter(({ rawOnly }) => raw || !rawOnly))(
    "$ask is answered as by the reference: $status",
    async (one) => {
      const [method = "", path = ""] = one.ask.split(" ");
      const answer = await send(method, path);
      expect(answer.status).toBe(one.status);
      if (one.location !== undefined) expect(answer.location).toBe(one.location);
      if (one.allow !== undefined) expect(answer.allow).toBe(one.allow);
      if (one.location !== undefined && !one.ask.startsWith("GET ")) expect(answer.body).toBe("");
      if (one.body === undefined) return;
      expect(answer.body).toBe(one.body);
      expect(answer.contentType).toBe("text/html; charset=utf-8");
    },
  );
});
