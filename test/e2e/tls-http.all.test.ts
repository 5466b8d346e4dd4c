import { beforeAll, describe, expect, test } from "bun:test";
import { connectionsTo } from "../processes.ts";
import { eventually, type Gateway, run } from "../program.ts";
import { Connection } from "../wire.ts";
import { dataFrame, headersFrame, PREFACE, pingFrame, pongsIn, resetFrame } from "./http2-frames.ts";
import { TlsStand, tlsTests } from "./tls.ts";

const { skip, reason } = tlsTests;

let stand: TlsStand;
beforeAll(async () => {
  if (!skip) stand = await TlsStand.create();
});

/** Waits until the server has read all that was written before the last of some pings. */
const pinged = (connection: Connection, count: number): Promise<true> =>
  eventually("pings are answered", async () => pongsIn(connection.received) === count);

describe.skipIf(skip)(`HTTP over TLS${reason}`, () => {
  const PUSH = ["--data-binary", "some 1\n"];

  test("HTTP/2 and HTTP/1.1 are spoken as the client likes, and pushed to", async () => {
    await using gateway = await stand.secure();
    expect((await stand.curl(gateway, "/metrics/job/a", "--http2", ...PUSH)).stdout).toBe("200 2");
    expect((await stand.curl(gateway, "/metrics/job/b", "--http1.1", ...PUSH)).stdout).toBe("200 1.1");
    await eventually("both connections are gone", async () => connectionsTo(gateway.port) === 0);
    expect((await stand.curl(gateway, "/metrics")).stdout).toContain('some{instance="",job="a"} 1');
    expect(gateway.stderr).toContain('msg="TLS is enabled." http2=true address=127.0.0.1:');
  });

  test.each(["--http1.1", "--http2"])(
    "a time to live is taken from the query and the header with %s",
    async (version) => {
      await using gateway = await stand.secure();
      expect((await stand.curl(gateway, "/metrics/job/a?ttl=1s", version, ...PUSH)).stdout.slice(0, 3)).toBe("200");
      const header = ["-H", "Pushgateway-TTL: 1s"];
      expect((await stand.curl(gateway, "/metrics/job/b", version, ...header, ...PUSH)).stdout.slice(0, 3)).toBe("200");
      expect((await stand.curl(gateway, "/metrics/job/c?ttl=1", version, ...PUSH)).stdout).toContain("invalid ttl");
      await eventually("they are gone", async () => {
        const { stdout } = await stand.curl(gateway, "/metrics");
        return !stdout.includes("some{") && stdout.includes("pushgateway_groups_expired_total 2\n");
      });
    },
  );

  test("without http2 only HTTP/1.1 is", async () => {
    await using gateway = await stand.secure("", "http_server_config: {http2: false}");
    expect((await stand.curl(gateway, "/metrics/job/a", "--http2", ...PUSH)).stdout).toBe("200 1.1");
    expect(gateway.stderr).toContain('msg="TLS is enabled." http2=false');
  });

  test.each(["--http1.1", "--http2"])("large bodies come and go whole with %s", async (version) => {
    await using gateway = await stand.secure();
    const lines = Array.from({ length: 100_000 }, (_, n) => `many{n="${n}"} ${n}`);
    const body = stand.made.write("body", `${lines.join("\n")}\n`);
    expect((await stand.curl(gateway, "/metrics/job/j", version, "-T", body, "-X", "PUT")).stdout.slice(0, 3)).toBe(
      "200",
    );
    for (const words of [[], ["--compressed"], ["--limit-rate", "20M"]]) {
      const { stdout } = await stand.curl(gateway, "/metrics", version, ...words);
      const seen = stdout.split("\n").filter((line) => line.startsWith("many{"));
      expect(seen).toHaveLength(lines.length);
      expect(new Set(seen.map((line) => line.replace('instance="",job="j",', "")))).toEqual(new Set(lines));
    }
  });

  const CUTS = [
    "Content-Length: 100\r\n\r\ncut 1\n",
    "Transfer-Encoding: chunked\r\n\r\n6\r\ncut 1\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n6\r\ncut 1\n\r\n0\r\n",
  ];
  test.each(CUTS)("a push that is cut short is not stored: %j", async (rest) => {
    await using gateway = await stand.secure();
    {
      using connection = await Connection.open(gateway.port, 5_000, true);
      connection.write(`POST /metrics/job/j HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n${rest}`);
      expect(await connection.interim()).toBe(100);
    }
    await eventually("it is refused", async () => gateway.stderr.includes("failed to parse push"));
    expect((await stand.curl(gateway, "/metrics")).stdout).not.toContain("cut{");
  });

  const FIELDS = { ":method": "POST", ":scheme": "https", ":authority": "a", ":path": "/metrics/job/j" };
  const CUTS_OF_HTTP2: [what: string, last: Buffer | null, fields: Record<string, string>][] = [
    ["the stream is reset", resetFrame(1), FIELDS],
    ["the stream is reset, its length being told", resetFrame(1), { ...FIELDS, "content-length": "6" }],
    ["the connection is closed", null, FIELDS],
    ["it is shorter than told", dataFrame(1, "", true), { ...FIELDS, "content-length": "100" }],
  ];
  test.each(CUTS_OF_HTTP2)("nor is one of HTTP/2 where %s", async (_, last, fields) => {
    await using gateway = await stand.secure();
    {
      using connection = await Connection.open(gateway.port, 5_000, "h2");
      connection.write(Buffer.concat([PREFACE, headersFrame(1, fields), dataFrame(1, "cut 1\n"), pingFrame()]));
      await pinged(connection, 1);
      if (last !== null) {
        connection.write(Buffer.concat([last, pingFrame()]));
        await pinged(connection, 2);
      }
    }
    await eventually("the connection is gone", async () => connectionsTo(gateway.port) === 0);
    expect((await stand.curl(gateway, "/metrics")).stdout).not.toContain("cut{");
  });

  test("but a whole one is, though its client is gone then", async () => {
    await using gateway = await stand.secure();
    {
      using connection = await Connection.open(gateway.port, 5_000, "h2");
      connection.write(Buffer.concat([PREFACE, headersFrame(1, FIELDS), dataFrame(1, "whole 1\n", true), pingFrame()]));
      await pinged(connection, 1);
    }
    await eventually("it is stored", async () => (await stand.curl(gateway, "/metrics")).stdout.includes("whole{"));
  });

  const MANY = Buffer.from(Array.from({ length: 50_000 }, (_, n) => `many{n="${n}"} ${n}\n`).join(""));

  /** A gateway with so much stored that a scrape is work, its client on a connection of its own. */
  async function loaded(): Promise<Gateway> {
    const gateway = await stand.secure();
    using pushing = await Connection.open(gateway.port, 5_000, true);
    pushing.send({ method: "POST", path: "/metrics/job/j", body: MANY });
    expect((await pushing.answer()).status).toBe(200);
    return gateway;
  }

  /** Requests for all metrics as JSON so far. */
  async function asked(gateway: Gateway): Promise<number> {
    const { stdout } = await stand.curl(gateway, "/metrics");
    const line = /^pushgateway_http_requests_total\{code="200",handler="api\/v1\/metrics",method="get"\} (\d+)/m;
    return Number(line.exec(stdout)?.[1] ?? 0);
  }

  test("of streams that are reset as soon as they are opened one in fifty at most costs an answer", async () => {
    await using gateway = await loaded();
    const headers = { ...FIELDS, ":method": "GET", ":path": "/api/v1/metrics" };
    const resets = Array.from({ length: 20_000 }, (_, n) => [
      headersFrame(2 * n + 1, headers, true),
      resetFrame(2 * n + 1),
    ]);
    using resetting = await Connection.open(gateway.port, 5_000, "h2");
    resetting.write(Buffer.concat([PREFACE, ...resets.flat()]));
    resetting.end();
    await eventually("all is read, and the connection ended", async () => resetting.closed);
    for (let n = 0; n < 5; n++) expect((await stand.curl(gateway, "/-/healthy")).stdout).toBe("OK200 2");
    expect(await asked(gateway)).toBeLessThan(400);
  });

  test("who sends 5,000 requests at once has others answered before the last of them", async () => {
    await using gateway = await loaded();
    using piling = await Connection.open(gateway.port, 5_000, true);
    piling.write("GET /api/v1/metrics HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5_000));
    for (let n = 0; n < 5; n++) expect((await stand.curl(gateway, "/-/healthy")).stdout).toBe("OK200 2");
    expect(await asked(gateway)).toBeWithin(1, 5_000);
  });

  test("plain HTTP on the same port is told so, as the reference does", async () => {
    await using gateway = await stand.secure();
    const words = ["curl", "-s", "--max-time", "5", "-w", "%{http_code}"];
    const { stdout } = await run([...words, `http://127.0.0.1:${gateway.port}/-/healthy`]);
    expect(stdout).toBe("Client sent an HTTP request to an HTTPS server.\n400");
    expect((await stand.curl(gateway, "/metrics")).stdout).toContain(
      'pushgateway_http_refused_total{reason="tls"} 1\n',
    );
  });

  test("basic auth and headers hold for both versions", async () => {
    const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
    const rest = `basic_auth_users: {alice: ${hash}}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n`;
    await using gateway = await stand.secure("", rest);
    for (const version of ["--http1.1", "--http2"]) {
      for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"]) {
        const { stdout } = await stand.curl(gateway, "/-/healthy", version, "-X", method, "-I", "-w", "\n%{http_code}");
        expect([method, stdout.split("\n").at(-1)]).toEqual([method, "401"]);
      }
      const { stdout } = await stand.curl(gateway, "/-/healthy", version, "-u", "alice:right", "-i");
      expect(stdout.toLowerCase()).toContain("x-frame-options: deny");
      expect(stdout).toContain("OK200");
    }
  });

  test("a source of bad pushes is named in the log", async () => {
    await using gateway = await stand.secure();
    for (const version of ["--http1.1", "--http2"]) {
      await stand.curl(gateway, "/metrics/job/j", version, "--data-binary", "bad");
    }
    expect(gateway.stderr.match(/level=warn .*source=127\.0\.0\.1:\d+/g)).toHaveLength(2);
  });

  test("who says nothing, or half a header, is sent away", async () => {
    await using gateway = await stand.secure();
    const opened = await Promise.all(
      ["", "GET /-/healthy HTTP/1.1\r\nHost:"].map(async (text) => {
        const connection = await Connection.open(gateway.port, 20_000, true);
        connection.write(text);
        return connection;
      }),
    );
    const seen: (number | null)[] = [];
    for (const connection of opened) seen.push(await connection.statusOrClosed());
    expect(seen).toEqual([null, 408]);
  });

  test("beyond --web.max-connections idle connections are closed, one with a request under way is not", async () => {
    await using gateway = await stand.secure("", "", ["--web.max-connections=40"]);
    const open = () => Connection.open(gateway.port, 10_000, true);
    using busy = await open();
    busy.write("POST /metrics/job/j HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\na ");
    // Whoever connects in the very moment of the closing is reset.
    const crowd = await Promise.allSettled(Array.from({ length: 80 }, open));
    const idle = crowd.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : null));
    await eventually(
      "idle connections are closed",
      async () => idle.filter((one) => one === null || one.closed).length > 40,
      5_000,
    );
    busy.write("1\n");
    expect((await busy.answer()).status).toBe(200);
    expect((await stand.curl(gateway, "/metrics")).stdout).toContain('a{instance="",job="j"} 1');
    for (const one of idle) one?.close();
  });

  test("SIGTERM lets a request under way end, and closes what is idle", async () => {
    await using gateway = await stand.secure();
    using idle = await Connection.open(gateway.port, 10_000, true);
    idle.send({ method: "GET", path: "/-/healthy" });
    expect((await idle.answer()).status).toBe(200);
    using idleToo = await Connection.open(gateway.port, 10_000, "h2");
    idleToo.write(Buffer.concat([PREFACE, headersFrame(1, { ...FIELDS, ":method": "GET", ":path": "/" }, true)]));
    using busy = await Connection.open(gateway.port, 10_000, true);
    busy.write("POST /metrics/job/j HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    expect(await busy.interim()).toBe(100);
    busy.write("a ");
    const stopping = gateway.stop();
    expect(await idle.statusOrClosed()).toBeNull();
    await eventually("the idle connection of HTTP/2 is closed", async () => idleToo.closed);
    busy.write("1\n");
    expect((await busy.answer()).status).toBe(200);
    expect(await stopping).toBe(0);
  });
});
