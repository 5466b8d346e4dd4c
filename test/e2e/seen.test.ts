import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { PAGE_FILES } from "../../src/http/page-files.ts";
import { Certificates } from "../certificates.ts";
import { eventually, Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { ask, Connection, type Request, untilRead } from "../wire.ts";

const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const basic = (user: string, password: string) => ({ Authorization: `Basic ${btoa(`${user}:${password}`)}` });
const ALICE = basic("alice", "right");

function webConfig(text: string): string {
  const path = join(scratchFolder(), "web.yml");
  writeFileSync(path, text);
  return `--web.config.file=${path}`;
}

const refusedTotal = (reason: string) => `pushgateway_http_refused_total{reason="${reason}"}`;

/** How often requests were refused for a reason, as somebody sees it who may. */
async function counted(gateway: Gateway, reason: string): Promise<number> {
  const { body } = await ask(gateway.port, { method: "GET", path: "/metrics", headers: ALICE });
  const line = body
    .toString()
    .split("\n")
    .find((text) => text.startsWith(`${refusedTotal(reason)} `));
  return Number(line?.split(" ").at(-1));
}

interface RefusedCase {
  readonly reason: string;
  readonly status: number;
  readonly flags: readonly string[];
  readonly requests: readonly Request[];
  /** How many of them are refused. */
  readonly times: number;
  /** What the log says of each; null: nothing. */
  readonly log: RegExp | null;
}

const PUSH: Request = { method: "PUT", path: "/metrics/job/j", body: Buffer.from("a 1\n") };
const told = (status: number, reason: string) =>
  new RegExp(
    `level=warn .*msg="refused a request" logged_source=127\\.0\\.0\\.1:\\d+ status=${status} reason=${reason} `,
  );

const REFUSED: readonly RefusedCase[] = [
  {
    reason: "unauthorized",
    status: 401,
    flags: [webConfig(`basic_auth_users: {alice: ${HASH}}\n`)],
    requests: [basic("alice", "wrong"), basic("bob", "right")].map((headers) => ({ ...PUSH, headers })),
    times: 2,
    log: told(401, "unauthorized"),
  },
  {
    // A probe that knows no password asks every few seconds.
    reason: "unauthorized",
    status: 401,
    flags: [webConfig(`basic_auth_users: {alice: ${HASH}}\n`)],
    requests: [{ method: "GET", path: "/-/healthy" }],
    times: 1,
    log: null,
  },
  {
    reason: "foreign-origin",
    status: 403,
    flags: [],
    requests: [{ ...PUSH, headers: { Origin: "https://evil.example" } }],
    times: 1,
    log: told(403, "foreign-origin"),
  },
  {
    reason: "not-enabled",
    status: 403,
    flags: [],
    requests: [{ method: "PUT", path: "/-/quit" }],
    times: 1,
    log: told(403, "not-enabled"),
  },
  {
    reason: "too-large",
    status: 413,
    flags: ["--push.max-body-size=2"],
    requests: [PUSH],
    times: 1,
    log: /level=warn .*msg="failed to parse push" method=PUT logged_source=127/,
  },
  {
    reason: "full",
    status: 507,
    flags: ["--store.max-series=3"],
    requests: [{ ...PUSH, body: Buffer.from("a 1\nb 1\nc 1\nd 1\n") }],
    times: 1,
    log: /level=warn .*msg="failed to parse push" method=PUT logged_source=127/,
  },
];

describe("requests that are refused are counted by reason", () => {
  test.each(REFUSED)("$status $reason, logged as $log", async ({ reason, status, flags, requests, times, log }) => {
    await using gateway = await Gateway.start(flags);
    const before = await counted(gateway, reason);
    const statuses: number[] = [];
    for (const request of requests) statuses.push((await ask(gateway.port, request)).status);
    expect(statuses.filter((one) => one === status)).toHaveLength(times);
    expect((await counted(gateway, reason)) - before).toBe(times);
    const lines = gateway.stderr.split("\n").filter((line) => line.includes("level=warn"));
    if (log === null) expect(lines).toEqual([]);
    else expect(lines.filter((line) => log.test(line))).toHaveLength(times);
  });

  test("429 rate-limit, as the log says, for over the limit nobody reads metrics", async () => {
    await using gateway = await Gateway.start([webConfig("rate_limit: {interval: 1h, burst: 2}\n")]);
    const statuses: number[] = [];
    for (let n = 0; n < 30; n++) statuses.push((await ask(gateway.port, { method: "GET", path: "/" })).status);
    expect(statuses.filter((one) => one === 429)).toHaveLength(29);
    const lines = gateway.stderr.split("\n").filter((line) => told(429, "rate-limit").test(line));
    expect(lines).toHaveLength(20);
  });

  test("503 busy and 408 too-slow, where uploads are given up", async () => {
    await using gateway = await Gateway.start(["--web.max-pushes-in-flight=1", "--web.body-timeout=1s"]);
    using first = await Connection.open(gateway.port);
    using second = await Connection.open(gateway.port);
    for (const upload of [first, second]) {
      upload.write("PUT /metrics/job/j HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na 1\n");
      await untilRead(gateway.port);
    }
    expect((await first.answer()).status).toBe(503);
    expect((await second.answer()).status).toBe(408);
    expect([await counted(gateway, "busy"), await counted(gateway, "too-slow")]).toEqual([1, 1]);
  });
});

/** Two selectors, and a time. */
const MATCHING = ['match[]={job="a"}', 'match[]={job=~"b.*"}', "pushed_before=4e9"].map(encodeURI).join("&");

describe("what is removed is logged with who had it removed", () => {
  const LINES = [
    { request: { method: "DELETE", path: "/metrics/job/j" }, says: 'msg="deleted a group" group="job=\\"j\\""' },
    {
      request: { method: "DELETE", path: `/api/v1/groups?${MATCHING}&dry_run=false&expect=0&as_of=4e9` },
      says: 'msg="deleted groups" groups=0 match="{job=\\"a\\"} or {job=~\\"b.*\\"}" pushed_before=4e9',
    },
    { request: { method: "PUT", path: "/api/v1/admin/wipe" }, says: 'msg="deleted all groups" groups=0' },
    { request: { method: "PUT", path: "/-/quit" }, says: 'msg="received termination request via web service' },
  ];

  test("with client and user, where passwords are asked for", async () => {
    const users = `basic_auth_users: {alice: ${HASH}}\n`;
    const flags = [webConfig(users), "--web.enable-admin-api", "--web.enable-lifecycle"];
    await using gateway = await Gateway.start(flags);
    await ask(gateway.port, { ...PUSH, headers: ALICE });
    for (const { request, says } of LINES) {
      await ask(gateway.port, { ...request, headers: ALICE });
      const line = await eventually(
        "it is logged",
        async () => gateway.stderr.split("\n").find((text) => text.includes(says)) ?? null,
      );
      expect(line).toMatch(/level=(info|warn) .* logged_source=127\.0\.0\.1:\d+ user=alice$/);
    }
  });

  test("without a user where none is asked for, whatever the client says", async () => {
    await using gateway = await Gateway.start();
    await ask(gateway.port, { ...PUSH });
    await ask(gateway.port, { method: "DELETE", path: "/metrics/job/j", headers: ALICE });
    const line = /level=info .*msg="deleted a group" group="job=\\"j\\"" logged_source=127\S+\n/;
    await eventually("the line is read", async () => line.test(gateway.stderr));
    expect(gateway.stderr).toMatch(line);
    expect(gateway.stderr).not.toContain("alice");
  });
});

describe("every answer says that its content is not to be guessed", () => {
  const TEXTS: readonly string[] = [
    "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /-/ready HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /-/quit HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT /-/quit HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET //x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /api/v1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /metrics/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS /api/v1/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n",
    "PATCH /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /metrics HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    `GET /static/${PAGE_FILES.styles} HTTP/1.1\r\nHost: a\r\n\r\n`,
    "GET /static/none HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /api/v1/status HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /api/v1/metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT /metrics/job/j HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\na 1\n",
    "PUT /metrics/job/j HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{\n",
    "PUT /metrics/job/j HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nContent-Length: 0\r\n\r\n",
    "DELETE /metrics/job/j HTTP/1.1\r\nHost: a\r\n\r\n",
    "DELETE /metrics/job/%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET /\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
    "PUT /metrics/job/j HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  ];
  const NOSNIFF = ["x-content-type-options", "nosniff"] as const;

  async function withoutNosniff(gateway: Gateway, secure: boolean): Promise<string[]> {
    const wrong: string[] = [];
    for (const text of TEXTS) {
      using connection = await Connection.open(gateway.port, 10_000, secure);
      connection.write(text);
      const { status, headers } = await connection.answer(text.split(" ")[0]);
      if (headers.get(NOSNIFF[0]) !== NOSNIFF[1]) wrong.push(`${status} ${text.slice(0, 80)}`);
    }
    return wrong;
  }

  test("over plain HTTP", async () => {
    await using gateway = await Gateway.start();
    expect(await withoutNosniff(gateway, false)).toEqual([]);
  });

  test("over TLS, over HTTP/2, and to who speaks no TLS", async () => {
    await using gateway = await Gateway.start([`--web.config.file=${new Certificates().tlsConfig()}`], "", "https");
    expect(await withoutNosniff(gateway, true)).toEqual([]);
    using plain = await Connection.open(gateway.port);
    plain.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const { status, headers } = await plain.answer();
    expect([status, headers.get(NOSNIFF[0])]).toEqual([400, NOSNIFF[1]]);
    expect(await http2Headers(gateway.port)).toEqual([]);
  });
});

/** Answers over HTTP/2 that do not say nosniff. */
async function http2Headers(port: number): Promise<string[]> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const wrong: string[] = [];
  const asked = [
    ["GET", "/-/healthy"],
    ["GET", "/"],
    ["GET", "/metrics"],
    ["GET", "/nowhere"],
    ["GET", "//x"],
    ["OPTIONS", "/api/v1/x"],
    ["DELETE", "/metrics/job/j"],
    ["PATCH", "/metrics"],
  ];
  for (const [method, path] of asked) {
    const fields = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const stream = session.request({ ":method": method, ":path": path });
      stream.on("response", resolve).on("error", reject).resume();
    });
    if (fields["x-content-type-options"] !== "nosniff") wrong.push(`${method} ${path}: ${JSON.stringify(fields)}`);
  }
  session.destroy();
  return wrong;
}
