import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, firstAbsent, Gateway, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const CONFIG = readFileSync(join(import.meta.dir, "../../deploy/logrotate/pushgateway"), "utf8");
const UNITS = ["pushgateway.service", "pushgateway@.service"];

const { skip, reason } = requirement(firstAbsent("logrotate", "gzip"));

test("the folders of deploy/logrotate are those of the units", () => {
  for (const unit of UNITS) {
    const text = readFileSync(join(import.meta.dir, "../../deploy/systemd", unit), "utf8");
    const folder = /^LogsDirectory=(.*)$/m.exec(text)?.[1]?.replace("%i", "*");
    expect(CONFIG).toContain(`/var/log/${folder}/audit.log `);
  }
});

describe.skipIf(skip)(`deploy/logrotate${reason}`, () => {
  test("keeps every line of the audit log over three rotations, the older ones compressed", async () => {
    const folder = scratchFolder();
    const log = join(folder, "pushgateway", "audit.log");
    mkdirSync(join(folder, "pushgateway"));
    await using gateway = await Gateway.start([`--log.audit=${log}`]);
    // systemctl finds the process by its unit; here a stand-in knows it.
    writeFileSync(join(folder, "systemctl"), `#!/bin/sh\nkill -HUP ${gateway.pid}\n`, { mode: 0o755 });
    const config = join(folder, "config");
    writeFileSync(config, CONFIG.replaceAll("/var/log/", `${folder}/`), { mode: 0o600 });
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 20; n++)
        await fetch(`${gateway.url}/metrics/job/r${round}n${n}`, { method: "PUT", body: "{" });
      const words = ["logrotate", "--force", "--state", join(folder, "state"), config];
      const { code, stderr } = await run(["env", `PATH=${folder}:${process.env.PATH}`, ...words]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      await eventually("the new file is there", async () => {
        return existsSync(log) && readFileSync(log, "utf8").includes('"event":"reopened"');
      });
    }
    expect(await gateway.stop()).toBe(0);
    const names = readdirSync(join(folder, "pushgateway")).sort();
    expect(names).toEqual(["audit.log", "audit.log.1", "audit.log.2.gz", "audit.log.3.gz"]);
    const texts = await Promise.all(
      names.map(async (name) => {
        const path = join(folder, "pushgateway", name);
        return name.endsWith(".gz") ? (await run(["gzip", "-dc", path])).stdout : readFileSync(path, "utf8");
      }),
    );
    const groups = texts.flatMap((text) => text.match(/"group":"[^,]*"/g) ?? []);
    expect(groups).toHaveLength(60);
    expect(new Set(groups).size).toBe(60);
  });
});
