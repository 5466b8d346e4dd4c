import { describe, expect, test } from "bun:test";
import { EventStreams, MAX_STREAMS } from "../../src/http/event-streams.ts";
import { API_HEADERS } from "../../src/http/reply.ts";
import type { Exchange } from "../../src/server/exchange.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { GET, Stand } from "../server/connection-stand.ts";

const decoder = new TextDecoder();

/** Of the app's front, what an open stream has brought: nothing is waited for but what is there. */
class Reader {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private pending: Promise<IteratorResult<Uint8Array>> | null = null;
  isOver = false;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces[Symbol.asyncIterator]();
  }

  /** The events that are there, each as its name and data; comments and the like as they are. */
  async read(): Promise<[name: string, data: unknown][]> {
    let text = "";
    for (;;) {
      this.pending ??= this.pieces.next();
      const piece = await Promise.race([this.pending, settled()]);
      if (piece === null) break;
      this.pending = null;
      this.isOver = piece.done === true;
      if (piece.done) break;
      text += decoder.decode(piece.value);
    }
    return text.split("\n\n").slice(0, -1).map(eventOf);
  }

  async leave(): Promise<void> {
    await this.pieces.return?.();
  }
}

/** What is ready has come by then. */
async function settled(): Promise<null> {
  for (let n = 0; n < 20; n++) await null;
  return null;
}

function eventOf(text: string): [string, unknown] {
  const [, name = "", data = ""] = /^event: (\w+)\ndata: (.*)$/.exec(text) ?? [];
  return name === "" ? [text, null] : [name, JSON.parse(data)];
}

const exchangeFrom = (source: string, isGone = false): Exchange =>
  ({
    method: "GET",
    path: Buffer.from("/api/v1/events"),
    query: "",
    source,
    client: `${source}:1`,
    isGone,
    header: () => null,
    isBlocked: false,
    cut: () => {},
  }) as unknown as Exchange;

async function listen(app: TestApp, exchange = exchangeFrom("10.0.0.1")): Promise<Reader> {
  const { status, body } = await app.front(exchange);
  if (status !== 200 || body === null || typeof body === "string" || !("pieces" in body))
    throw new Error(`listening: got ${status}`);
  return new Reader(body.pieces);
}

/** Lets seconds pass. */
function pass(app: TestApp, seconds: number): void {
  for (let n = 0; n < seconds; n++) {
    app.nowMs += 1000;
    for (const sweep of app.sweeps) sweep();
  }
}

const START = Date.UTC(2026, 10, 21) / 1000;
const TICK = {
  at: START,
  start: START,
  epoch: 0,
  changes: 0,
  groups: 0,
  series: 0,
  pushes: 0,
  refused: 0,
  scrape: null,
};

describe("GET /api/v1/events", () => {
  test("begins with how it stands, and when to ask again", async () => {
    const app = createTestApp();
    const answer = await app.front(exchangeFrom("10.0.0.1"));
    expect(answer.headers).toEqual({ "Content-Type": "text/event-stream", "X-Accel-Buffering": "no", ...API_HEADERS });
    expect(await (await listen(app)).read()).toEqual([
      ["retry: 3000", null],
      ["tick", TICK],
    ]);
  });

  test("tells each second what has changed", async () => {
    const app = createTestApp();
    const reader = await listen(app);
    await reader.read();
    await push(app.app, "/job/j", "a 1\nb 2\n");
    pass(app, 1);
    expect(await reader.read()).toEqual([
      ["tick", { ...TICK, at: START + 1, changes: 1, groups: 1, series: 4, pushes: 1 }],
    ]);
    await ask(app.app, "DELETE", "/metrics/job/j");
    await (await ask(app.app, "GET", "/metrics")).text();
    pass(app, 1);
    const [[, tick] = []] = await reader.read();
    expect(tick).toMatchObject({ changes: 2, groups: 0, scrape: { at: START + 1, ms: expect.any(Number) } });
  });

  test("tells after five seconds that nothing has changed, and says something every fifteen", async () => {
    const app = createTestApp();
    const reader = await listen(app);
    await reader.read();
    const told: string[][] = [];
    for (let second = 1; second <= 16; second++) {
      pass(app, 1);
      told.push((await reader.read()).map(([name]) => name));
    }
    const seconds = (name: string) => told.flatMap((names, i) => (names.includes(name) ? [i + 1] : []));
    expect(seconds("tick")).toEqual([1, 6, 11, 16]);
    expect(seconds(":")).toEqual([15]);
  });

  test("reading it changes nothing: what asks for groups is no change", async () => {
    const app = createTestApp("--web.enable-admin-api");
    const reader = await listen(app);
    for (const path of ["/api/v1/groups", "/api/v1/refused", "/api/v1/status/runtime", "/"])
      await ask(app.app, "GET", path);
    pass(app, 1);
    expect(await reader.read()).toContainEqual(["tick", { ...TICK, at: START + 1 }]);
  });

  test("a wipe is another epoch", async () => {
    const app = createTestApp("--web.enable-admin-api");
    const reader = await listen(app);
    await ask(app.app, "PUT", "/api/v1/admin/wipe");
    pass(app, 1);
    expect((await reader.read()).at(-1)).toEqual(["tick", { ...TICK, at: START + 1, epoch: 1, changes: 1 }]);
  });

  test("tells of what was refused, at most five at once and how many more there are", async () => {
    const app = createTestApp();
    const reader = await listen(app);
    for (let n = 0; n < 7; n++) await push(app.app, `/job/j${n}`, "no metrics");
    pass(app, 1);
    const [, refused] = (await reader.read()).find(([name]) => name === "refused") ?? [];
    const { items, more } = refused as { items: { group: { path: string } }[]; more: number };
    expect([items.map(({ group }) => group.path), more]).toEqual([
      ["/job/j6", "/job/j5", "/job/j4", "/job/j3", "/job/j2"],
      2,
    ]);
    await push(app.app, "/job/j0", "no metrics");
    pass(app, 1);
    const again = (await reader.read()).find(([name]) => name === "refused")?.[1];
    expect(again).toMatchObject({ items: [{ count: 2, group: { path: "/job/j0" } }], more: 0 });
    pass(app, 1);
    expect((await reader.read()).some(([name]) => name === "refused")).toBe(false);
  });

  test("is no scrape, and counted as a request", async () => {
    const app = createTestApp();
    await listen(app);
    pass(app, 1);
    const text = await (await ask(app.app, "GET", "/metrics")).text();
    expect(text).toContain('pushgateway_http_requests_total{code="200",handler="api/v1/events",');
    expect(app.context.longAnswers.inFlight).toBe(0);
  });

  test("all readers share the bytes of an event", async () => {
    const app = createTestApp();
    const bodies = [await app.front(exchangeFrom("a")), await app.front(exchangeFrom("b"))].map(({ body }) => body);
    const iterators = bodies.map((body) =>
      (body as { pieces: AsyncIterable<Uint8Array> }).pieces[Symbol.asyncIterator](),
    );
    for (let n = 0; n < 2; n++) for (const one of iterators) await one.next();
    pass(app, 1);
    const [first, second] = await Promise.all(iterators.map(async (one) => (await one.next()).value as Uint8Array));
    expect(first === second).toBe(true);
    expect(decoder.decode(first)).toStartWith("event: tick\n");
  });

  test("ends for all at the end of the server, and for those that come then", async () => {
    const app = createTestApp();
    const readers = [await listen(app), await listen(app)];
    app.context.events.close();
    readers.push(await listen(app));
    for (const reader of readers) {
      await reader.read();
      expect(reader.isOver).toBe(true);
    }
    expect(app.context.events.viewers).toBe(0);
  });

  test("forgets a reader that goes away, whether it is told something or not", async () => {
    const app = createTestApp();
    const reader = await listen(app);
    await reader.read();
    const gone = { isGone: false };
    await listen(app, Object.assign(exchangeFrom("b"), gone));
    const lost = exchangeFrom("c", true);
    await listen(app, lost);
    expect(app.context.events.viewers).toBe(3);
    pass(app, 1);
    expect(app.context.events.viewers).toBe(2);
  });

  test("ends after an hour: whoever may no longer listen does not for longer", async () => {
    const app = createTestApp();
    const reader = await listen(app);
    pass(app, 3600);
    await reader.read();
    expect(reader.isOver).toBe(false);
    pass(app, 1);
    await reader.read();
    expect(reader.isOver).toBe(true);
  });
});

describe("streams of events", () => {
  const open = (streams: EventStreams, source: string) =>
    new Reader(streams.open(exchangeFrom(source), null, Buffer.from("first\n\n")));

  test(`are ${MAX_STREAMS} at most: beyond that the oldest ends of the source that has most`, async () => {
    const streams = new EventStreams();
    const lone = open(streams, "lone");
    const many = Array.from({ length: MAX_STREAMS + 2 }, () => open(streams, "many"));
    expect(streams.size).toBe(MAX_STREAMS);
    for (const reader of [lone, ...many]) await reader.read();
    expect([lone, ...many].map(({ isOver }) => isOver).indexOf(true)).toBe(1);
    expect(many.filter(({ isOver }) => isOver).length).toBe(3);
    expect(lone.isOver).toBe(false);
  });

  test("that nobody reads hold the newest event of each kind, however many are told", async () => {
    const streams = new EventStreams();
    const reader = open(streams, "a");
    for (let n = 0; n < 10_000; n++)
      for (const kind of ["tick", "refused", "comment"] as const)
        streams.tell(null, kind, Buffer.from(`${kind} ${n}\n\n`));
    expect((await reader.read()).map(([text]) => text)).toEqual([
      "retry: 3000",
      "tick 9999",
      "refused 9999",
      "comment 9999",
    ]);
  });

  test("write no more to a connection that takes nothing than what did not fit, and it is cut when others come", async () => {
    const streams = new EventStreams();
    const event = Buffer.from(`event: refused\ndata: ${"x".repeat(30_000)}\n\n`);
    const stand = new Stand(() => (exchange) => {
      return { status: 200, headers: {}, body: { sizeBytes: null, pieces: streams.open(exchange, null, event) } };
    });
    stand.transport.isFull = true;
    stand.say(GET);
    for (let n = 0; n < 1_000; n++) {
      streams.tell(null, "refused", event);
      await stand.settle();
    }
    expect(stand.transport.text.length).toBeLessThan(2 * event.length);
    for (let n = 0; n < MAX_STREAMS; n++) open(streams, stand.transport.source);
    expect(stand.ending).toBe("destroy");
  });
});
