import { describe, expect, test } from "bun:test";
import { eventually, Gateway } from "../program.ts";
import { ask, Connection } from "../wire.ts";
import { Crowd, expectServing, HOST, sheddings } from "./crowd.ts";

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
    await eventually("the connections are closed", async () => crowd.closed >= 50);
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
    await eventually("idle connections are closed", async () => (await sheddings(gateway)) > 0);
    connection.write("w 1\n");
    expect((await connection.answer()).status).toBe(200);
  });

  test("at the end of its descriptors it goes on serving", async () => {
    await using gateway = await Gateway.start([], "", "http", ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 600, "");
    await eventually("connections are closed", async () => (await sheddings(gateway)) > 0);
    await expectServing(gateway);
  });
});

describe("clients that are slow on purpose", () => {
  test("readers who stop amid a scrape are bounded: the oldest are cut, their snapshots are released", async () => {
    await using gateway = await Gateway.start(["--web.max-scrapes-in-flight=4"]);
    const body = Array.from({ length: 100_000 }, (_, n) => `big{n="${n}",filler="${"x".repeat(60)}"} 1\n`).join("");
    const push = { method: "POST", path: "/metrics/job/big", body: Buffer.from(body) };
    expect((await ask(gateway.port, push)).status).toBe(200);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 40, `GET /metrics HTTP/1.1\r\n${HOST}\r\n\r\n`);
    await eventually(
      "others are cut",
      async () => (await gateway.own('pushgateway_limit_reached_total{limit="web.max-scrapes-in-flight"}')) >= 36,
    );
    expect(await gateway.own("promhttp_metric_handler_requests_in_flight")).toBeLessThanOrEqual(5);
    await eventually("their connections end", async () => (await gateway.own("process_open_fds")) < 30);
    await expectServing(gateway);
  });

  test("a client that sends no more after its request is answered", async () => {
    await using gateway = await Gateway.start();
    for (const start of ["GET /metrics", "GET /-/healthy", "DELETE /metrics/job/none"]) {
      using connection = await Connection.open(gateway.port);
      connection.write(`${start} HTTP/1.1\r\n${HOST}\r\n\r\n`);
      connection.end();
      expect([200, 202]).toContain((await connection.answer()).status);
    }
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
    using connection = await Connection.open(gateway.port);
    const bytes = `POST ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: 4\r\n\r\na 1\n`;
    connection.write(Buffer.from(bytes, "latin1"));
    expect((await connection.answer()).status).toBe(status);
    await expectServing(gateway);
  });

  const HOSTS = ["x/private/metrics", "x?/private", "x#", "private\\metrics", "a@b", "[::1", "", "a b"];
  test.each(HOSTS)("a Host of %j opens no path outside of the route prefix", async (host) => {
    await using gateway = await Gateway.start(["--web.route-prefix=/private", "--web.enable-lifecycle"], "/private");
    for (const path of ["/metrics", "/-/healthy", "/metrics/job/x", "/-/reload"]) {
      using connection = await Connection.open(gateway.port);
      connection.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect([400, 404, null]).toContain(await connection.statusOrClosed());
    }
  });
});
