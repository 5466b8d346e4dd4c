import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { eventually, Gateway } from "../program.ts";
import { ask, Connection } from "../wire.ts";

setDefaultTimeout(60_000);

/** An honest client waits no longer than this, whatever others do. */
const ANSWER_LIMIT_MS = 2_000;
const HOST = "Host: 127.0.0.1";
const CLOCK_TICK_MS = 10;

/** Connections that are opened, made to say something, and left alone: no more than a socket each. */
class Crowd {
  private readonly sockets: Socket[] = [];
  closed = 0;

  /** Opens `count` connections, some hundreds at a time, and writes `start` to each. */
  async join(port: number, count: number, start: string): Promise<void> {
    for (let opened = 0; opened < count; opened += 250)
      await Promise.all(Array.from({ length: Math.min(250, count - opened) }, () => this.add(port, start)));
  }

  private add(port: number, start: string): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" });
      this.sockets.push(socket);
      socket.once("connect", () => {
        if (start !== "") socket.write(start);
        socket.pause();
        resolve();
      });
      socket.on("error", () => resolve());
      socket.on("close", () => this.closed++);
    });
  }

  /** Reads what was sent to the connections: only so is an end of theirs seen. */
  listen(): void {
    for (const socket of this.sockets) socket.resume();
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

async function expectServing(gateway: Gateway): Promise<void> {
  const push = { method: "PUT", path: "/metrics/job/honest", body: Buffer.from("honest 1\n") };
  expect((await ask(gateway.port, push, ANSWER_LIMIT_MS)).status).toBe(200);
  const scrape = await ask(gateway.port, { method: "GET", path: "/metrics" }, ANSWER_LIMIT_MS);
  expect(scrape.body.toString()).toContain('honest{instance="",job="honest"} 1');
}

const sheddings = (gateway: Gateway): Promise<number> =>
  gateway.own('pushgateway_limit_reached_total{limit="web.max-connections"}');

/** Processor time that a process has used. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
}

function rssMB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;
}

const hardLimit = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1]);
const IDLE_COUNT = 10_000;
const tooFew = hardLimit < IDLE_COUNT + 2_500 ? ` (left out: the hard limit of open files is ${hardLimit})` : "";

const KINDS = [
  { proves: "that say nothing", start: "" },
  { proves: "that stop amid a header", start: `POST /metrics/job/slow HTTP/1.1\r\n${HOST}\r\nX-A: ` },
  { proves: "that wait after an answer", start: `GET /-/healthy HTTP/1.1\r\n${HOST}\r\n\r\n` },
];

describe("connections beyond --web.max-connections", () => {
  test.each(KINDS)("$proves are closed, and honest clients are served all the time", async ({ start }) => {
    await using gateway = await Gateway.start(["--web.max-connections=100"]);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 90, start);
    await expectServing(gateway);
    expect(await sheddings(gateway)).toBe(0);
    await crowd.join(gateway.port, 60, start);
    crowd.listen();
    await eventually("the connections are closed", async () => crowd.closed >= 50, 5_000);
    await expectServing(gateway);
    expect(await sheddings(gateway)).toBeGreaterThan(0);
    expect(await gateway.own("process_open_fds")).toBeLessThan(140);
  });

  test("a push that is on its way is not cut when others are closed", async () => {
    await using gateway = await Gateway.start(["--web.max-connections=50"]);
    using connection = await Connection.open(gateway.port);
    connection.write(`POST /metrics/job/slow HTTP/1.1\r\n${HOST}\r\nContent-Length: 7\r\n\r\nslo`);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 100, "");
    await eventually("idle connections are closed", async () => (await sheddings(gateway)) > 0, 5_000);
    connection.write("w 1\n");
    expect((await connection.answer()).status).toBe(200);
  });

  test.skipIf(tooFew !== "" && !process.env.CI)(
    `${IDLE_COUNT} idle connections, and 2,000 more, cost little memory and no time${tooFew}`,
    async () => {
      await using gateway = await Gateway.start();
      const before = rssMB(gateway.pid);
      using crowd = new Crowd();
      await crowd.join(gateway.port, IDLE_COUNT - 50, `GET /-/healthy HTTP/1.1\r\n${HOST}\r\n\r\n`);
      await expectServing(gateway);
      expect(rssMB(gateway.pid) - before).toBeLessThan(80);
      await crowd.join(gateway.port, 2_000, "");
      await eventually("idle connections are closed", async () => (await sheddings(gateway)) > 0, 5_000);
      await expectServing(gateway);
      const startMs = cpuMs(gateway.pid);
      await Bun.sleep(1_000);
      expect(cpuMs(gateway.pid) - startMs).toBeLessThan(300);
    },
  );

  test("at the end of its descriptors it neither spins nor stops serving", async () => {
    await using gateway = await Gateway.start([], "", "http", ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 600, "");
    await eventually("connections are closed", async () => (await sheddings(gateway)) > 0);
    await expectServing(gateway);
    const startMs = cpuMs(gateway.pid);
    await Bun.sleep(1_000);
    expect(cpuMs(gateway.pid) - startMs).toBeLessThan(300);
  });
});

describe("clients that are slow on purpose", () => {
  test("a header that comes a byte a second is cut within 20 seconds", async () => {
    await using gateway = await Gateway.start();
    using connection = await Connection.open(gateway.port);
    connection.write(`POST /metrics/job/slow HTTP/1.1\r\n${HOST}\r\nX-A: `);
    const endMs = performance.now() + 20_000;
    while (!connection.closed && performance.now() < endMs) {
      connection.write("a");
      await Bun.sleep(1_000);
    }
    expect(connection.closed).toBe(true);
    await expectServing(gateway);
  });

  test("readers who stop amid a scrape are bounded: the oldest are cut, their snapshots are released", async () => {
    await using gateway = await Gateway.start(["--web.max-scrapes-in-flight=4"]);
    const body = Array.from({ length: 100_000 }, (_, n) => `big{n="${n}",filler="${"x".repeat(60)}"} 1\n`).join("");
    const push = { method: "POST", path: "/metrics/job/big", body: Buffer.from(body) };
    expect((await ask(gateway.port, push)).status).toBe(200);
    const before = rssMB(gateway.pid);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 40, `GET /metrics HTTP/1.1\r\n${HOST}\r\n\r\n`);
    await eventually(
      "others are cut",
      async () => (await gateway.own('pushgateway_limit_reached_total{limit="web.max-scrapes-in-flight"}')) >= 36,
    );
    expect(await gateway.own("promhttp_metric_handler_requests_in_flight")).toBeLessThanOrEqual(5);
    expect(rssMB(gateway.pid) - before).toBeLessThan(250);
    await eventually("their connections end", async () => (await gateway.own("process_open_fds")) < 30);
    await expectServing(gateway);
  });

  test("a client that pipelines and never reads does not fill the memory", async () => {
    await using gateway = await Gateway.start();
    const before = rssMB(gateway.pid);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 20, `GET /api/v1/status HTTP/1.1\r\n${HOST}\r\n\r\n`.repeat(20_000));
    await Bun.sleep(1_000);
    await expectServing(gateway);
    expect(rssMB(gateway.pid) - before).toBeLessThan(150);
  });

  test("a client that sends no more after its request is answered", async () => {
    await using gateway = await Gateway.start();
    for (const start of ["GET /metrics", "GET /-/healthy", "DELETE /metrics/job/none"]) {
      using connection = await Connection.open(gateway.port, ANSWER_LIMIT_MS);
      connection.write(`${start} HTTP/1.1\r\n${HOST}\r\n\r\n`);
      connection.end();
      expect([200, 202]).toContain((await connection.answer()).status);
    }
  });

  test("200 large bodies at once take up no more memory than they may", async () => {
    await using gateway = await Gateway.start(["--push.max-buffered-size=32MiB"]);
    const before = rssMB(gateway.pid);
    using crowd = new Crowd();
    const start = `POST /metrics/job/slow HTTP/1.1\r\n${HOST}\r\nContent-Length: 60000000\r\n\r\n`;
    await crowd.join(gateway.port, 200, start + "#".repeat(4_000_000));
    await expectServing(gateway);
    expect(rssMB(gateway.pid) - before).toBeLessThan(250);
    expect(await gateway.own('pushgateway_limit_reached_total{limit="push.max-buffered-size"}')).toBeGreaterThan(100);
    await expectServing(gateway);
  });
});

describe("paths that are not text", () => {
  const PATHS = [
    { path: "/metrics/job/%C3%28", status: 400 },
    { path: "/metrics/job/%E2%82", status: 400 },
    { path: "/metrics/job/%ED%A0%80", status: 400 },
    { path: "/metrics/job/%zz", status: 400 },
    { path: "/metrics/job/%", status: 400 },
    { path: "/metrics/job@base64/%%%", status: 400 },
    { path: "/metrics/job/a/l@base64/!!!!", status: 400 },
    { path: "/metrics/job/%00", status: 200 },
    { path: "/metrics/job/a%2F..%2Fb", status: 301 },
    { path: "/metrics/job/../../-/quit", status: 301 },
    { path: "/%2e%2e/metrics/job/a", status: 301 },
  ];

  test.each(PATHS)("a push to $path is answered $status, and scrapes go on", async ({ path, status }) => {
    await using gateway = await Gateway.start();
    using connection = await Connection.open(gateway.port, ANSWER_LIMIT_MS);
    const bytes = `POST ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: 4\r\n\r\na 1\n`;
    connection.write(Buffer.from(bytes, "latin1"));
    expect((await connection.answer()).status).toBe(status);
    await expectServing(gateway);
  });

  const HOSTS = ["x/private/metrics", "x?/private", "x#", "private\\metrics", "a@b", "[::1", "", "a b"];
  test.each(HOSTS)("a Host of %j opens no path outside of the route prefix", async (host) => {
    await using gateway = await Gateway.start(["--web.route-prefix=/private", "--web.enable-lifecycle"], "/private");
    for (const path of ["/metrics", "/-/healthy", "/metrics/job/x", "/-/reload"]) {
      using connection = await Connection.open(gateway.port, ANSWER_LIMIT_MS);
      connection.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect([400, 404, null]).toContain(await connection.statusOrClosed());
    }
  });
});
