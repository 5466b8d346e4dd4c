import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { Gateway } from "../program.ts";
import { type Answer, ask, Connection, type Request, untilRead } from "../wire.ts";
import { delimited, double, label, PROTOBUF_TYPE, part } from "./protobuf.ts";

/** How often a limit was reached, as the gateway counts it. */
const reached = (gateway: Gateway, flag: string): Promise<number> =>
  gateway.own(`pushgateway_limit_reached_total{limit="${flag}"}`);

const lines = (count: number, line: (n: number) => string): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, n) => `${line(n)}\n`).join(""));

/** A family of that many metrics without labels, which protobuf may bring. */
const protobufFamily = (count: number): Buffer =>
  delimited(part(1, "m"), ...Array.from({ length: count }, () => part(4, part(3, Buffer.alloc(0)))));

const head = (...fields: string[]): string => `${fields.join("\r\n")}\r\nHost: 127.0.0.1\r\n\r\n`;

interface PushCase {
  readonly flag: string;
  readonly value: string;
  readonly proves: string;
  /** Just within the limit, and just beyond. */
  readonly within: Uint8Array;
  readonly beyond: Uint8Array;
  readonly headers?: Record<string, string>;
}

const GZIP = { "Content-Encoding": "gzip" };
const PROTOBUF = { "Content-Type": PROTOBUF_TYPE };
const comment = (sizeBytes: number): Buffer => Buffer.from(`#${" ".repeat(sizeBytes - 2)}\n`);

const PUSH_CASES: PushCase[] = [
  { flag: "push.max-body-size", value: "1KiB", proves: "a small body", within: comment(1024), beyond: comment(1025) },
  {
    flag: "push.max-body-size",
    value: "100KiB",
    proves: "a large body",
    within: comment(102_400),
    beyond: comment(102_401),
  },
  {
    flag: "push.max-decompressed-size",
    value: "100KiB",
    proves: "a plain body",
    within: comment(102_400),
    beyond: comment(102_401),
  },
  {
    flag: "push.max-decompressed-size",
    value: "2MiB",
    proves: "a gzip body",
    within: gzipSync(comment(2 ** 21)),
    beyond: gzipSync(comment(2 ** 21 + 1)),
    headers: GZIP,
  },
  {
    flag: "push.max-series",
    value: "100",
    proves: "series",
    within: lines(100, (n) => `a{n="${n}"} 1`),
    beyond: lines(101, (n) => `a{n="${n}"} 1`),
  },
  {
    flag: "push.max-series",
    value: "3",
    proves: "protobuf metrics",
    within: protobufFamily(1),
    beyond: protobufFamily(4),
    headers: PROTOBUF,
  },
  {
    flag: "push.max-families",
    value: "20",
    proves: "families",
    within: lines(20, (n) => `a${n} 1`),
    beyond: lines(21, (n) => `a${n} 1`),
  },
  {
    flag: "push.max-labels",
    value: "2",
    proves: "labels",
    within: lines(3, (n) => `a{n="${n}",b="1"} 1`),
    beyond: lines(1, (n) => `a{n="${n}",b="1",c="2"} 1`),
  },
  {
    flag: "push.max-labels-size",
    value: "1KiB",
    proves: "the labels of one series together",
    within: lines(3, (n) => `a{n="${n}",b="${"x".repeat(500)}",c="${"x".repeat(500)}"} 1`),
    beyond: lines(1, (n) => `a{n="${n}",b="${"x".repeat(500)}",c="${"x".repeat(511)}"} 1`),
  },
  {
    flag: "push.max-labels-size",
    value: "1KiB",
    proves: "those of one with its name in quotes",
    within: Buffer.from(`{"a",b="${"x".repeat(900)}"} 1\n`),
    beyond: Buffer.from(`{"a",b="${"x".repeat(900)}",c="${"x".repeat(200)}"} 1\n`),
  },
  {
    flag: "push.max-labels-size",
    value: "1KiB",
    proves: "those of a protobuf metric",
    within: delimited(
      part(1, "m"),
      part(4, label("a", "x".repeat(500)), label("b", "x".repeat(500)), part(3, double(1, 1))),
    ),
    beyond: delimited(
      part(1, "m"),
      part(4, label("a", "x".repeat(500)), label("b", "x".repeat(520)), part(3, double(1, 1))),
    ),
    headers: PROTOBUF,
  },
  ...[
    (x: string) => `${x} 1\n`,
    (x: string) => `a{${x}="1"} 1\n`,
    (x: string) => `a{l="${x}"} 1\n`,
    (x: string) => `# HELP a ${x}\na 1\n`,
  ].map((line) => ({
    flag: "push.max-label-length",
    value: "1KiB",
    proves: line("x").trim(),
    within: Buffer.from(line("x".repeat(1024))),
    beyond: Buffer.from(line("x".repeat(1025))),
  })),
  {
    flag: "push.max-families",
    value: "20",
    proves: "families without a name or anything else",
    within: Buffer.alloc(20),
    beyond: Buffer.alloc(21),
    headers: PROTOBUF,
  },
];

const GROUP_CASES: PushCase[] = [
  {
    flag: "store.max-group-series",
    value: "10",
    proves: "series of a group, its push times among them",
    within: lines(8, (n) => `a{n="${n}"} 1`),
    beyond: lines(9, (n) => `a{n="${n}"} 1`),
  },
  {
    flag: "store.max-group-size",
    value: "10KiB",
    proves: "lines of a group",
    within: Buffer.from(`a{l="${"x".repeat(9_000)}"} 1\n`),
    beyond: Buffer.from(`a{l="${"x".repeat(11_000)}"} 1\n`),
  },
  {
    flag: "store.max-group-size",
    value: "10KiB",
    proves: "help texts of a group, as often as they are there",
    within: lines(2, (n) => `# HELP a${n} ${"x".repeat(4_000)}\na${n} 1`),
    beyond: lines(3, (n) => `# HELP a${n} ${"x".repeat(4_000)}\na${n} 1`),
  },
];

/** Paths beyond a limit of pushes, with one within. */
const PATH_CASES = [
  { flag: "push.max-labels", value: "3", within: "/a/1/b/2", beyond: "/a/1/b/2/c/3" },
  { flag: "push.max-labels", value: "3", within: "/a/1/a/2/a/3", beyond: "/a/1/b@base64/Mg/c@base64/=" },
  { flag: "push.max-label-length", value: "1KiB", within: `/${"x".repeat(1024)}/1`, beyond: `/${"x".repeat(1025)}/1` },
  { flag: "push.max-label-length", value: "1KiB", within: `/a/${"x".repeat(1024)}`, beyond: `/a/${"x".repeat(1025)}` },
  {
    flag: "push.max-label-length",
    value: "16B",
    within: "/a/%C3%A9xxxxxxxxxxxxxx",
    beyond: "/a/%C3%A9xxxxxxxxxxxxxxx",
  },
  {
    flag: "push.max-label-length",
    value: "1KiB",
    within: `/a@base64/${Buffer.alloc(1024, "x").toString("base64url")}`,
    beyond: `/a@base64/${Buffer.alloc(1025, "x").toString("base64url")}`,
  },
];

async function push(gateway: Gateway, body: Uint8Array, headers: Record<string, string> = {}, job = "j") {
  const request: Request = { method: "PUT", path: `/metrics/job/${job}`, body, headers };
  return await ask(gateway.port, request);
}

describe("a push beyond a limit is answered 413 and counted, one within it is taken", () => {
  test.each(PUSH_CASES)("$flag=$value: $proves", async ({ flag, value, within, beyond, headers }) => {
    await using gateway = await Gateway.start([`--${flag}=${value}`]);
    expect((await push(gateway, within, headers)).status).toBe(200);
    const before = await gateway.lines('job="j"');
    const refused = await push(gateway, beyond, headers);
    expect(refused.status).toBe(413);
    expect(refused.headers.get("connection")?.toLowerCase()).toBe("close");
    expect(refused.body.toString()).toMatch(/limit|more than/);
    expect(await reached(gateway, flag)).toBe(1);
    expect(await gateway.own('pushgateway_rejected_pushes_total{reason="too-large"}')).toBe(1);
    expect(await gateway.lines('job="j"')).toEqual(before);
    expect((await push(gateway, within, headers)).status).toBe(200);
  });

  test.each(GROUP_CASES)("$flag=$value: $proves", async ({ flag, value, within, beyond }) => {
    await using gateway = await Gateway.start([`--${flag}=${value}`]);
    const kept = async () => (await gateway.lines('job="j"')).filter((line) => !line.startsWith("push_failure_time"));
    expect((await push(gateway, within)).status).toBe(200);
    const before = await kept();
    for (const method of ["PUT", "POST"]) {
      const refused = await ask(gateway.port, { method, path: "/metrics/job/j", body: beyond });
      expect(refused.status).toBe(413);
      expect(refused.body.toString()).toContain(`(--${flag})`);
    }
    expect(await reached(gateway, flag)).toBe(2);
    expect(await kept()).toEqual(before);
    // What does not make the group grow is taken, and so is what other groups hold.
    expect((await push(gateway, within)).status).toBe(200);
    expect((await push(gateway, within, {}, "other")).status).toBe(200);
  });

  test("what a PUT takes away does not count for the size of its group", async () => {
    await using gateway = await Gateway.start(["--store.max-group-series=10", "--store.max-group-size=10KiB"]);
    for (const name of ["a", "b", "c"])
      expect(
        (
          await push(
            gateway,
            lines(8, (n) => `${name}{n="${n}",l="${"x".repeat(500)}"} 1`),
          )
        ).status,
      ).toBe(200);
    const refused = await ask(gateway.port, { method: "POST", path: "/metrics/job/j", body: Buffer.from("d 1\n") });
    expect(refused.status).toBe(413);
  });

  test.each(PATH_CASES)("$flag=$value: the path $beyond", async ({ flag, value, within, beyond }) => {
    await using gateway = await Gateway.start([`--${flag}=${value}`]);
    const body = Buffer.from("a 1\n");
    expect((await push(gateway, body, {}, `j${within}`)).status).toBe(200);
    const before = await gateway.lines("job=");
    for (const method of ["PUT", "POST"]) {
      const refused = await ask(gateway.port, { method, path: `/metrics/job/j${beyond}`, body });
      expect(refused.status).toBe(413);
      expect(refused.body.toString()).toContain(`(--${flag})`);
    }
    expect(await reached(gateway, flag)).toBe(2);
    expect(await gateway.lines("job=")).toEqual(before);
    // A group from before the limit can be deleted.
    expect((await ask(gateway.port, { method: "DELETE", path: `/metrics/job/j${beyond}` })).status).toBe(202);
  });

  test("a body without a length is refused as soon as it is too large", async () => {
    await using gateway = await Gateway.start(["--push.max-body-size=100KiB"]);
    using connection = await Connection.open(gateway.port);
    connection.write(head("PUT /metrics/job/j HTTP/1.1\r\nTransfer-Encoding: chunked"));
    connection.write(`19001\r\n${" ".repeat(0x19001)}\r\n`);
    expect((await connection.answer()).status).toBe(413);
    expect(await reached(gateway, "push.max-body-size")).toBe(1);
  });
});

describe("a store that is full answers 507 to what would make it grow, and takes what does not", () => {
  const LINE = Buffer.from("a 1\n");
  const CASES = [
    { flag: "store.max-groups", value: "2", beyond: LINE },
    { flag: "store.max-series", value: "6", beyond: LINE },
    { flag: "store.max-families", value: "3", beyond: Buffer.from("b 1\n") },
    { flag: "store.max-size", value: "64KiB", beyond: Buffer.from(`a{l="${"x".repeat(60_000)}"} 1\n`) },
  ];

  test.each(CASES)("$flag=$value", async ({ flag, value, beyond }) => {
    await using gateway = await Gateway.start([`--${flag}=${value}`]);
    for (const job of ["one", "two"]) expect((await push(gateway, LINE, {}, job)).status).toBe(200);
    const before = await gateway.lines("job=");
    for (const job of ["three", "four"]) {
      const refused = await push(gateway, beyond, {}, job);
      expect(refused.status).toBe(507);
      expect(refused.body.toString()).toContain(`(--${flag})`);
    }
    expect(await gateway.lines("job=")).toEqual(before);
    expect(await reached(gateway, flag)).toBe(2);
    expect((await push(gateway, Buffer.from("a 2\n"), {}, "one")).status).toBe(200);
    expect((await ask(gateway.port, { method: "DELETE", path: "/metrics/job/two" })).status).toBe(202);
    expect((await push(gateway, LINE, {}, "three")).status).toBe(200);
  });
});

/** Crowd that have begun a push and say no more. */
async function stalled(gateway: Gateway, count: number, start: string): Promise<Connection[]> {
  const opened: Connection[] = [];
  for (let n = 0; n < count; n++) {
    const connection = await Connection.open(gateway.port);
    connection.write(start);
    opened.push(connection);
    // One after the other, so that the first is the oldest.
    await untilRead(gateway.port);
  }
  return opened;
}

const SMALL_START = `${head("POST /metrics/job/slow HTTP/1.1\r\nContent-Length: 50")}a`;
const CHUNKED_START = `${head("POST /metrics/job/slow HTTP/1.1\r\nTransfer-Encoding: chunked")}2\r\na \r\n`;

function expectBusy({ status, headers }: Answer): void {
  expect(status).toBe(503);
  expect(headers.get("retry-after")).toBe("1");
  expect(headers.get("connection")?.toLowerCase()).toBe("close");
}

describe("bodies that are on their way", () => {
  test("beyond --web.max-pushes-in-flight the one that stood still longest gets 503, and the new one is taken", async () => {
    await using gateway = await Gateway.start(["--web.max-pushes-in-flight=3"]);
    const slow = await stalled(gateway, 4, SMALL_START);
    expect((await push(gateway, Buffer.from("a 1\n"))).status).toBe(200);
    if (slow[0] !== undefined) expectBusy(await slow[0].answer());
    slow[2]?.write(`{} 1\n${"#".repeat(43)}\n`);
    expect((await slow[2]?.answer())?.status).toBe(200);
    expect(await reached(gateway, "web.max-pushes-in-flight")).toBeGreaterThan(0);
    for (const connection of slow) connection.close();
  });

  test("beyond --push.max-buffered-size the oldest large one gets 503, and small ones are not concerned", async () => {
    await using gateway = await Gateway.start(["--push.max-buffered-size=1MiB"]);
    const start = head("POST /metrics/job/slow HTTP/1.1\r\nContent-Length: 700000") + "#".repeat(600_000);
    const [first, second] = await stalled(gateway, 2, start);
    if (first === undefined || second === undefined) throw new Error("opening two connections: got fewer");
    expectBusy(await first.answer());
    expect((await push(gateway, Buffer.from("a 1\n"))).status).toBe(200);
    second.write(`${"#".repeat(99_999)}\n`);
    expect((await second.answer()).status).toBe(200);
    expect(await reached(gateway, "push.max-buffered-size")).toBe(1);
    first.close();
    second.close();
  });

  test.concurrent.each([
    { proves: "of a known size", start: SMALL_START },
    { proves: "in chunks", start: CHUNKED_START },
    { proves: "that is large", start: head("POST /metrics/job/slow HTTP/1.1\r\nContent-Length: 9000000") },
  ])("one $proves that brings nothing gets 408 after --web.body-timeout", async ({ start }) => {
    await using gateway = await Gateway.start(["--web.body-timeout=1s"]);
    const [connection] = await stalled(gateway, 1, start);
    const answer = await connection?.answer();
    expect(answer?.status).toBe(408);
    expect(answer?.body.toString()).toContain("--web.body-timeout");
    expect(await reached(gateway, "web.body-timeout")).toBe(1);
    connection?.close();
  });
});
