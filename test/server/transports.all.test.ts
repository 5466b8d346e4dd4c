import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FRAMING_SHAPES, seeAll } from "../e2e/framing.ts";
import { type Gateway, WAIT_LIMIT_MS } from "../program.ts";
import { Connection } from "../wire.ts";
import { Http2Client, requestsIn } from "./over-http2.ts";
import { SECURE_WAYS, startedOn, WAYS, type Way, waysTests } from "./ways.ts";
import { WIRE_CASES, type WireCase } from "./wire-cases.ts";

const { skip, reason } = waysTests;

/** What a case showed. */
interface Shown {
  readonly statuses: readonly number[];
  readonly text: string;
}

async function play(
  connection: Connection,
  { steps, halfClosed, statuses, isHead }: WireCase,
  job: string,
): Promise<Shown> {
  const seen: number[] = [];
  for (const step of steps) {
    if (typeof step === "string") connection.write(Buffer.from(step.replaceAll("#", job), "latin1"));
    else seen.push(await connection.interim());
  }
  if (halfClosed) connection.end();
  let text = "";
  while (seen.length < statuses.length) {
    const { status, headers, body, version } = await connection.answer(isHead ? "HEAD" : "GET");
    seen.push(status);
    const fields = [...headers].map(([name, value]) => `${name}: ${value}`.toLowerCase());
    text += `${version} ${status}\n${fields.join("\n")}\n${body}`;
  }
  return { statuses: seen, text };
}

/** The same in HTTP/2: its requests all at once, each on a stream. */
async function playHttp2(client: Http2Client, { steps }: WireCase, job: string): Promise<Shown> {
  const text = steps.filter((step) => typeof step === "string").join("");
  const waits = steps.some((step) => typeof step !== "string");
  const asked = requestsIn(text.replaceAll("#", job)).map((request) => client.ask(request, waits));
  const answers = await Promise.all(asked);
  return {
    statuses: answers.flatMap(({ statuses }) => statuses),
    text: answers.map(({ text: said }) => said).join("\n"),
  };
}

/** Lines of the exposition about a job. */
async function scraped({ port }: Gateway, { isSecure }: Way, job: string): Promise<string[]> {
  using connection = await Connection.open(port, WAIT_LIMIT_MS, isSecure);
  connection.send({ method: "GET", path: "/metrics" });
  const text = (await connection.answer()).body.toString("latin1");
  return text.split("\n").filter((line) => line.includes(`job="${job}"`) && !line.startsWith("push_"));
}

async function expectStored(gateway: Gateway, way: Way, job: string, stored: readonly string[]): Promise<void> {
  const lines = await scraped(gateway, way, job);
  expect(lines).toHaveLength(stored.length);
  for (const part of stored) expect(lines.join("\n")).toContain(part.replaceAll("#", job));
}

const CASES = WIRE_CASES.map((one, n) => ({ ...one, n }));
/** A header line that HTTP/2 has none of. */
const OF_CONNECTION = /^Connection:/;

describe.skipIf(skip).each([...WAYS])(`over $name${reason}`, (way) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startedOn(way);
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
  });
  const open = () => Connection.open(gateway.port, WAIT_LIMIT_MS, way.isSecure);

  test.each(CASES)("$proves", async (one) => {
    const job = `case${one.n}`;
    using connection = await open();
    const { statuses, text } = await play(connection, one, job);
    expect(statuses).toEqual([...one.statuses]);
    for (const part of one.says ?? []) expect(text.toLowerCase()).toContain(part.toLowerCase());
    if (one.stored !== undefined) await expectStored(gateway, way, job, one.stored);
    if (one.ends) return expect(await connection.statusOrClosed()).toBeNull();
    connection.send({ method: "GET", path: "/-/healthy" });
    expect((await connection.answer()).status).toBe(200);
  });

  test(`${FRAMING_SHAPES.length} ways to tell where a body ends: no hidden request is run`, async () => {
    const expected = FRAMING_SHAPES.map(({ answers, stored = false }) => ({ answers, stored, smuggled: false }));
    expect(await seeAll(gateway.port, way.isSecure)).toEqual(expected);
  });

  test("what was refused before a handler saw it is counted by its reason, and logged with where it came from", async () => {
    using connection = await open();
    connection.write("GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n");
    const { status, body } = await connection.answer();
    expect([status, body.toString()]).toEqual([400, "400 Bad Request: Invalid header token"]);
    using other = await open();
    other.send({ method: "GET", path: "/metrics" });
    const text = (await other.answer()).body.toString();
    expect(text).toMatch(/\npushgateway_http_refused_total\{reason="malformed"\} [1-9]/);
    expect(text).toMatch(/\npushgateway_http_refused_total\{reason="version"\} 1\n/);
    expect(gateway.stderr).toMatch(/msg="refused a request" .*127\.0\.0\.1:\d+ .*reason=malformed/);
  });
});

describe.skipIf(skip).each([...SECURE_WAYS])(`over $name and HTTP/2${reason}`, (way) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startedOn(way);
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
  });

  test.each(CASES.filter(({ notInHttp2 }) => notInHttp2 === undefined))("$proves", async (one) => {
    const job = `case${one.n}`;
    using client = await Http2Client.open(gateway.port);
    const { statuses, text } = await playHttp2(client, one, job);
    expect(statuses).toEqual([...one.statuses]);
    const says = (one.says ?? []).filter((part) => !OF_CONNECTION.test(part));
    for (const part of says) expect(text.toLowerCase()).toContain(part.toLowerCase());
    if (one.stored !== undefined) await expectStored(gateway, way, job, one.stored);
    const [healthy] = requestsIn("GET /-/healthy HTTP/1.1\r\n\r\n");
    if (healthy !== undefined) expect((await client.ask(healthy)).statuses).toEqual([200]);
  });

  test("what was refused before a handler saw it is counted by its reason, and logged with where it came from", async () => {
    using connection = await Connection.open(gateway.port, WAIT_LIMIT_MS, true);
    connection.send({ method: "GET", path: "/metrics" });
    const counts = (await connection.answer()).body.toString().split("\n");
    expect(counts).toContain('pushgateway_http_refused_total{reason="header-too-large"} 3');
    expect(counts).toContain('pushgateway_http_refused_total{reason="expectation"} 1');
    expect(counts).toContain('pushgateway_http_refused_total{reason="malformed"} 1');
    expect(gateway.stderr).toMatch(/msg="refused a request" .*127\.0\.0\.1:\d+ .*reason=malformed/);
  });
});
