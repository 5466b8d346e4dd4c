import { expect, test } from "bun:test";
import { METRIC_TYPE_WORDS } from "../../src/model/metric-type.ts";
import type { OwnFamily } from "../../src/telemetry/own-metrics.ts";
import { firstAbsent, programs, requirement } from "../program.ts";
import { exercise, fixedMetrics, linesOf } from "./fixtures.ts";

function exposition(families: readonly OwnFamily[]): string {
  const heads = families.map(
    ({ name, help, type }) => `# HELP ${name} ${help}\n# TYPE ${name} ${METRIC_TYPE_WORDS[type]}\n`,
  );
  return families.map((family, i) => `${heads[i]}${linesOf(families, family.name)}`).join("");
}

const { skip, reason } = requirement(firstAbsent("promtool"));

test.skipIf(skip)(`promtool finds nothing to complain about in the program's own metrics${reason}`, () => {
  const metrics = fixedMetrics();
  exercise(metrics);
  const stdin = new TextEncoder().encode(exposition(metrics.gather()));
  const result = Bun.spawnSync([programs.need("promtool"), "check", "metrics"], { stdin });
  expect(`${result.stdout}${result.stderr}`).toBe("");
  expect(result.exitCode).toBe(0);
});
