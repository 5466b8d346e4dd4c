import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { BodyIntake } from "../../src/http/body-intake.ts";
import type { Answer, Answers, Exchange } from "../../src/server/exchange.ts";
import { dataFrame, frame, headersFrame, pingFrame, resetFrame, windowFrame } from "../e2e/http2-frames.ts";
import { eventually } from "../program.ts";
import { settingsOf } from "../program-info.ts";
import { Http2Stand } from "./http2-stand.ts";

setDefaultTimeout(30_000);

const PUSH = { ":method": "POST", ":scheme": "https", ":authority": "a", ":path": "/metrics/job/j" };
const HALF_A_HEADER = frame(1, 0, 1, [...headersFrame(1, PUSH).subarray(9)]);
const FINE: Answer = { status: 200, headers: {}, body: "fine" };

let stand: Http2Stand;
beforeEach(async () => {
  stand = await Http2Stand.open();
});
afterEach(() => stand[Symbol.dispose]());

/** Resolves when nothing has changed for some turns of the loop. */
async function settled(seen: () => unknown): Promise<void> {
  let [before, turns] = [JSON.stringify(seen()), 0];
  for (; turns < 20; turns++) {
    await Bun.sleep(5);
    const now = JSON.stringify(seen());
    if (now !== before) turns = 0;
    before = now;
  }
}

describe("what breaks the rules of HTTP/2 is counted as malformed, once, and logged with where it came from", () => {
  const opened = headersFrame(1, PUSH);
  const { ":path": _, ...pathless } = PUSH;
  const told = (length: string) => headersFrame(1, { ...PUSH, "content-length": length });
  const FAULTS: readonly [what: string, frames: readonly Buffer[]][] = [
    ["a header without a path", [headersFrame(1, pathless, true)]],
    ["a name in upper case", [headersFrame(1, { ...PUSH, "X-Up": "1" }, true)]],
    ["a header line of HTTP/1", [headersFrame(1, { ...PUSH, connection: "close" }, true)]],
    ["a line feed in a value", [headersFrame(1, { ...PUSH, a: "b\nc" }, true)]],
    ["an unknown field with a colon", [headersFrame(1, { ...PUSH, ":x": "y" }, true)]],
    ["a length that is no number", [told("x")]],
    ["a length and no body", [headersFrame(1, { ...PUSH, "content-length": "1" }, true)]],
    [
      "more fields than are read",
      [
        headersFrame(
          1,
          { ...PUSH, ...Object.fromEntries(Array.from({ length: 1_100 }, (_, n) => [`f${n}`, "v"])) },
          true,
        ),
      ],
    ],
    ["a body that is shorter than told", [told("100"), dataFrame(1, "short", true)]],
    ["a body that is longer than told", [told("1"), dataFrame(1, "longer", true)]],
    ["a path behind a body", [opened, dataFrame(1, "a 1\n"), headersFrame(1, { ":path": "/" }, true)]],
    ["a window of 0 for a stream", [opened, windowFrame(1, 0)]],
    ["a window of 0", [windowFrame(0, 0)]],
    ["a body on no stream", [dataFrame(0, "a 1\n")]],
    ["an even stream", [headersFrame(2, PUSH, true)]],
    ["a header that cannot be decompressed", [frame(1, 5, 1, [0xff, 0xff, 0xff, 0xff, 0xff])]],
    ["a frame that is too large", [opened, frame(0, 0, 1, new Array(20_000).fill(0))]],
    ["no preface", [Buffer.from("GET / HTTP/1.1\r\n\r\n")]],
  ];
  test.each(FAULTS)("%s", async (what, frames) => {
    using client = await stand.client(what !== "no preface");
    client.write(...frames);
    await eventually("it is counted", async () => stand.refused.length > 0);
    await settled(() => stand.refused);
    expect(stand.refused).toEqual(["malformed"]);
    expect(stand.logged.join("")).toMatch(/msg="refused a request" .*127\.0\.0\.1:\d+ .*reason=malformed err="HTTP\/2/);
  });

  const FAULTLESS: readonly [what: string, frames: readonly Buffer[]][] = [
    ["a push", [headersFrame(1, PUSH), dataFrame(1, "a 1\n", true)]],
    ["a push that its client resets", [opened, resetFrame(1)]],
    ["a request that its client resets", [headersFrame(1, PUSH, true), resetFrame(1)]],
    ["half a header", [HALF_A_HEADER]],
    ["half a push", [opened, dataFrame(1, "a 1\n")]],
    ["the end of its client by an error", [frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 2])]],
    ["more requests at once than there may be", Array.from({ length: 260 }, (_, n) => headersFrame(2 * n + 1, PUSH))],
  ];
  test.each(FAULTLESS)("but %s is not, nor that the client goes away then", async (_what, frames) => {
    {
      using client = await stand.client();
      client.write(...frames);
      // Nothing else may come amid a header.
      if (!frames.includes(HALF_A_HEADER)) {
        client.write(pingFrame());
        await eventually("all of it is read", async () => client.pongs > 0 || client.isClosed);
      }
    }
    await eventually("the connection is gone", async () => stand.members.size === 0);
    await settled(() => stand.refused);
    expect(stand.refused).toEqual([]);
  });
});

describe("of bodies that nobody takes yet", () => {
  const STREAMS = 200;
  const BODY_BYTES = 60_000;
  /** What is kept of a connection, what one read of it brings, and a window that was given before. */
  const MOST_BYTES = (256 + 512 + 64) * 1024;

  test("a connection brings so much, and the rest when they are taken: all come whole", async () => {
    const gates: (() => void)[] = [];
    const intake = new BodyIntake({ limits: settingsOf().limits, clock: { nowMs: () => 0, every: () => {} } });
    const sizes: number[] = [];
    stand.handler = async (exchange) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      const body = await intake.receive(exchange, 0);
      sizes.push(body instanceof Uint8Array ? body.length : -1);
      return FINE;
    };
    using client = await stand.client();
    for (let n = 0; n < STREAMS; n++) client.ask(2 * n + 1, PUSH, BODY_BYTES);
    await settled(() => client.sentBytes);
    expect(client.sentBytes).toBeWithin(100_000, MOST_BYTES);
    const opening = setInterval(() => gates.shift()?.(), 1);
    await eventually("all are answered", async () => client.answered.size === STREAMS, 20_000);
    clearInterval(opening);
    expect(sizes).toEqual(new Array(STREAMS).fill(BODY_BYTES));
  });

  test("none holds up the answer to its request: it is dropped", async () => {
    const LONG_BYTES = 1_000_000;
    async function* pieces() {
      for (let n = 0; n < LONG_BYTES; n += 100_000) yield Buffer.alloc(100_000);
    }
    stand.handler = async () => ({ status: 200, headers: {}, body: { sizeBytes: LONG_BYTES, pieces: pieces() } });
    using client = await stand.client();
    for (let n = 0; n < 10; n++) client.ask(2 * n + 1, PUSH, 1_000_000);
    await eventually("all is taken", async () => client.takenBytes === 10 * LONG_BYTES, 20_000);
  });
});

test("a source that had enough of a turn of the loop brings no more until the next", async () => {
  const LARGE_BYTES = 5_000_000;
  stand.handler = receiving();
  using client = await stand.client();
  stand.isTurning = false;
  client.ask(1, PUSH, LARGE_BYTES);
  await settled(() => client.sentBytes);
  expect(client.sentBytes).toBeWithin(400_000, 2_000_000);
  stand.turn();
  await eventually("it is answered", async () => client.answered.has(1), 20_000);
  expect(client.sentBytes).toBe(LARGE_BYTES);
});

test("bodies that were on their way for long and end at one moment are taken in several turns", async () => {
  const [CONNECTIONS, BODY_BYTES] = [40, 60_000];
  let taken = 0;
  let brought = 0;
  stand.handler = ({ body }) =>
    new Promise((resolve) => {
      const end = () => {
        taken++;
        resolve(FINE);
      };
      const piece = (bytes: Uint8Array) => {
        brought += bytes.length;
      };
      body.receive({ piece, end });
    });
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => stand.client()));
  for (const client of clients) client.write(headersFrame(1, PUSH));
  for (let n = 0; n < 6; n++) for (const client of clients) client.write(dataFrame(1, "\n".repeat(BODY_BYTES / 6)));
  await eventually("nearly all is there", async () => brought === CONNECTIONS * BODY_BYTES, 20_000);
  await settled(() => taken);
  expect(taken).toBe(0);
  stand.isTurning = false;
  for (const client of clients) client.write(dataFrame(1, "\n", true));
  const takenByTurn: number[] = [];
  while (taken < CONNECTIONS) {
    const before = taken;
    await settled(() => taken);
    takenByTurn.push(taken - before);
    stand.oneTurn();
  }
  for (const client of clients) client[Symbol.dispose]();
  expect(Math.max(...takenByTurn)).toBeLessThanOrEqual(9);
});

describe("a connection on which something goes on does not stand still", () => {
  /** What a client does with time between, and how it goes on. */
  const GOING_ON: readonly [what: string, handler: () => (exchange: Exchange) => Answers][] = [
    ["a body is brought", receiving],
    [
      "an answer is taken",
      () => async () => ({ status: 200, headers: {}, body: { sizeBytes: null, pieces: endless() } }),
    ],
  ];
  test.each(GOING_ON)("%s", async (what, handler) => {
    stand.handler = handler();
    using client = await stand.client();
    client.isStill = true;
    client.write(headersFrame(1, PUSH, what.includes("answer")));
    for (let n = 0; n < 10; n++) {
      await settled(() => [client.takenBytes, stand.members.size]);
      stand.nowMs += 100_000;
      const taken = client.takenBytes;
      if (what.includes("body")) client.write(dataFrame(1, "a 1\n"));
      else client.write(windowFrame(0, 200_000), windowFrame(1, 200_000));
      const [member] = stand.members;
      await eventually("it goes on", async () => member?.isStill === false);
      member?.check();
      if (what.includes("answer")) await eventually("more comes", async () => client.takenBytes > taken);
    }
    expect(client.isClosed).toBe(false);
    const [member] = stand.members;
    stand.nowMs += 3_000;
    expect(member?.isStill).toBe(true);
    stand.nowMs += 300_000;
    member?.check();
    await eventually("it is closed", async () => client.isClosed);
  });
});

/** A handler that receives bodies. */
function receiving(): (exchange: Exchange) => Answers {
  return ({ body }) =>
    new Promise((resolve) => body.receive({ piece: () => {}, end: (fault) => resolve({ ...FINE, body: fault }) }));
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(50_000);
}
