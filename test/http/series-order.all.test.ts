import { expect, test } from "bun:test";
import { scrape } from "../app.ts";
import { firstAbsent, programs, requirement } from "../program.ts";
import { largeStore } from "./large-store.ts";

const PYTHON = "/usr/bin/python3";
const python = requirement(
  Bun.spawnSync([PYTHON, "-c", "import prometheus_client"]).success ? null : "prometheus_client",
);
const promtool = requirement(firstAbsent("promtool"));

test.skipIf(promtool.skip)(`promtool does not depend on the order${promtool.reason}`, async () => {
  const { app } = await largeStore();
  const stdin = Buffer.from(await scrape(app));
  const { exitCode, stderr } = Bun.spawnSync([programs.need("promtool"), "check", "metrics"], { stdin });
  expect(`${exitCode} ${stderr.toString().slice(0, 500)}`).toBe("0 ");
});

test.skipIf(python.skip)(`prometheus_client of Python does not depend on the order${python.reason}`, async () => {
  const { app } = await largeStore();
  const count = [
    "import sys",
    "from prometheus_client.parser import text_string_to_metric_families as read",
    "print(sum(1 for f in read(sys.stdin.read()) for s in f.samples if s.name in ('a', 'h_count')))",
  ].join("\n");
  const stdin = Buffer.from(await scrape(app));
  const { stdout } = Bun.spawnSync([PYTHON, "-c", count], { stdin });
  expect(stdout.toString()).toBe("8000\n");
});
