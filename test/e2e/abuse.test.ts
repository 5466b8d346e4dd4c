import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { Gateway } from "../program.ts";
import { ask, Connection } from "../wire.ts";
import { delimited, integer, label, PROTOBUF_TYPE, part, varint } from "./protobuf.ts";

/** No abuse may keep its client waiting longer than this. */
const ANSWER_LIMIT_MS = 5_000;

const GOOD = Buffer.from("good 1\n");
const GOOD_LINE = 'good{instance="",job="good"} 1';

/** A gateway that holds one good group. */
async function started(flags: readonly string[] = []): Promise<Gateway> {
  const gateway = await Gateway.start(flags);
  const { status } = await ask(gateway.port, { method: "POST", path: "/metrics/job/good", body: GOOD });
  expect(status).toBe(200);
  return gateway;
}

/** After each abuse: the gateway is healthy, scrapes are answered, and nothing called bad is in them. */
async function expectUnharmed(gateway: Gateway): Promise<void> {
  const healthy = await ask(gateway.port, { method: "GET", path: "/-/healthy" }, ANSWER_LIMIT_MS);
  expect(healthy.status).toBe(200);
  const scrape = await ask(gateway.port, { method: "GET", path: "/metrics" }, ANSWER_LIMIT_MS);
  expect(scrape.status).toBe(200);
  const lines = scrape.body.toString().split("\n");
  expect(lines).toContain(GOOD_LINE);
  expect(lines.filter((line) => line.startsWith("bad"))).toEqual([]);
}

function head(...lines: string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const PUSH = "POST /metrics/job/good HTTP/1.1";
const HOST = "Host: 127.0.0.1";

/** Raw bytes for one connection, and what may come back: statuses, null for a connection closed without an answer. */
const BROKEN_REQUESTS: { proves: string; bytes: string; may: (number | null)[] }[] = [
  {
    proves: "a body cut short after a whole line",
    bytes: `${head(PUSH, HOST, "Content-Length: 100")}bad_cut 1\n`,
    may: [400, null],
  },
  {
    proves: "a chunked body cut short between chunks",
    bytes: `${head(PUSH, HOST, "Transfer-Encoding: chunked")}a\r\nbad_cut 1\n\r\n`,
    may: [400, null],
  },
  {
    proves: "a chunk whose size is no number",
    bytes: `${head(PUSH, HOST, "Transfer-Encoding: chunked")}zz\r\nbad_chunk 1\n\r\n0\r\n\r\n`,
    may: [400, null],
  },
  {
    proves: "a Content-Length that ends within a label",
    bytes: `${head(PUSH, HOST, "Content-Length: 8")}bad{a="b"} 1\n`,
    may: [400, null],
  },
  {
    proves: "two different lengths",
    bytes: `${head(PUSH, HOST, "Content-Length: 10", "Content-Length: 4")}bad_len 1\n`,
    may: [400, null],
  },
  {
    proves: "a length and chunks at once, with a malformed body",
    bytes: `${head(PUSH, HOST, "Content-Length: 4", "Transfer-Encoding: chunked")}4\r\nbad{\r\n0\r\n\r\n`,
    may: [400, null],
  },
  {
    proves: "a length below zero",
    bytes: `${head(PUSH, HOST, "Content-Length: -10")}bad_neg 1\n`,
    may: [400, null],
  },
  {
    proves: "a length that is no number",
    bytes: `${head(PUSH, HOST, "Content-Length: ten")}bad_nan 1\n`,
    may: [400, null],
  },
  { proves: "a NUL byte in the path", bytes: head("POST /metrics/job/bad\0x HTTP/1.1", HOST), may: [400, 505, null] },
  { proves: "a NUL byte in a header", bytes: head(PUSH, HOST, "X-Bad: a\0b", "Content-Length: 0"), may: [400, null] },
  { proves: "headers of 2 MB", bytes: head(PUSH, HOST, `X-Bad: ${"a".repeat(2_000_000)}`), may: [400, 431, null] },
  { proves: "a TLS greeting", bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03bad\r\n\r\n", may: [400, null] },
  { proves: "a method nobody knows", bytes: head("BREW /metrics/job/bad HTTP/1.1", HOST), may: [400, 405, null] },
  { proves: "a version nobody knows", bytes: head("GET /metrics HTTP/9.9", HOST), may: [400, 505, null] },
  { proves: "a header that is not ended", bytes: `${PUSH}\r\n${HOST}\r\nX-Bad: 1`, may: [400, null] },
];

describe("broken requests", () => {
  test.each(BROKEN_REQUESTS)("are refused or dropped at once and harm nothing: $proves", async ({ bytes, may }) => {
    await using gateway = await started();
    using connection = await Connection.open(gateway.port, ANSWER_LIMIT_MS);
    connection.write(Buffer.from(bytes, "latin1"));
    connection.end();
    expect(may).toContain(await connection.statusOrClosed());
    await expectUnharmed(gateway);
  });

  test("a hundred connections dropped amid their headers harm nothing", async () => {
    await using gateway = await started();
    for (let n = 0; n < 100; n++) {
      using connection = await Connection.open(gateway.port);
      connection.write(`${PUSH}\r\n${HOST}\r\nContent-Le`);
    }
    await expectUnharmed(gateway);
  });
});

const BROKEN_BODIES: { proves: string; body: Uint8Array; headers?: Record<string, string>; may: number[] }[] = [
  { proves: "labels without a name", body: Buffer.from("{} 1\n"), may: [400] },
  { proves: "a NUL byte in a name", body: Buffer.from("bad\0name 1\n"), may: [400] },
  { proves: "good lines before a malformed one", body: Buffer.from("bad_first 1\nbad_second\n"), may: [400] },
  { proves: "bytes that are not UTF-8", body: Buffer.from('bad{a="\xff"} 1\n', "latin1"), may: [400] },
  {
    proves: "an empty name before a million commas",
    body: Buffer.from(`bad{${",".repeat(1_000_000)}} 1\n`),
    may: [400],
  },
  {
    proves: "64 MB of zeros in a small gzip body",
    body: gzipSync(Buffer.alloc(64_000_000)),
    headers: { "Content-Encoding": "gzip" },
    may: [400, 413],
  },
  {
    proves: "a gzip body cut short",
    body: gzipSync(Buffer.from("bad_gzip 1\n".repeat(1_000))).subarray(0, 60),
    headers: { "Content-Encoding": "gzip" },
    may: [400],
  },
  {
    proves: "a protobuf message that claims 4 GiB",
    body: Buffer.concat([varint(2 ** 32), Buffer.from("bad")]),
    headers: { "Content-Type": PROTOBUF_TYPE },
    may: [400, 413],
  },
  {
    proves: "a protobuf message whose length never ends",
    body: Buffer.alloc(100_000, 0xff),
    headers: { "Content-Type": PROTOBUF_TYPE },
    may: [400],
  },
  {
    proves: "10,000 nested protobuf groups that are never closed",
    body: delimited(part(1, "bad"), Buffer.from(Array.from({ length: 10_000 }, () => 9 * 8 + 3))),
    headers: { "Content-Type": PROTOBUF_TYPE },
    may: [400],
  },
  {
    proves: "a family that is inconsistent with itself",
    body: delimited(part(1, "bad"), integer(3, 1), part(4, label("a", "b"), part(3, Buffer.alloc(9, 9)))),
    headers: { "Content-Type": PROTOBUF_TYPE },
    may: [400],
  },
];

/** Pushes that are unusual but well-formed: to be taken or refused, in bounded time. */
const HUGE_BODIES: { proves: string; body: () => Uint8Array; headers?: Record<string, string> }[] = [
  { proves: "a label value of 4 MB", body: () => Buffer.from(`huge{a="${"x".repeat(4_000_000)}"} 1\n`) },
  {
    proves: "100,000 labels on one series",
    body: () => Buffer.from(`huge{${Array.from({ length: 100_000 }, (_, n) => `l${n}="v"`).join()}} 1\n`),
  },
  { proves: "a name of 1 MB", body: () => Buffer.from(`${"h".repeat(1_000_000)} 1\n`) },
  { proves: "a value of 1 MB of digits", body: () => Buffer.from(`huge ${"1".repeat(1_000_000)}\n`) },
  { proves: "a NUL byte in a label value", body: () => Buffer.from('huge{a="\0"} 1\n') },
  {
    proves: "10,000 nested protobuf groups, all closed",
    body: () => delimited(part(1, "huge"), Buffer.alloc(10_000, 9 * 8 + 3), Buffer.alloc(10_000, 9 * 8 + 4)),
    headers: { "Content-Type": PROTOBUF_TYPE },
  },
  {
    proves: "10,000 nested protobuf messages in a field nobody knows",
    body: () => delimited(part(1, "huge"), nested(10_000)),
    headers: { "Content-Type": PROTOBUF_TYPE },
  },
];

function nested(depth: number): Buffer {
  const heads: Buffer[] = [];
  let sizeBytes = 0;
  for (let level = 0; level < depth; level++) {
    const start = Buffer.concat([varint(9 * 8 + 2), varint(sizeBytes)]);
    heads.push(start);
    sizeBytes += start.length;
  }
  return Buffer.concat(heads.reverse());
}

describe("hostile bodies", () => {
  test.each(BROKEN_BODIES)("are refused at once and leave nothing: $proves", async ({ body, headers, may }) => {
    await using gateway = await started();
    const request = { method: "POST", path: "/metrics/job/good", body, headers: headers ?? {} };
    const answer = await ask(gateway.port, request, ANSWER_LIMIT_MS);
    expect(may).toContain(answer.status);
    expect(answer.body.toString().trim()).not.toBe("");
    await expectUnharmed(gateway);
  });

  test.each(HUGE_BODIES)("are taken or refused in bounded time: $proves", async ({ body, headers }) => {
    await using gateway = await started();
    const request = { method: "POST", path: "/metrics/job/huge", body: body(), headers: headers ?? {} };
    const answer = await ask(gateway.port, request, ANSWER_LIMIT_MS);
    expect([200, 400, 413]).toContain(answer.status);
    if (answer.status !== 200) expect(answer.body.toString().trim()).not.toBe("");
    await expectUnharmed(gateway);
  });
});

describe("hosts and paths", () => {
  const hosts = [
    { proves: "HTTP/1.0 without a Host", version: "1.0", host: [] },
    { proves: "an empty Host", version: "1.1", host: ["Host:"] },
    { proves: "a Host of one character", version: "1.1", host: ["Host: a"] },
    { proves: "a Host of two characters", version: "1.1", host: ["Host: ab"] },
    { proves: "a Host of three characters", version: "1.1", host: ["Host: abc"] },
  ];

  test.each(hosts)("a path is found where it is, not within another path: $proves", async ({ version, host }) => {
    await using gateway = await started();
    const inner = "/metrics/job/good";
    const lengths = Array.from({ length: 18 }, (_, n) => n);
    for (const path of lengths
      .map((length) => `/${"a".repeat(length)}${inner}`)
      .filter((path) => path !== `/${inner}`)) {
      using connection = await Connection.open(gateway.port, ANSWER_LIMIT_MS);
      connection.write(`${head(`POST ${path} HTTP/${version}`, ...host, "Content-Length: 6")}bad 1\n`);
      expect([path, (await connection.answer()).status]).toEqual([path, 404]);
    }
    await expectUnharmed(gateway);
  });

  test.each(hosts)("an ordinary push and scrape are answered: $proves", async ({ version, host }) => {
    await using gateway = await started();
    for (const request of ["POST /metrics/job/other", "GET /metrics", "GET /-/healthy"]) {
      using connection = await Connection.open(gateway.port, ANSWER_LIMIT_MS);
      const body = request.startsWith("POST") ? "other 1\n" : "";
      connection.write(`${head(`${request} HTTP/${version}`, ...host, `Content-Length: ${body.length}`)}${body}`);
      expect([request, (await connection.answer()).status]).toEqual([request, 200]);
    }
    await expectUnharmed(gateway);
  });

  const POISON = [
    { path: "/metrics/job/%ff", flags: [] },
    { path: "/metrics/job/good/bad/%ff", flags: [] },
    { path: "/metrics/job@base64/_w", flags: [] },
    { path: "/metrics/job/good/instance@base64/=", flags: [] },
    { path: "/metrics/job/good/U______reserved/x", flags: ["--push.enable-utf8-names"] },
  ];

  test.each(POISON)(
    "a push to $path is refused and every later scrape and push is answered",
    async ({ path, flags }) => {
      await using gateway = await started(flags);
      const push = { method: "POST", path, body: GOOD };
      expect((await ask(gateway.port, push, ANSWER_LIMIT_MS)).status).toBe(400);
      await expectUnharmed(gateway);
      const again = { method: "POST", path: "/metrics/job/good", body: GOOD };
      expect((await ask(gateway.port, again, ANSWER_LIMIT_MS)).status).toBe(200);
      await expectUnharmed(gateway);
    },
  );
});

describe("one connection for several requests", () => {
  test("pipelined requests are answered in order, a refused one among them", async () => {
    await using gateway = await started();
    using connection = await Connection.open(gateway.port, ANSWER_LIMIT_MS);
    connection.write(
      [
        `${head("POST /metrics/job/piped HTTP/1.1", HOST, "Content-Length: 8")}piped 1\n`,
        head("GET /-/healthy HTTP/1.1", HOST),
        `${head(PUSH, HOST, "Content-Length: 5")}bad{\n`,
        head("GET /metrics/job/nothing HTTP/1.1", HOST),
        head("GET /-/ready HTTP/1.1", HOST),
      ].join(""),
    );
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await connection.answer()).status);
    expect(statuses).toEqual([200, 200, 400, 405, 200]);
    await expectUnharmed(gateway);
  });

  test("an answer to HEAD carries no body, so that the next answer is read from its start", async () => {
    await using gateway = await started();
    using connection = await Connection.open(gateway.port, ANSWER_LIMIT_MS);
    for (const path of ["/metrics", "/-/healthy", "/", "/nope"]) {
      connection.write(head(`HEAD ${path} HTTP/1.1`, HOST));
      expect([200, 404, 405]).toContain((await connection.answer("HEAD")).status);
      connection.write(head("GET /-/healthy HTTP/1.1", HOST));
      expect((await connection.answer()).status).toBe(200);
    }
    await expectUnharmed(gateway);
  });
});
