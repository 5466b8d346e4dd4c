import { describe, expect, test } from "bun:test";
import { Certificates } from "../certificates.ts";
import { eventually, Gateway, WAIT_LIMIT_MS } from "../program.ts";
import { Connection, untilRead } from "../wire.ts";
import { expectServing, HOST } from "./crowd.ts";
import { dataFrame, headersFrame, PREFACE } from "./http2-frames.ts";

/** Each of these waits for seconds that pass by themselves: they do so side by side. */
describe("a server's patience", () => {
  test.concurrent("is over with a header that comes a byte a second: it is cut", async () => {
    await using gateway = await Gateway.start();
    using connection = await Connection.open(gateway.port);
    connection.write(`POST /metrics/job/slow HTTP/1.1\r\n${HOST}\r\nX-A: `);
    await eventually("it is cut", async () => {
      connection.write("a");
      await Bun.sleep(1_000);
      return connection.closed;
    });
    await expectServing(gateway);
  });

  test.concurrent("is over after twelve seconds with a body of HTTP/2 that nobody wants: its stream ends", async () => {
    await using gateway = await Gateway.start([`--web.config.file=${new Certificates().tlsConfig()}`], "", "https");
    using dripping = await Connection.open(gateway.port, WAIT_LIMIT_MS, "h2");
    const fields = { ":method": "POST", ":scheme": "https", ":path": "/nowhere", ":authority": "a" };
    dripping.write(Buffer.concat([PREFACE, headersFrame(1, fields)]));
    await eventually("it is answered", async () => dripping.hasRest);
    await eventually("its stream is reset", async () => {
      dripping.write(dataFrame(1, "#"));
      return dripping.received.includes(Buffer.from([0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0]));
    });
  });

  test.concurrent("lasts with a body that is slow but alive, however long it takes", async () => {
    await using gateway = await Gateway.start(["--web.body-timeout=3s"]);
    const sizeBytes = 70_000;
    using connection = await Connection.open(gateway.port);
    connection.write(`POST /metrics/job/slow HTTP/1.1\r\n${HOST}\r\nContent-Length: ${sizeBytes}\r\n\r\n`);
    for (let sent = 0; sent < sizeBytes; sent += 2_500) {
      connection.write(`${"#".repeat(2_499)}\n`);
      await Bun.sleep(200);
    }
    expect((await connection.answer()).status).toBe(200);
    expect(await gateway.own('pushgateway_limit_reached_total{limit="web.body-timeout"}')).toBe(0);
  });

  test.concurrent("is over at its end with an upload that stalls: the end is not held up", async () => {
    await using gateway = await Gateway.start();
    using client = await Connection.open(gateway.port);
    client.write(`POST /metrics/job/j HTTP/1.1\r\n${HOST}\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(10_000)}`);
    await untilRead(gateway.port);
    gateway.signal("SIGTERM");
    expect((await gateway.ended()).code).toBe(0);
  });
});
