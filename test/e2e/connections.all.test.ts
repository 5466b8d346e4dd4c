import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { untilIdle } from "../processes.ts";
import { eventually, Gateway, requirement } from "../program.ts";
import { Crowd, expectServing, HOST, sheddings } from "./crowd.ts";

function rssMB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;
}

const hardLimit = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1]);
const IDLE_COUNT = 10_000;
const { skip, reason } = requirement(
  hardLimit < IDLE_COUNT + 2_500 ? `limit of more open files than ${hardLimit}` : null,
);

describe("what clients that are slow, many or hostile cost the process", () => {
  test.skipIf(skip)(
    `${IDLE_COUNT} idle connections, and 2,000 more, cost little memory, and leave it asleep${reason}`,
    async () => {
      await using gateway = await Gateway.start();
      const before = rssMB(gateway.pid);
      using crowd = new Crowd();
      await crowd.join(gateway.port, IDLE_COUNT - 50, `GET /-/healthy HTTP/1.1\r\n${HOST}\r\n\r\n`);
      await expectServing(gateway);
      expect(rssMB(gateway.pid) - before).toBeLessThan(80);
      await crowd.join(gateway.port, 2_000, "");
      await eventually("idle connections are closed", async () => (await sheddings(gateway)) > 0);
      await expectServing(gateway);
      await untilIdle(gateway.pid);
    },
  );

  test("at the end of its descriptors it neither spins nor stops serving", async () => {
    await using gateway = await Gateway.start([], "", "http", ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 600, "");
    await eventually("connections are closed", async () => (await sheddings(gateway)) > 0);
    await expectServing(gateway);
    await untilIdle(gateway.pid);
  });

  test("a client that pipelines and never reads does not fill the memory", async () => {
    await using gateway = await Gateway.start();
    const before = rssMB(gateway.pid);
    using crowd = new Crowd();
    await crowd.join(gateway.port, 20, `GET /api/v1/status HTTP/1.1\r\n${HOST}\r\n\r\n`.repeat(20_000));
    await untilIdle(gateway.pid);
    await expectServing(gateway);
    expect(rssMB(gateway.pid) - before).toBeLessThan(150);
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
