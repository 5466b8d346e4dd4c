import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, commandUnderTest, type Ended, eventually, freePort, Gateway, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Connection, untilRead } from "../wire.ts";

const MEMORY = "--persistence.file=";

/** Runs the program under test to its end. */
async function program(...flags: string[]): Promise<Ended> {
  return await run([...commandUnderTest(), ...flags]);
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

  test("SIGQUIT ends the process with exit code 2, as it ends the reference", async () => {
    await using gateway = await Gateway.start();
    expect(await gateway.stop("SIGQUIT")).toBe(2);
    expect(gateway.stderr).toMatch(/level=error .*msg="received SIGQUIT; exiting..."/);
  });

  test.each([...SIGNALS])("%s lets an upload in flight finish and refuses new connections", async (signal) => {
    await using gateway = await Gateway.start();
    using upload = await Connection.open(gateway.port);
    upload.write("POST /metrics/job/slow HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n");
    upload.write("7\r\nslow 1\n\r\n");
    await untilRead(gateway.port);
    gateway.signal(signal);
    await eventually("new connections are refused", async () => await refused(gateway.port));
    expect(gateway.running).toBe(true);
    upload.write("7\r\nlate 2\n\r\n");
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
    },
    {
      holder: "the open connection of a refused upload sent whole",
      path: "/nope",
      lengthBytes: 1_000_000,
      sentBytes: 1_000_000,
    },
    {
      holder: "the open connection of a refused upload sent in part",
      path: "/nope",
      lengthBytes: 1_000_000,
      sentBytes: 10_000,
    },
  ];

  test.each(LINGERING)("the end is not held up by $holder", async (request) => {
    await using gateway = await Gateway.start();
    using client = await Connection.open(gateway.port);
    client.write(`POST ${request.path} HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${request.lengthBytes}\r\n\r\n`);
    client.write("x".repeat(request.sentBytes));
    expect((await client.answer()).status).toBeGreaterThanOrEqual(200);
    gateway.signal("SIGTERM");
    expect((await gateway.ended()).code).toBe(0);
  });
});

describe("a signal that means nothing", () => {
  // Those that end a process by themselves, and do not end the reference.
  const IGNORED = [
    "SIGUSR1",
    "SIGUSR2",
    "SIGALRM",
    "SIGVTALRM",
    "SIGPROF",
    "SIGIO",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGPIPE",
    "SIGWINCH",
    "SIGCHLD",
    "SIGURG",
    "SIGCONT",
    "SIGHUP",
  ] as const;

  test("does not end the server, and pushes go on", async () => {
    await using gateway = await Gateway.start();
    for (const signal of IGNORED) gateway.signal(signal);
    const answer = await fetch(`${gateway.url}/metrics/job/j`, { method: "POST", body: "up 1\n" });
    expect([answer.status, gateway.running]).toEqual([200, true]);
    expect(await gateway.stop()).toBe(0);
  });

  test("SIGHUP is logged, and says that there is no web-config file where there is none", async () => {
    await using gateway = await Gateway.start();
    gateway.signal("SIGHUP");
    await eventually("it is logged", async () =>
      gateway.stderr.includes("no web-config file and no access file to read again"),
    );
    expect(gateway.stderr).toContain('level=info caller=serve.ts msg="received SIGHUP"');
    expect(await gateway.stop()).toBe(0);
  });

  test("SIGHUP has an unchanged web-config file read again", async () => {
    const path = join(scratchFolder(), "web.yml");
    writeFileSync(path, "basic_auth_users: {}\n");
    await using gateway = await Gateway.start([`--web.config.file=${path}`]);
    gateway.signal("SIGHUP");
    await eventually("it is logged", async () =>
      gateway.stderr.includes(`msg="web-config file read again" file=${path}`),
    );
    expect(await gateway.stop()).toBe(0);
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
    { words: ["export"], says: "error: required argument 'file' not provided, try --help" },
    {
      words: ["@/nowhere/flags"],
      says: 'error: failed to open arguments file "/nowhere/flags": open /nowhere/flags: no such file or directory, try --help',
    },
  ];

  test.each(MISUSES)("$words exits with 1 and one line", async ({ words, says }) => {
    const { code, stdout, stderr } = await program(...words);
    expect(linesOf(stderr)).toEqual([expect.stringContaining(`: ${says}`)]);
    expect([code, stdout]).toEqual([1, ""]);
  });
});

describe("an address that cannot be listened on", () => {
  const ADDRESSES = [
    { address: "x", err: "listen tcp: address x: missing port in address" },
    { address: ":70000", err: "listen tcp: address 70000: invalid port" },
    { address: ":nope", err: "listen tcp: lookup tcp/nope: unknown port" },
    { address: "nonesuch.invalid:1", err: "listen tcp: lookup nonesuch.invalid: no such host" },
    { address: "127.1:1", err: "listen tcp: lookup 127.1: no such host" },
    { address: "198.51.100.7:23", err: "listen tcp 198.51.100.7:23: bind: cannot assign requested address" },
  ];

  test.each(ADDRESSES)("$address ends the start with 1 and Go's words in a log line", async ({ address, err }) => {
    const { code, stdout, stderr } = await program(`--web.listen-address=${address}`, "--log.format=json", MEMORY);
    const last: unknown = JSON.parse(linesOf(stderr).at(-1) ?? "");
    expect(last).toMatchObject({ level: "error", caller: "sockets.ts", msg: "HTTP server stopped", err });
    expect([code, stdout]).toEqual([1, ""]);
  });

  test("a web-config file that is not there ends the start with 1 and a log line", async () => {
    const { code, stderr } = await program("--web.config.file=/nowhere/web.yml", "--log.format=json", MEMORY);
    const last: unknown = JSON.parse(linesOf(stderr).at(-1) ?? "");
    const err = "open /nowhere/web.yml: no such file or directory";
    expect(last).toMatchObject({ level: "error", msg: "HTTP server stopped", err });
    expect(code).toBe(1);
  });
});

describe("an address that Go listens on", () => {
  const ADDRESSES = [
    { address: "", listens: /address=\[::\]:\d+ / },
    { address: ":", listens: /address=\[::\]:\d+ / },
    { address: "0.0.0.0:0", listens: /address=\[::\]:\d+ / },
    { address: "localhost:", listens: /address=127\.0\.0\.1:\d+ / },
    { address: "[::ffff:127.0.0.1]:0", listens: /address=127\.0\.0\.1:\d+ / },
    { address: "[127.0.0.1]:0", listens: /address=127\.0\.0\.1:\d+ / },
  ];

  test.each(ADDRESSES)("'$address'", async ({ address, listens }) => {
    await using server = new Child([...commandUnderTest(), `--web.listen-address=${address}`, MEMORY]);
    await eventually("it listens", async () => server.stderr.includes("TLS is disabled."));
    expect(server.stderr.replaceAll("\n", " \n")).toMatch(listens);
  });
});

describe("flags from a file", () => {
  test("are taken from the lines of the file behind @", async () => {
    const path = join(scratchFolder(), "flags");
    const port = await freePort();
    writeFileSync(path, `# how it is started here\n--web.listen-address=127.0.0.1:${port}\n\n${MEMORY}\n`);
    await using server = new Child([...commandUnderTest(), `@${path}`]);
    await eventually("it is ready", async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).status === 200);
    expect(server.running).toBe(true);
  });

  test("--web.local-assets, which Debian's units have, is taken and named in a warning", async () => {
    await using gateway = await Gateway.start(["--web.local-assets=/usr/share/prometheus/pushgateway"]);
    expect(gateway.stderr).toContain('level=warn caller=serve.ts msg="flag is ignored" flag=--web.local-assets');
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
      "export [<flags>] <file>",
      "healthcheck [<flags>]",
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
