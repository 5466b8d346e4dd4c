import { expect, test } from "bun:test";
import { createTestApp, push, scrape } from "../app.ts";
import { readProtobuf } from "../conformance/protobuf.ts";
import { largeStore } from "./large-store.ts";

const PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
const UTF8 = "text/plain;version=0.0.4;escaping=allow-utf-8";

const doubleBytes = (value: number) => new Uint8Array(Float64Array.of(value).buffer);

const linesOf = (text: string, name: string) => text.split("\n").filter((line) => line.startsWith(name));

/** Pushes, in an order that is not theirs, and the lines of `a` as Pushgateway 1.11.2 sends them. */
const CASES = [
  {
    proves: "fewer labels first, then the values in the order of the label names",
    pushes: [
      ["/job/b", 'a{x="2"} 1\na{x="1"} 2\na 3\n'],
      ["/job/a", "a 4\n"],
    ],
    lines: [
      'a{instance="",job="a"} 4',
      'a{instance="",job="b"} 3',
      'a{instance="",job="b",x="1"} 2',
      'a{instance="",job="b",x="2"} 1',
    ],
  },
  {
    proves: "series of groups are mixed where their labels say so",
    pushes: [
      ["/job/j/instance/i", 'a{aa="1"} 1\na{aa="3"} 3\n'],
      ["/job/j/instance/h", 'a{aa="2"} 2\n'],
    ],
    lines: ['a{aa="1",instance="i",job="j"} 1', 'a{aa="2",instance="h",job="j"} 2', 'a{aa="3",instance="i",job="j"} 3'],
  },
  {
    proves: "values are compared byte by byte, without their escapes",
    pushes: [["/job/j", 'a{x="\\\\"} 1\na{x="\\n"} 2\na{x="A"} 3\na{x="ä"} 4\na{x="\\""} 5\na{x=""} 6\n']],
    lines: [
      'a{instance="",job="j",x=""} 6',
      'a{instance="",job="j",x="\\n"} 2',
      'a{instance="",job="j",x="\\""} 5',
      'a{instance="",job="j",x="A"} 3',
      'a{instance="",job="j",x="\\\\"} 1',
      'a{instance="",job="j",x="ä"} 4',
    ],
  },
  {
    proves: "the lines of a summary stay together, quantiles in their own order",
    pushes: [
      ["/job/k", '# TYPE a summary\na{quantile="0.5"} 1\na{quantile="0.1"} 2\na_sum 1\na_count 1\n'],
      ["/job/j", "# TYPE a summary\na_sum 3\na_count 4\n"],
    ],
    lines: [
      'a_sum{instance="",job="j"} 3',
      'a_count{instance="",job="j"} 4',
      'a{instance="",job="k",quantile="0.5"} 1',
      'a{instance="",job="k",quantile="0.1"} 2',
      'a_sum{instance="",job="k"} 1',
      'a_count{instance="",job="k"} 1',
    ],
  },
] as const;

test.each(CASES)("$proves", async ({ pushes, lines }) => {
  const { app } = createTestApp();
  for (const [path, body] of pushes) expect((await push(app, path, body)).status).toBe(200);
  expect(linesOf(await scrape(app, { accept: UTF8 }), "a")).toEqual([...lines]);
});

test("metrics with exemplars keep them where protobuf is sorted", async () => {
  // A histogram `h` of two metrics, x="2" with an exemplar of the value 7 and x="1" with one of the value 5.
  const { app } = createTestApp();
  const metric = (x: string, value: number) => {
    const exemplar = [0x1a, 9, 0x11, ...doubleBytes(value)];
    const bucket = [0x08, 1, 0x11, ...doubleBytes(9), ...exemplar];
    const histogram = [0x08, 1, 0x1a, bucket.length, ...bucket];
    const label = [0x0a, 1, 0x78, 0x12, 1, x.charCodeAt(0)];
    const fields = [0x0a, label.length, ...label, 0x3a, histogram.length, ...histogram];
    return [0x22, fields.length, ...fields];
  };
  const family = [0x0a, 1, 0x68, 0x18, 4, ...metric("2", 7), ...metric("1", 5)];
  const type = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
  const request = new Request("http://localhost/metrics/job/j", {
    method: "POST",
    body: Uint8Array.from([family.length, ...family]),
    headers: { "content-type": type },
  });
  expect((await app(request)).status).toBe(200);
  const answer = await app(new Request("http://localhost/metrics", { headers: { accept: PROTOBUF } }));
  const shown = readProtobuf(Buffer.from(await answer.bytes())).join("");
  const values = [...shown.matchAll(/2="([12])"|3=\{2=([57])\}/g)].map(([, label, exemplar]) => label ?? exemplar);
  expect(values).toEqual(["1", "5", "2", "7"]);
});

test("a large store sends its series in its own order, all of them, whole", async () => {
  const { app } = await largeStore();
  const text = await scrape(app);
  expect(text.length).toBeGreaterThan(1024 * 1024);
  const jobs = linesOf(text, "a{").map((line) => Number(/ (\d+)$/.exec(line)?.[1]));
  expect(jobs).not.toEqual([...jobs].sort((a, b) => a - b));
  expect([...jobs].sort((a, b) => a - b)).toEqual(Array.from({ length: 4000 }, (_, i) => i));
  const plain = text.split("\n").sort();
  expect(new Set(plain).size).toBe(plain.length);
});
