import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push, scrape } from "../app.ts";
import { delimited, integer, label, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";

const LONG = "n".repeat(60_000);
const repeated = (count: number, piece: Uint8Array) => Array.from({ length: count }, () => piece);

/** Bodies whose exposition lines would be 10,000 times as large. */
const growing: { what: string; body: Uint8Array | string; path: string; type: string }[] = [
  {
    what: "a long family name and many empty metrics",
    body: delimited(part(1, LONG), integer(3, 0), ...repeated(10_000, part(4, part(3)))),
    path: "/job/j",
    type: PROTOBUF_TYPE,
  },
  {
    what: "a long label and many empty buckets",
    body: delimited(part(1, "h"), integer(3, 4), part(4, label("l", LONG), part(7, ...repeated(30_000, part(3))))),
    path: "/job/j",
    type: PROTOBUF_TYPE,
  },
  {
    what: "a long grouping key and many short lines",
    body: Array.from({ length: 20_000 }, (_, i) => `a{b="${i}"} 1\n`).join(""),
    path: `/job/${"x".repeat(12_000)}`,
    type: "text/plain",
  },
];

describe("a push that would grow out of all proportion", () => {
  test.each(growing)("is refused with 413: $what", async ({ body, path, type }) => {
    const { app } = createTestApp();
    const answer = await ask(app, "PUT", `/metrics${path}`, {
      body: body as string,
      headers: { "content-type": type },
    });
    expect(answer.status).toBe(413);
    expect(await answer.text()).toMatch(
      /^writing a push of \d+ bytes as exposition lines: more than the limit of \d+ b/,
    );
    expect(await scrape(app)).toMatch(/\npush_failure_time_seconds\{[^}]*\} 1\.7/);
    expect((await push(app, "/job/after", "m 1\n")).status).toBe(200);
  });
});

describe("a push with many long faults", () => {
  const body = delimited(part(1, "h"), integer(3, 1), ...repeated(200, part(4, label("l", LONG))));

  test("is answered and logged with the first ones", async () => {
    const { app, logged } = createTestApp();
    const headers = { "content-type": PROTOBUF_TYPE };
    const answer = await ask(app, "PUT", "/metrics/job/j", { body: body as Uint8Array<ArrayBuffer>, headers });
    const text = await answer.text();
    expect(answer.status).toBe(400);
    expect(text).toContain("200 error(s) occurred:");
    expect(text).toMatch(/\n\* \(100 more\)\n$/);
    expect(text.length).toBeLessThan(40_000);
    expect(Math.max(...logged.map(({ length }) => length))).toBeLessThan(6_000);
  });

  test("logs the start of a long token", async () => {
    const { app, logged } = createTestApp();
    expect((await push(app, "/job/j", `m ${LONG}\n`)).status).toBe(400);
    const line = logged.find((one) => one.includes("expected float")) ?? "";
    expect(line).toMatch(/got \\"n{100}\\"\.\.\. \(60000 bytes\)"/);
    expect(line.length).toBeLessThan(1_000);
  });
});

test("names, labels and jobs that objects have of their own are names like all others", async () => {
  const { app } = createTestApp("--push.enable-utf8-names");
  const names = ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"];
  const labels = names.filter((name) => name !== "__proto__");
  const body = names.map((name) => `${name}{${labels.map((one) => `${one}="${one}"`).join(",")}} 1\n`).join("");
  expect((await push(app, "/job/__proto__/constructor/prototype", body)).status).toBe(200);
  const data = JSON.parse(await (await ask(app, "GET", "/api/v1/metrics")).text()).data[0];
  expect(Object.keys(data)).toEqual(expect.arrayContaining(names));
  expect(data.labels).toEqual({ job: "__proto__", constructor: "prototype" });
  expect({}.constructor).toBe(Object);
  expect(await scrape(app)).toContain('\n__proto__{constructor="prototype",');
  expect((await ask(app, "DELETE", "/metrics/job/__proto__/constructor/prototype")).status).toBe(202);
});

test("line feeds and controls of a client's text stay within one line of the log", async () => {
  const { app, logged } = createTestApp();
  await push(app, "/job/a%0Alevel=error%20msg=%22forged%22", "m{ 1\r\nts=2026-01-01 level=error msg=forged\n");
  await push(app, "/job/j", 'm{l="\u001b[31m\u2028"} \u001b[2Jx\n');
  for (const line of logged) {
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    expect(line).not.toMatch(/ msg=forged/);
  }
  expect(logged.filter((line) => line.includes("failed to parse push"))).toHaveLength(2);
});
