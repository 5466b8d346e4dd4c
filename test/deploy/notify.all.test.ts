import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { untilIdle, untilStopped } from "../processes.ts";
import { Child, commandUnderTest, eventually, firstAbsent, freePort, requirement } from "../program.ts";

const Notice = Type.Array(Type.String());

/** A service manager's end of the notices. */
class Manager extends Child {
  constructor(readonly address: string) {
    super(["/usr/bin/python3", join(import.meta.dir, "datagrams.py"), address]);
  }

  static async start(address: string): Promise<Manager> {
    const manager = new Manager(address);
    await eventually("the manager listens", async () => manager.notices.length > 0);
    return manager;
  }

  /** The lines of each notice, in the order they came. */
  get notices(): string[][] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => Value.Parse(Notice, JSON.parse(line)));
  }

  count(line: string): number {
    return this.notices.filter((notice) => notice.includes(line)).length;
  }
}

/** The program under test, told of a manager by the environment. */
class Notifier extends Child {
  readonly url: string;

  private constructor(port: number, environment: Record<string, string>, flags: readonly string[]) {
    super([...commandUnderTest(), `--web.listen-address=127.0.0.1:${port}`, ...flags], { env: environment });
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(environment: Record<string, string>, flags = ["--persistence.file="]): Promise<Notifier> {
    return new Notifier(await freePort(), environment, flags);
  }

  async push(job: string, body: string): Promise<void> {
    const answer = await fetch(`${this.url}/metrics/job/${job}`, { method: "POST", body });
    expect(answer.status).toBe(200);
  }
}

const { skip, reason } = requirement(firstAbsent("python3"));

describe.skipIf(skip)(`notices to the service manager${reason}`, () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "notify-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const ADDRESSES = [
    { kind: "a socket file", address: () => join(folder, "notify.sock") },
    { kind: "an abstract socket", address: () => `@pushgateway-notify-${process.pid}` },
  ];

  test.each(ADDRESSES)("$kind is told READY once, and STOPPING at the end", async ({ address }) => {
    await using manager = await Manager.start(address());
    await using server = await Notifier.start({ NOTIFY_SOCKET: manager.address });
    await eventually("it is ready", async () => manager.count("READY=1") === 1);
    expect((await fetch(`${server.url}/-/ready`)).status).toBe(200);
    server.signal("SIGTERM");
    expect((await server.ended()).code).toBe(0);
    await eventually("the end is told", async () => manager.count("STOPPING=1") === 1);
    expect(manager.notices).toEqual([
      ["listening"],
      ["READY=1", "STATUS=Serving; groups: 0, series: 0"],
      ["STOPPING=1", "STATUS=Stopping"],
    ]);
  });

  test("READY comes when everything is restored, and its status says how much", async () => {
    const file = join(folder, "restored.db");
    await using manager = await Manager.start(join(folder, "restored.sock"));
    const flags = [`--persistence.file=${file}`];
    await using before = await Notifier.start({ NOTIFY_SOCKET: manager.address }, flags);
    await eventually("it is ready", async () => manager.count("READY=1") === 1);
    for (let i = 0; i < 20; i++) await before.push(`restored${i}`, "a 1\nb 2\n");
    before.signal("SIGTERM");
    expect((await before.ended()).code).toBe(0);
    const earlier = manager.notices.length;
    await using after = await Notifier.start({ NOTIFY_SOCKET: manager.address }, flags);
    await eventually("it is ready again", async () => manager.count("READY=1") === 2);
    expect((await fetch(`${after.url}/-/ready`)).status).toBe(200);
    const notices = manager.notices.slice(earlier);
    expect(notices.pop()).toEqual(["READY=1", "STATUS=Serving; groups: 20, series: 80"]);
    // So little may be there before anything was told.
    const meanwhile = ["EXTEND_TIMEOUT_USEC=30000000", "STATUS=the metrics are being restored"];
    expect(notices).toEqual(notices.map(() => meanwhile));
  });

  test("a persistence file that cannot be made is told beside READY, and that it has been made too", async () => {
    await using manager = await Manager.start(join(folder, "unmade.sock"));
    const file = join(folder, "later", "metrics.db");
    await using server = await Notifier.start({ NOTIFY_SOCKET: manager.address }, [`--persistence.file=${file}`]);
    await eventually("it is ready", async () => manager.count("READY=1") === 1);
    const told = `from memory only, metrics are not kept: the folder ${join(folder, "later")} does not exist: create it`;
    expect(manager.count(`STATUS=Serving ${told}; groups: 0, series: 0`)).toBe(1);
    mkdirSync(join(folder, "later"));
    await eventually("it is told", async () => manager.count("STATUS=Serving; groups: 0, series: 0") === 1);
    expect(server.running).toBe(true);
  });

  test("a start that fails is never told READY", async () => {
    await using manager = await Manager.start(join(folder, "failed.sock"));
    const environment = { NOTIFY_SOCKET: manager.address };
    await using server = await Notifier.start(environment, [
      "--persistence.file=/proc/none/metrics.db",
      "--persistence.required",
    ]);
    expect((await server.ended()).code).toBe(1);
    expect(manager.count("READY=1")).toBe(0);
  });

  test("the watchdog hears of the server again and again, and goes on to after a hang", async () => {
    await using manager = await Manager.start(join(folder, "watchdog.sock"));
    await using server = await Notifier.start({ NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "400000" });
    await eventually("it has been heard of", async () => manager.count("WATCHDOG=1") >= 5);
    server.signal("SIGSTOP");
    await untilStopped(server.pid);
    await untilIdle(manager.pid);
    const stopped = manager.count("WATCHDOG=1");
    server.signal("SIGCONT");
    await eventually("it goes on", async () => manager.count("WATCHDOG=1") > stopped);
  });

  test("a watchdog that is meant for another process hears nothing", async () => {
    await using manager = await Manager.start(join(folder, "other.sock"));
    const environment = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "100000", WATCHDOG_PID: "1" };
    await using server = await Notifier.start(environment);
    await eventually("it is ready", async () => manager.count("READY=1") === 1);
    await server.push("told", "a 1\n");
    await eventually(
      "the next status is told",
      async () => manager.count("STATUS=Serving; groups: 1, series: 3") === 1,
    );
    expect(manager.count("WATCHDOG=1")).toBe(0);
  });

  test("the status follows what is stored", async () => {
    await using manager = await Manager.start(join(folder, "status.sock"));
    await using server = await Notifier.start({ NOTIFY_SOCKET: manager.address });
    await eventually("it is ready", async () => manager.count("READY=1") === 1);
    await server.push("told", "a 1\n");
    await eventually("the status is told", async () => manager.count("STATUS=Serving; groups: 1, series: 3") === 1);
  });

  const DEAF = [
    { what: "a socket that nobody reads", address: () => join(folder, "none.sock"), logged: null },
    { what: "an address of another kind", address: () => "vsock:2:1234", logged: 'notifying "vsock:2:1234": ' },
    { what: "a path that is too long", address: () => `/${"x".repeat(200)}`, logged: "of at most 107 bytes" },
  ];

  test.each(DEAF)("$what does not keep the server from serving and ending well", async ({ address, logged }) => {
    await using server = await Notifier.start({ NOTIFY_SOCKET: address(), WATCHDOG_USEC: "50000" });
    await eventually("it serves", async () => (await fetch(`${server.url}/-/ready`)).status === 200);
    if (logged !== null) {
      expect(server.stderr.replaceAll("\\", "")).toContain(logged);
      expect(server.stderr).toContain('level=warn caller=supervision.ts msg="the service manager cannot be notified"');
    }
    server.signal("SIGTERM");
    expect((await server.ended()).code).toBe(0);
    expect(existsSync(join(folder, "none.sock"))).toBe(false);
  });

  test("READY is told to a manager that comes late", async () => {
    const address = join(folder, "late.sock");
    await using server = await Notifier.start({ NOTIFY_SOCKET: address });
    await eventually("it serves", async () => (await fetch(`${server.url}/-/ready`)).status === 200);
    await using manager = await Manager.start(address);
    await eventually("it is told", async () => manager.count("READY=1") === 1);
    expect(server.running).toBe(true);
  });
});
