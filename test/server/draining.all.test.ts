import { describe, expect, test } from "bun:test";
import { eventually, type Gateway, WAIT_LIMIT_MS } from "../program.ts";
import { Connection } from "../wire.ts";
import { Http2Client, type Http2Request, requestsIn } from "./over-http2.ts";
import { SECURE_WAYS, startedOn, WAYS, type Way, waysTests } from "./ways.ts";

const { skip, reason } = waysTests;

const HALF = "POST /metrics/job/half HTTP/1.1\r\nHost: gw\r\nContent-Length: 8\r\n\r\nm 1\n";
const REST = "n 1\n";

/** Ways to ask for the end. */
const ENDS: readonly { readonly asks: string; readonly ask: (gateway: Gateway, way: Way) => Promise<void> }[] = [
  { asks: "SIGTERM", ask: async (gateway) => gateway.signal("SIGTERM") },
  {
    asks: "a request to /-/quit",
    ask: async ({ port }, { isSecure }) => {
      using quitting = await Connection.open(port, WAIT_LIMIT_MS, isSecure);
      quitting.send({ method: "PUT", path: "/-/quit" });
      expect((await quitting.answer()).status).toBe(200);
    },
  },
];

async function isRefused(port: number): Promise<boolean> {
  try {
    using connection = await Connection.open(port);
    return connection.closed;
  } catch {
    return true;
  }
}

/** The server reads what was sent to it before it is asked to end. */
async function uploadsBegun(gateway: Gateway, { isSecure }: Way): Promise<void> {
  using connection = await Connection.open(gateway.port, WAIT_LIMIT_MS, isSecure);
  connection.send({ method: "GET", path: "/-/ready" });
  expect((await connection.answer()).status).toBe(200);
}

const CASES = WAYS.flatMap((way) => ENDS.map((end) => ({ ...end, way, name: way.name })));

describe.skipIf(skip)(`the end of the server${reason}`, () => {
  test.each(CASES)(
    "over $name, $asks: what is under way is answered, what is idle closed, what is new refused",
    async ({ way, ask }) => {
      await using gateway = await startedOn(way);
      const open = () => Connection.open(gateway.port, WAIT_LIMIT_MS, way.isSecure);
      using idle = await open();
      idle.send({ method: "GET", path: "/-/healthy" });
      expect((await idle.answer()).status).toBe(200);
      using busy = await open();
      busy.write(HALF);
      await uploadsBegun(gateway, way);
      await ask(gateway, way);
      expect(await idle.statusOrClosed()).toBeNull();
      await eventually("new connections are refused", () => isRefused(gateway.port));
      expect(gateway.running).toBe(true);
      busy.write(REST);
      const { status, headers } = await busy.answer();
      expect([status, headers.get("connection")]).toEqual([200, "close"]);
      expect(await busy.statusOrClosed()).toBeNull();
      expect((await gateway.ended()).code).toBe(0);
    },
  );

  test("over every socket: a body that never comes holds it up for a while only", async () => {
    await Promise.all(WAYS.map(endWithStuckBody));
  });

  const HTTP2_CASES = SECURE_WAYS.flatMap((way) => ENDS.map((end) => ({ ...end, way, name: way.name })));
  test.each(HTTP2_CASES)("over $name and HTTP/2, $asks: likewise", async ({ way, ask }) => {
    await using gateway = await startedOn(way);
    const [healthy, half] = requestsIn(`GET /-/healthy HTTP/1.1\r\nHost: gw\r\n\r\n${HALF}`) as [
      Http2Request,
      Http2Request,
    ];
    using idle = await Http2Client.open(gateway.port);
    expect((await idle.ask(healthy)).statuses).toEqual([200]);
    using busy = await Http2Client.open(gateway.port);
    const { answer, finish } = busy.begin(half);
    await uploadsBegun(gateway, way);
    await ask(gateway, way);
    await eventually("the idle connection is ended", async () => idle.isOver);
    await eventually("new connections are refused", () => isRefused(gateway.port));
    expect(gateway.running).toBe(true);
    finish(REST);
    expect((await answer).statuses).toEqual([200]);
    expect((await gateway.ended()).code).toBe(0);
  });

  test("over every socket and HTTP/2: nor does such a stream hold it up", async () => {
    await Promise.all(SECURE_WAYS.map(endWithStuckStream));
  });
});

async function endWithStuckBody(way: Way): Promise<void> {
  await using gateway = await startedOn(way);
  using stuck = await Connection.open(gateway.port, WAIT_LIMIT_MS, way.isSecure);
  stuck.write(HALF);
  await uploadsBegun(gateway, way);
  gateway.signal("SIGTERM");
  expect((await gateway.ended()).code).toBe(0);
  expect(await stuck.statusOrClosed()).toBeNull();
}

async function endWithStuckStream(way: Way): Promise<void> {
  await using gateway = await startedOn(way);
  const [half] = requestsIn(HALF) as [Http2Request];
  using stuck = await Http2Client.open(gateway.port);
  const statuses = stuck.begin(half).answer.then(
    (answer) => answer.statuses,
    () => [],
  );
  await uploadsBegun(gateway, way);
  gateway.signal("SIGTERM");
  expect((await gateway.ended()).code).toBe(0);
  expect(await statuses).toEqual([]);
}
