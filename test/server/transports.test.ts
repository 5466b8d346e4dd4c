import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Certificates } from "../certificates.ts";
import { eventually, firstAbsent, Gateway, requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Connection } from "../wire.ts";
import { WIRE_CASES, type WireCase } from "./wire-cases.ts";

setDefaultTimeout(60_000);

const ANSWER_LIMIT_MS = 10_000;
const HAND_OVER = ["/usr/bin/python3", join(import.meta.dir, "..", "deploy", "hand-over.py")];

/** A way from the client's socket to the server. */
interface Way {
  readonly name: string;
  readonly isSecure: boolean;
  readonly isInherited: boolean;
  /** Answers take turns of the loop: they wait for a commit. */
  readonly isDurable: boolean;
}

const WAYS: readonly Way[] = [
  { name: "plain HTTP", isSecure: false, isInherited: false, isDurable: false },
  { name: "plain HTTP with a persistence file", isSecure: false, isInherited: false, isDurable: true },
  { name: "TLS", isSecure: true, isInherited: false, isDurable: true },
  { name: "an inherited socket", isSecure: false, isInherited: true, isDurable: false },
  { name: "an inherited socket and TLS", isSecure: true, isInherited: true, isDurable: false },
];

const { skip, reason } = requirement(firstAbsent("python3", "openssl"));

async function started({ isSecure, isInherited, isDurable }: Way): Promise<Gateway> {
  const flags = isDurable ? [`--persistence.file=${join(scratchFolder(), "metrics.db")}`] : [];
  if (isSecure) {
    const made = await Certificates.create();
    const config = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n";
    flags.push(`--web.config.file=${made.write("web.yml", config)}`);
  }
  const gateway = await Gateway.launch(flags, "", isSecure ? "https" : "http", isInherited ? HAND_OVER : []);
  await eventually("it listens", async () => gateway.stderr.includes("TLS is "));
  const tls = { rejectUnauthorized: false };
  await eventually("it is ready", async () => (await fetch(`${gateway.url}/-/ready`, { tls })).ok);
  return gateway;
}

/** What a case showed. */
interface Shown {
  readonly statuses: number[];
  readonly text: string;
}

async function play(connection: Connection, { steps, halfClosed, statuses }: WireCase, job: string): Promise<Shown> {
  const shown: Shown = { statuses: [], text: "" };
  for (const step of steps) {
    if (typeof step === "string") connection.write(Buffer.from(step.replaceAll("#", job), "latin1"));
    else shown.statuses.push(await connection.interim());
  }
  if (halfClosed) connection.end();
  let text = "";
  while (shown.statuses.length < statuses.length) {
    const { status, headers, body, version } = await connection.answer();
    shown.statuses.push(status);
    const fields = [...headers].map(([name, value]) => `${name}: ${value}`.toLowerCase());
    text += `${version} ${status}\n${fields.join("\n")}\n${body}`;
  }
  return { ...shown, text };
}

describe.skipIf(skip).each([...WAYS])(`over $name${reason}`, (way) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await started(way);
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
  });

  const open = () => Connection.open(gateway.port, ANSWER_LIMIT_MS, way.isSecure);
  const scraped = async (job: string): Promise<string[]> => {
    using connection = await open();
    connection.send({ method: "GET", path: "/metrics" });
    const text = (await connection.answer()).body.toString("latin1");
    return text.split("\n").filter((line) => line.includes(`job="${job}"`) && !line.startsWith("push_"));
  };

  test.each(WIRE_CASES.map((one, n) => ({ ...one, n })))("$proves", async (one) => {
    const job = `case${one.n}`;
    using connection = await open();
    const { statuses, text } = await play(connection, one, job);
    expect(statuses).toEqual([...one.statuses]);
    for (const part of one.says ?? []) expect(text.toLowerCase()).toContain(part.toLowerCase());
    if (one.stored !== undefined) {
      const lines = await scraped(job);
      expect(lines).toHaveLength(one.stored.length);
      for (const part of one.stored) expect(lines.join("\n")).toContain(part.replaceAll("#", job));
    }
    if (one.ends) return expect(await connection.statusOrClosed()).toBeNull();
    connection.send({ method: "GET", path: "/-/healthy" });
    expect((await connection.answer()).status).toBe(200);
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
