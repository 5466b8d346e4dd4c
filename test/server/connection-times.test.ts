import { describe, expect, test } from "bun:test";
import { type Answer, emptyAnswer } from "../../src/server/exchange.ts";
import { GET, POST, pushes, Stand, Waiting } from "./connection-stand.ts";

describe("the times of a connection", () => {
  const SILENT: [what: string, said: string, seconds: number][] = [
    ["a client that says nothing", "", 12],
    ["one that has asked and waits", GET, 255],
    ["one that has asked twice and waits", GET + GET, 255],
  ];
  test.each(SILENT)("%s is let go when it has been idle for so long", async (_, said, seconds) => {
    const stand = new Stand();
    if (said !== "") stand.say(said);
    await stand.pass(seconds - 1);
    expect(stand.ending).toBe("none");
    await stand.pass(1);
    expect(stand.ending).toBe("destroy");
    expect(stand.refused).toEqual([]);
  });

  test("whoever asks now and then stays", async () => {
    const stand = new Stand();
    for (let n = 0; n < 10; n++) {
      stand.say(GET);
      await stand.pass(250);
    }
    expect([stand.ending, stand.statuses.length]).toEqual(["none", 10]);
  });

  const SLOW: [what: string, before: string, dripped: string][] = [
    ["a request line", "", "GET /aaaaaaaaaaaaaaaaaaaa"],
    ["a header", "GET /a HTTP/1.1\r\n", "X-A: aaaaaaaaaaaaaaaaaaaa"],
    ["the header of a second request", `${GET}GET /a HTTP/1.1\r\n`, "X-A: aaaaaaaaaaaaaaaaaaaa"],
  ];
  test.each(SLOW)(
    "%s that comes a byte a second is refused after 12 s, and the client told",
    async (_, before, dripped) => {
      const stand = new Stand();
      const answered = before.startsWith(GET) ? ["200"] : [];
      stand.say(before);
      for (const byte of dripped.slice(0, 11)) {
        stand.say(byte);
        await stand.pass(1);
      }
      expect([stand.ending, stand.statuses]).toEqual(["none", answered]);
      stand.say(dripped.slice(11, 12));
      await stand.pass(1);
      expect([stand.ending, stand.statuses]).toEqual(["end", [...answered, "408 close"]]);
      expect(stand.transport.text).toEndWith("408 Request Timeout: the header was not whole after 12 s");
      expect(stand.refused).toEqual(["too-slow"]);
    },
  );

  test("the time of a header begins with its first byte, however long the connection was idle before", async () => {
    const stand = new Stand();
    stand.say(GET);
    await stand.pass(200);
    stand.say("GET /a HTTP/1.1\r\n");
    await stand.pass(11);
    stand.say("Host: x\r\n\r\n");
    await stand.settle();
    expect([stand.ending, stand.statuses]).toEqual(["none", ["200", "200"]]);
  });

  const LENGTHS = [
    ["a length", "Content-Length: 6000"],
    ["chunks", "Transfer-Encoding: chunked"],
  ] as const;
  test.each(LENGTHS)(
    "a body with %s that brings a line a second is taken, however long that lasts",
    async (_, field) => {
      const taken: string[] = [];
      const stand = new Stand(pushes(taken));
      const isChunked = field.startsWith("T");
      stand.say(`${POST}${field}\r\n\r\n`);
      for (let n = 0; n < 600; n++) {
        const line = `m_${String(n).padStart(4, "0")} 1\n`.padStart(10, "#");
        stand.say(isChunked ? `a\r\n${line}\r\n` : line);
        await stand.pass(1);
      }
      if (isChunked) stand.say("0\r\n\r\n");
      await stand.settle();
      expect([stand.ending, stand.statuses]).toEqual(["none", ["200"]]);
      expect(taken.map(({ length }) => length)).toEqual([6000]);
    },
  );

  test("a body that brings nothing for --web.body-timeout is answered 408, and the connection ended", async () => {
    const stand = new Stand(pushes(), ["--web.body-timeout=40s"]);
    stand.say(`${POST}Content-Length: 6000\r\n\r\nm 1\n`);
    await stand.pass(39);
    stand.say("m 2\n");
    await stand.pass(39);
    expect([stand.ending, stand.statuses]).toEqual(["none", []]);
    await stand.pass(1);
    expect([stand.ending, stand.statuses]).toEqual(["end", ["408 close"]]);
    expect(stand.transport.text).toContain("the body brought nothing for 40 s (--web.body-timeout)");
  });

  test("the rest of a body that nobody wants has 12 s to come", async () => {
    const stand = new Stand(() => () => emptyAnswer(404));
    stand.say(`${POST}Content-Length: 6000\r\n\r\n`);
    expect(stand.statuses).toEqual(["404"]);
    for (let n = 0; n < 11; n++) {
      stand.say("x");
      await stand.pass(1);
    }
    expect(stand.ending).toBe("none");
    await stand.pass(1);
    expect(stand.ending).toBe("destroy");
  });

  test("behind the last answer a client has 2 s to read it", async () => {
    const stand = new Stand();
    stand.say(GET.replace("Host", "Connection: close\r\nHost"));
    expect([stand.ending, stand.statuses]).toEqual(["end", ["200 close"]]);
    await stand.pass(1);
    expect(stand.ending).toBe("end");
    await stand.pass(1);
    expect(stand.ending).toBe("destroy");
  });

  test("a reader who takes nothing of an answer is let go after 255 s, one who takes a little goes on", async () => {
    const answer: Answer = { status: 200, headers: {}, body: new Uint8Array(100) };
    const stand = new Stand(() => () => answer);
    stand.transport.isFull = true;
    stand.say(GET);
    await stand.pass(254);
    stand.connection.drained();
    await stand.settle();
    stand.say(GET);
    await stand.pass(254);
    expect(stand.ending).toBe("none");
    await stand.pass(1);
    expect(stand.ending).toBe("destroy");
  });

  test("a request may be with its handler for as long as that takes", async () => {
    const waiting = new Waiting();
    const stand = new Stand(() => waiting.handler);
    stand.say(GET);
    await stand.pass(1_000);
    waiting.answer();
    await stand.settle();
    expect([stand.ending, stand.statuses]).toEqual(["none", ["200"]]);
  });
});
