import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually, firstAbsent, programs, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Machine, machineAbsent } from "./machine.ts";
import { binaryUnderTest } from "./release.ts";

const UNITS = join(import.meta.dir, "../../deploy/systemd");
const unitText = (name: string) => readFileSync(join(UNITS, name), "utf8");

const analyze = requirement(firstAbsent("systemd-analyze"));

describe.skipIf(analyze.skip)(`the units in deploy/systemd${analyze.reason}`, () => {
  test("systemd-analyze verify has nothing to say but that the program is not installed", async () => {
    const files = readdirSync(UNITS).map((name) => join(UNITS, name));
    const { stderr } = await run([programs.need("systemd-analyze"), "verify", ...files]);
    const others = stderr
      .split("\n")
      .filter((line) => line !== "" && !/usr\/local\/bin\/[a-z-]+ is not exec/.test(line));
    expect(others).toEqual([]);
  });

  const SERVICES = readdirSync(UNITS).filter((name) => name.endsWith(".service"));

  test.each(SERVICES)("systemd-analyze security finds an exposure below 1.5 of 10 in %s", async (name) => {
    const words = ["security", "--offline=yes", "--threshold=15", join(UNITS, name)];
    const { code, stdout } = await run([programs.need("systemd-analyze"), ...words]);
    expect(stdout).toContain("Overall exposure level");
    expect(code).toBe(0);
  });

  test("a replica's unit is that of a single gateway but for its name, its flags and where they come from", () => {
    const OF_ONE = /^(?:Description|EnvironmentFile|ExecStart(?:Pre)?|(?:State|Logs|Runtime)Directory)=/;
    const shared = (name: string) =>
      unitText(name)
        .split("\n")
        .filter((line) => /^[A-Z[]/.test(line) && !OF_ONE.test(line));
    expect(shared("pushgateway@.service")).toEqual(shared("pushgateway.service"));
  });
});

const machines = requirement(await machineAbsent());

describe.skipIf(machines.skip)(`pushgateway.service in a systemd of its own${machines.reason}`, () => {
  let folder = "";
  let machine: Machine;

  beforeAll(async () => {
    folder = scratchFolder();
    await binaryUnderTest(join(folder, "bin"), "pushgateway");
    machine = await Machine.start(join(folder, "bin"));
    for (const name of ["pushgateway.service", "pushgateway.socket"])
      await machine.write(`/etc/systemd/system/${name}`, unitText(name));
    await machine.output("systemctl", "daemon-reload");
  });

  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function scrape(): Promise<string> {
    return await machine.output("curl", "-sSfm10", "http://127.0.0.1:9091/metrics");
  }

  test("start waits until it is ready, and the status tells what is served", async () => {
    await machine.output("systemctl", "start", "pushgateway.service");
    expect(await scrape()).toContain("pushgateway_build_info");
    expect(await machine.property("pushgateway.service", "StatusText")).toBe("Serving; groups: 0, series: 0");
  });

  test("its memory and tasks are limited, and what goes beyond is ended as a whole and started again", async () => {
    const property = (name: string) => machine.property("pushgateway.service", name);
    const limits = ["MemoryHigh", "MemoryMax", "TasksMax", "OOMPolicy", "Restart"].map(property);
    expect(await Promise.all(limits)).toEqual([String(3 * 2 ** 30), String(4 * 2 ** 30), "512", "kill", "always"]);
  });

  test("what was pushed is there after a restart", async () => {
    await machine.output("curl", "-sSf", "--data-binary", "kept 1\n", "http://127.0.0.1:9091/metrics/job/j");
    await machine.output("systemctl", "restart", "pushgateway.service");
    expect(await scrape()).toContain('kept{instance="",job="j"} 1\n');
  });

  test("reload has the web-config file read again, without a restart", async () => {
    const log = "/run/pushgateway.log";
    await machine.write("/etc/pushgateway.yml", "basic_auth_users: {}\n");
    await machine.write("/etc/default/pushgateway", "PUSHGATEWAY_FLAGS=--web.config.file=/etc/pushgateway.yml\n");
    await machine.write(
      "/etc/systemd/system/pushgateway.service.d/log.conf",
      `[Service]\nStandardError=append:${log}\n`,
    );
    await machine.output("systemctl", "daemon-reload");
    await machine.output("systemctl", "restart", "pushgateway.service");
    const pid = await machine.property("pushgateway.service", "MainPID");
    expect(await machine.output("cat", log)).not.toContain("read again");
    await machine.output("systemctl", "reload", "pushgateway.service");
    await eventually("it is read again", async () =>
      (await machine.output("cat", log)).includes('msg="web-config file read again" file=/etc/pushgateway.yml'),
    );
    expect(await scrape()).toContain('kept{instance="",job="j"} 1\n');
    expect(await machine.property("pushgateway.service", "MainPID")).toBe(pid);
  });

  test("it runs as nobody in particular, without capabilities, under a system call filter", async () => {
    const pid = await machine.property("pushgateway.service", "MainPID");
    const status = await machine.output("cat", `/proc/${pid}/status`);
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1];
    expect(Number(field("Uid"))).toBeGreaterThan(1000);
    expect([field("CapBnd"), field("CapEff")]).toEqual(["0000000000000000", "0000000000000000"]);
    expect([field("NoNewPrivs"), field("Seccomp")]).toEqual(["1", "2"]);
    const modes = await machine.output(
      "stat",
      "-Lc",
      "%a %n",
      "/var/lib/pushgateway/",
      "/var/lib/pushgateway/metrics.db",
    );
    expect(modes).toBe("700 /var/lib/pushgateway/\n600 /var/lib/pushgateway/metrics.db\n");
  });

  test("a server that hangs is killed by the watchdog and started again, with what it held", async () => {
    await machine.write("/etc/systemd/system/pushgateway.service.d/soon.conf", "[Service]\nWatchdogSec=1\n");
    await machine.output("systemctl", "daemon-reload");
    await machine.output("systemctl", "restart", "pushgateway.service");
    await eventually("its watchdog has heard of it for longer than its time", async () => {
      const micros = async (name: string) =>
        Number(await machine.property("pushgateway.service", `${name}TimestampMonotonic`));
      return (await micros("Watchdog")) > (await micros("ActiveEnter")) + 1_200_000;
    });
    expect(await machine.property("pushgateway.service", "NRestarts")).toBe("0");
    await machine.output("kill", "-STOP", await machine.property("pushgateway.service", "MainPID"));
    await eventually("it runs again", async () => {
      const restarts = await machine.property("pushgateway.service", "NRestarts");
      return restarts === "1" && (await machine.property("pushgateway.service", "SubState")) === "running";
    });
    expect(await scrape()).toContain('kept{instance="",job="j"} 1\n');
  });

  test("the first connection to pushgateway.socket starts it, and restarts refuse nobody", async () => {
    await machine.write("/etc/default/pushgateway", "PUSHGATEWAY_FLAGS=--web.systemd-socket\n");
    await machine.output("systemctl", "stop", "pushgateway.service");
    await machine.output("systemctl", "start", "pushgateway.socket");
    expect(await machine.property("pushgateway.service", "SubState")).toBe("dead");
    expect(await scrape()).toContain('kept{instance="",job="j"} 1\n');
    const restarting = machine.output("systemctl", "restart", "pushgateway.service");
    for (let i = 0; i < 10; i++) expect(await scrape()).toContain("pushgateway_build_info");
    await restarting;
  });

  test("stop ends it by itself: it is not killed when its time is over", async () => {
    await machine.output("systemctl", "stop", "pushgateway.socket", "pushgateway.service");
    expect(await machine.property("pushgateway.service", "Result")).toBe("success");
    expect(await machine.property("pushgateway.service", "ExecMainStatus")).toBe("0");
  });
});
