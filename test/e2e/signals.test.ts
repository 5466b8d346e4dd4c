import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { commandUnderTest, type Ended, eventually, Gateway, run } from "../program.ts";
import { Connection } from "../wire.ts";

setDefaultTimeout(30_000);

/** Runs the program under test to its end. */
async function program(...flags: string[]): Promise<Ended> {
  return await run([...commandUnderTest(), ...flags], 5_000);
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

describe("an end asked for by a signal", () => {
  const SIGNALS = ["SIGTERM", "SIGINT"] as const;

  test.each([...SIGNALS])("%s ends the process with exit code 0 and says so in the log", async (signal) => {
    await using gateway = await Gateway.start();
    expect(await gateway.stop(signal)).toBe(0);
    expect(gateway.stderr).toContain('msg="starting pushgateway"');
    expect(gateway.stderr).toMatch(/level=info .*msg="received SIGINT\/SIGTERM; exiting gracefully\.\.\."/);
    expect(gateway.stderr).toMatch(/level=info .*msg="HTTP server stopped"/);
  });

  test.each([...SIGNALS])("%s lets an upload in flight finish and refuses new connections", async (signal) => {
    await using gateway = await Gateway.start();
    using upload = await Connection.open(gateway.port);
    upload.write("POST /metrics/job/slow HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n");
    upload.write("7\r\nslow 1\n\r\n");
    await Bun.sleep(200);
    gateway.signal(signal);
    await eventually("new connections are refused", async () => await refused(gateway.port));
    expect(gateway.running).toBe(true);
    upload.write("7\r\nlate 2\n\r\n");
    await Bun.sleep(200);
    upload.write("0\r\n\r\n");
    expect((await upload.answer()).status).toBe(200);
    upload.close();
    expect((await gateway.ended()).code).toBe(0);
  });

  const LINGERING = [
    {
      holder: "an idle kept-alive connection",
      path: "/-/healthy",
      lengthBytes: 0,
      sentBytes: 0,
      answered: true,
    },
    {
      holder: "the open connection of a refused upload sent whole",
      path: "/nope",
      lengthBytes: 1_000_000,
      sentBytes: 1_000_000,
      answered: true,
    },
    {
      holder: "the open connection of a refused upload sent in part",
      path: "/nope",
      lengthBytes: 1_000_000,
      sentBytes: 10_000,
      answered: true,
    },
    {
      holder: "an upload that stalls",
      path: "/metrics/job/j",
      lengthBytes: 1_000_000,
      sentBytes: 10_000,
      answered: false,
    },
  ];

  // Container runtimes wait ten seconds for an end, then kill.
  test.each(LINGERING)("the end is not held up by $holder", async (request) => {
    await using gateway = await Gateway.start();
    using client = await Connection.open(gateway.port);
    client.write(`POST ${request.path} HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${request.lengthBytes}\r\n\r\n`);
    client.write("x".repeat(request.sentBytes));
    if (request.answered) expect((await client.answer()).status).toBeGreaterThanOrEqual(200);
    else await Bun.sleep(200);
    gateway.signal("SIGTERM");
    expect((await gateway.ended(9_000)).code).toBe(0);
  });
});

async function refused(port: number): Promise<boolean> {
  try {
    using connection = await Connection.open(port);
    connection.close();
    return false;
  } catch {
    return true;
  }
}

describe("a start that fails", () => {
  test("a second instance on the same port exits with 1 and one line that names the address", async () => {
    await using gateway = await Gateway.start();
    const address = `127.0.0.1:${gateway.port}`;
    const { code, stderr } = await program(`--web.listen-address=${address}`, "--persistence.file=");
    const telling = linesOf(stderr).filter((line) => line.includes("in use") && line.includes(address));
    expect(telling).toHaveLength(1);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });

  const MISUSES = [
    { words: ["--nope"], says: "error: unknown long flag '--nope', try --help" },
    { words: ["-z"], says: "error: unknown short flag '-z', try --help" },
    { words: ["extra"], says: "error: unexpected extra, try --help" },
    { words: ["--web.telemetry-path"], says: "error: expected argument for flag '--web.telemetry-path', try --help" },
    { words: ["--persistence.interval=5"], says: 'error: time: missing unit in duration "5", try --help' },
  ];

  test.each(MISUSES)("$words exits with 1 and one line", async ({ words, says }) => {
    const { code, stdout, stderr } = await program(...words);
    expect(linesOf(stderr)).toEqual([expect.stringContaining(`: ${says}`)]);
    expect([code, stdout]).toEqual([1, ""]);
  });
});

describe("what the program prints", () => {
  test("--version prints name and version on stdout and exits with 0", async () => {
    const { code, stdout, stderr } = await program("--version");
    expect(stdout).toMatch(/^pushgateway, version \d+\.\d+\.\d+ \(branch: .*, revision: .*\)\n( {2}\S.*\n)+$/);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("--help prints every flag on stdout and exits with 0", async () => {
    const { code, stdout, stderr } = await program("--help");
    expect(stdout).toContain("usage: ");
    for (const flag of [
      "--web.listen-address",
      "--persistence.file",
      "--push.disable-consistency-check",
      "--log.level",
    ]) {
      expect(stdout.replaceAll("--[no-]", "--")).toContain(flag);
    }
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("--log.format=json prints lines that each parse, with a time and a level", async () => {
    await using gateway = await Gateway.start(["--log.format=json"]);
    expect(await gateway.stop()).toBe(0);
    const entries: unknown[] = linesOf(gateway.stderr).map((line) => JSON.parse(line));
    expect(entries.length).toBeGreaterThanOrEqual(3);
    for (const entry of entries) expect(entry).toMatchObject({ ts: expect.any(String), level: "info" });
    expect(entries).toContainEqual(expect.objectContaining({ msg: "starting pushgateway" }));
  });

  test("every line of the default log begins with a time and holds a level", async () => {
    await using gateway = await Gateway.start();
    expect(await gateway.stop()).toBe(0);
    const foreign = linesOf(gateway.stderr).filter((line) => !/^ts=\S+Z (.* )?level=(info|warn) /.test(line));
    expect(foreign).toEqual([]);
  });

  test("--log.level=error prints nothing where nothing fails", async () => {
    await using gateway = await Gateway.start(["--log.level=error", "--web.config.file="]);
    expect(await gateway.stop()).toBe(0);
    expect(gateway.stderr).toBe("");
  });
});
