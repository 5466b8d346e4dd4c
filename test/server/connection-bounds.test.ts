import { describe, expect, test } from "bun:test";
import { emptyAnswer, type Handler } from "../../src/server/exchange.ts";
import { GET, OK, POST, pushes, Stand, Waiting } from "./connection-stand.ts";

const KB = 1024;

describe("what waits behind a request that is not answered yet", () => {
  test("64 KB of it are read, more only when there is an answer; then all are answered in their order", async () => {
    const waiting = new Waiting();
    const stand = new Stand(() => waiting.handler);
    stand.say(GET);
    const paths = Array.from({ length: 100 }, (_, n) => `/${n}/${"x".repeat(1_000)}`);
    for (const path of paths) {
      if (!stand.transport.isReading) break;
      stand.say(GET.replace("/a", path));
    }
    const heldBytes = stand.heldBytes;
    expect([heldBytes > 64 * KB, heldBytes <= 66 * KB, stand.transport.isReading]).toEqual([true, true, false]);
    expect(waiting.exchanges).toHaveLength(1);
    const held = Math.floor(heldBytes / GET.replace("/a", paths[50] ?? "").length);
    for (let n = 0; n < held; n++) {
      waiting.answer();
      await stand.settle();
      expect([waiting.exchanges.length, stand.statuses.length]).toEqual([n + 2, n + 1]);
    }
    expect(stand.transport.isReading).toBe(true);
    const seen = waiting.exchanges.slice(1).map(({ path }) => Buffer.from(path).toString());
    expect(seen).toEqual(paths.slice(0, held));
  });

  test("whoever sends many requests at once has others get a turn of the loop behind each", async () => {
    const stand = new Stand(() => async () => OK);
    stand.say(GET.repeat(50));
    await stand.settle();
    await stand.settle();
    await stand.settle();
    expect([stand.statuses.length, stand.turns]).toEqual([50, 49]);
  });

  test("changes that are answered at once are answered in the turn they come in", () => {
    const stand = new Stand();
    stand.say("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".repeat(50));
    expect([stand.statuses.length, stand.turns]).toEqual([50, 0]);
  });

  test("of requests that read, and may cost a millisecond, some are answered in a turn of their source", async () => {
    const stand = new Stand();
    stand.say(GET.repeat(50));
    expect(stand.statuses.length).toBeLessThanOrEqual(16);
    await stand.settle();
    expect(stand.statuses).toHaveLength(50);
  });

  test("a client that says no more gets the answers to all that it has asked", async () => {
    const waiting = new Waiting();
    const stand = new Stand(() => waiting.handler);
    stand.say(GET.repeat(3));
    stand.connection.ended();
    for (let n = 0; n < 3; n++) {
      expect(stand.ending).toBe("none");
      waiting.answer();
      await stand.settle();
    }
    expect([stand.statuses, stand.ending]).toEqual([["200", "200", "200"], "close"]);
  });

  test("the last of several requests is answered as cut short where its client says no more amid its body", async () => {
    const stand = new Stand(pushes());
    const push = (sizeBytes: number) => `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nm\r\n${sizeBytes}\r\n`;
    stand.say(`${push(0)}\r\n${push(0)}\r\n${push(9)}m`);
    stand.connection.ended();
    await stand.settle();
    expect([stand.statuses, stand.ending]).toEqual([["200", "200", "400"], "close"]);
  });

  test("a client that takes no answer is sent no second one", async () => {
    const stand = new Stand();
    stand.transport.isFull = true;
    stand.say(GET.repeat(3));
    await stand.settle();
    expect(stand.statuses).toEqual(["200"]);
    stand.transport.isFull = false;
    stand.connection.drained();
    await stand.settle();
    expect(stand.statuses).toEqual(["200", "200", "200"]);
  });
});

describe("the sizes of a request", () => {
  const header = (sizeBytes: number): string => `X: ${"y".repeat(sizeBytes)}`;
  const lines = (count: number): string => "X: y\r\n".repeat(count).trimEnd();
  const TARGET = (sizeBytes: number) => `GET /${"x".repeat(sizeBytes)} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const FIELDS = (text: string) => GET.replace("Host: x", `Host: x\r\n${text}`);
  const TRAILER = (sizeBytes: number) =>
    `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${header(sizeBytes)}\r\n\r\n`;
  const CHUNKS = (count: number, extension: string) =>
    `${POST}Transfer-Encoding: chunked\r\n\r\n${`1${extension}\r\nx\r\n`.repeat(count)}0\r\n\r\n`;
  const SIZES: [what: string, taken: string, refused: string, status: number][] = [
    ["a target of 16 KB", TARGET(16_000), TARGET(17_000), 431],
    ["a header of 16 KB", FIELDS(header(16_000)), FIELDS(header(17_000)), 431],
    ["a header of 1,000 lines", FIELDS(lines(999)), FIELDS(lines(1_000)), 431],
    ["a trailer of 4 KB", TRAILER(4_000), TRAILER(4_100), 400],
    [
      "16 KB of chunks besides what is usual",
      CHUNKS(300, `;${"x".repeat(50)}`),
      CHUNKS(500, `;${"x".repeat(50)}`),
      400,
    ],
    ["any number of chunks of a byte", CHUNKS(20_000, ""), CHUNKS(20_000, ";aaaaaaaaaaaaaa"), 400],
  ];
  test.each(SIZES)("%s is taken, more is refused, however it is cut", async (_, taken, refused, status) => {
    for (const pieceBytes of [100_000, 7]) {
      const stand = new Stand(pushes());
      for (let at = 0; at < taken.length; at += pieceBytes) stand.say(taken.slice(at, at + pieceBytes));
      await stand.settle();
      expect([stand.statuses, stand.ending, stand.refused]).toEqual([["200"], "none", []]);
      for (let at = 0; at < refused.length; at += pieceBytes) stand.say(refused.slice(at, at + pieceBytes));
      await stand.settle();
      expect([stand.statuses, stand.ending]).toEqual([["200", `${status} close`], "end"]);
      expect(stand.refused).toEqual([status === 431 ? "header-too-large" : "malformed"]);
    }
  });

  test("a body of more than --push.max-body-size is refused as soon as it is, announced or not", async () => {
    const FLAGS = ["--push.max-body-size=1000"];
    const announced = new Stand(pushes(), FLAGS);
    announced.say(`${POST}Content-Length: 1001\r\n\r\n`);
    await announced.settle();
    expect([announced.statuses, announced.ending]).toEqual([["413 close"], "end"]);
    const chunked = new Stand(pushes(), FLAGS);
    chunked.say(`${POST}Transfer-Encoding: chunked\r\n\r\n3e8\r\n${"x".repeat(1_000)}\r\n`);
    await chunked.settle();
    expect(chunked.statuses).toEqual([]);
    chunked.say("1\r\nx\r\n");
    await chunked.settle();
    expect([chunked.statuses, chunked.ending]).toEqual([["413 close"], "end"]);
  });
});

describe("a body that nobody has asked for", () => {
  const unwanted = (): Handler => () => emptyAnswer(404);

  test("is read up to 256 KB, and the next request is answered", async () => {
    const stand = new Stand(unwanted);
    stand.say(`${POST}Content-Length: ${256 * KB}\r\n\r\n`);
    for (let n = 0; n < 256; n++) stand.say("x".repeat(KB));
    stand.say(GET);
    await stand.settle();
    expect([stand.statuses, stand.ending]).toEqual([["404", "404"], "none"]);
  });

  test("ends the connection behind its answer where it is announced to be longer", () => {
    const stand = new Stand(unwanted);
    stand.say(`${POST}Content-Length: ${256 * KB + 1}\r\n\r\n`);
    expect([stand.statuses, stand.ending]).toEqual([["404 close"], "end"]);
  });

  test("ends the connection where it turns out to be longer", () => {
    const stand = new Stand(unwanted);
    stand.say(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
    for (let n = 0; n < 255; n++) stand.say(`3f8\r\n${"x".repeat(0x3f8)}\r\n`);
    expect([stand.statuses, stand.ending]).toEqual([["404"], "none"]);
    for (let n = 0; n < 3; n++) stand.say(`3f8\r\n${"x".repeat(0x3f8)}\r\n`);
    expect(stand.ending).toBe("end");
  });

  test("is not read before its handler wants it, or has answered", async () => {
    const waiting = new Waiting();
    const stand = new Stand(() => waiting.handler);
    stand.say(`${POST}Content-Length: 100\r\n\r\nsome`);
    expect(stand.transport.isReading).toBe(false);
    waiting.exchanges[0]?.body.receive({ piece: () => {}, end: () => {} });
    expect(stand.transport.isReading).toBe(true);
  });
});
