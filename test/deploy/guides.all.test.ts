import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { eventually, firstAbsent, requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Machine, machineAbsent } from "./machine.ts";
import { binaryUnderTest } from "./release.ts";

const LOG = "/run/pushgateway.log";

/** Units as the guides on the web have them for the Go Pushgateway, and what becomes of the file that they name. */
const UNITS = [
  {
    what: "flags for everything, as root",
    service: `
Type=simple
ExecStart=/usr/local/bin/pushgateway --web.enable-lifecycle --web.enable-admin-api --persistence.file=/var/lib/pushgateway.data --persistence.interval=3m
Restart=on-failure`,
    file: "/var/lib/pushgateway.data",
    kept: true,
  },
  {
    what: "User=prometheus, and a file below /usr/local that only root may write",
    service: `
User=prometheus
Group=prometheus
Type=simple
ExecStart=/usr/local/pushgateway/pushgateway \\
    --web.enable-lifecycle \\
    --web.enable-admin-api \\
    --persistence.file="/usr/local/pushgateway/pushgateway_persist_file" \\
    --persistence.interval=3m
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure`,
    file: "/usr/local/pushgateway/pushgateway_persist_file",
    kept: false,
  },
  {
    what: "User=prometheus, and a file in the folder that it is started in, which is root's",
    service: `
User=prometheus
Type=simple
WorkingDirectory=/usr/local/pushgateway
ExecStart=/usr/local/pushgateway/pushgateway --persistence.file=metrics.store --web.listen-address=:9091 --log.level=debug
Restart=always
RestartSec=3`,
    file: "/usr/local/pushgateway/metrics.store",
    kept: false,
  },
  {
    what: "User=prometheus, and a folder that is not there",
    service: `
User=prometheus
ExecStart=/usr/local/bin/pushgateway --persistence.file=/usr/local/data/pushgateway/persist --persistence.interval=3m
Restart=always`,
    file: "/usr/local/data/pushgateway/persist",
    kept: false,
  },
];

const { skip, reason } = requirement((await machineAbsent()) ?? firstAbsent("curl"));

describe.skipIf(skip)(`the units of users' guides start as they are${reason}`, () => {
  let folder = "";
  let machine: Machine;

  beforeAll(async () => {
    folder = scratchFolder();
    await binaryUnderTest(join(folder, "bin"), "pushgateway");
    machine = await Machine.start(join(folder, "bin"));
    await machine.write(
      "/etc/systemd/system/pushgateway.service.d/log.conf",
      `[Service]\nStandardError=append:${LOG}\n`,
    );
    await machine.output("mkdir", "/usr/local/pushgateway");
    await machine.output("ln", "/usr/local/bin/pushgateway", "/usr/local/pushgateway/pushgateway");
  });

  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (path: string, ...words: string[]) => machine.run("curl", "-sSfm10", ...words, `localhost:9091${path}`);
  const scrape = async () => (await ask("/metrics")).stdout;
  const ready = () => eventually("it is ready", async () => (await ask("/-/ready")).stdout === "OK");
  const up = async (figure: number) => (await scrape()).includes(`pushgateway_persistence_up ${figure}\n`);

  async function start(service: string): Promise<void> {
    const unit = `[Unit]\nDescription=Pushgateway\n\n[Service]${service}\n\n[Install]\nWantedBy=multi-user.target\n`;
    await machine.write("/etc/systemd/system/pushgateway.service", unit);
    for (const words of [["daemon-reload"], ["start", "pushgateway"]]) await machine.output("systemctl", ...words);
    await ready();
  }

  test.each(UNITS)("$what", async ({ service, file, kept }) => {
    await start(service);
    expect((await ask("/metrics/job/j", "--data-binary", "kept 1\n")).code).toBe(0);
    expect(await scrape()).toContain('kept{instance="",job="j"} 1\n');
    expect(await up(kept ? 1 : 0)).toBe(true);
    if (!kept) {
      const told = (await machine.output("grep", "level=error", LOG)).trimEnd().split("\n");
      expect(told.at(-1)).toMatch(/metrics are not kept: .* file=\S+ folder=\S+ owner=\S+ mode=\S+ user=\d+/);
      expect(told.at(-1)).toContain(basename(file));
      await machine.output("sh", "-c", `mkdir -p "$(dirname ${file})" && chown prometheus "$(dirname ${file})"`);
      await eventually("it keeps them", () => up(1), 30_000);
    }
    await machine.output("systemctl", "restart", "pushgateway");
    await ready();
    expect(await scrape()).toContain('kept{instance="",job="j"} 1\n');
    expect(await machine.property("pushgateway.service", "NRestarts")).toBe("0");
    await machine.output("systemctl", "stop", "pushgateway");
    await machine.output("sh", "-c", `rm -f ${file}* && chown root "$(dirname ${file})"`);
  });

  test("the lifecycle and admin APIs that these units ask for are there: a wipe, and an end that is no failure", async () => {
    await start(UNITS[0]?.service ?? "");
    await ask("/metrics/job/j", "--data-binary", "kept 1\n");
    expect((await ask("/api/v1/admin/wipe", "-XPUT")).code).toBe(0);
    expect(await scrape()).not.toContain("kept{");
    expect((await ask("/-/quit", "-XPUT")).code).toBe(0);
    await eventually("it has ended", async () => {
      return (await machine.property("pushgateway.service", "ActiveState")) === "inactive";
    });
    expect(await machine.property("pushgateway.service", "Result")).toBe("success");
  });
});
