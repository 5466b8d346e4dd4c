import { expect, test } from "bun:test";
import { formatFloat } from "../../src/bytes/float.ts";
import { ask, createTestApp } from "../app.ts";
import { double, integer, label, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";
import { GO_COUNTS } from "../fixtures/go-counts.ts";

test.each(GO_COUNTS)("a summary whose count comes as %s has the one that Go makes of it, %s", async (token, count) => {
  const { app } = createTestApp();
  const body = Buffer.from(`# TYPE s summary\ns_sum 1\ns_count ${token}\n`);
  expect((await ask(app, "PUT", "/metrics/job/j", { body })).status).toBe(200);
  const text = await (await ask(app, "GET", "/metrics")).text();
  expect(text).toContain(`\ns_count{instance="",job="j"} ${formatFloat(Number(count))}\n`);
  const { data } = (await (await ask(app, "GET", "/api/v1/metrics")).json()) as { data: object[] };
  expect(data[0]).toMatchObject({ s: { metrics: [{ count, sum: "1" }] } });
  const messages = await (await ask(app, "GET", "/metrics", { headers: { accept: PROTOBUF_TYPE } })).bytes();
  const summary = part(4, integer(1, BigInt(count)), double(2, 1));
  expect(Buffer.from(messages).includes(part(4, label("instance", ""), label("job", "j"), summary))).toBe(true);
});
