import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { commandUnderTest, firstAbsent, Gateway, programs, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { PUSHES, UNCHECKED } from "./contradicting.ts";

const { skip, reason } = requirement(firstAbsent("promtool"));

test.skipIf(skip)(`an export as text leaves it out and says so, one as gob has it${reason}`, async () => {
  const folder = scratchFolder();
  const file = join(folder, "metrics.db");
  {
    await using gateway = await Gateway.start([UNCHECKED, `--persistence.file=${file}`]);
    for (const [path, body] of PUSHES) await fetch(`${gateway.url}/metrics${path}`, { method: "PUT", body });
    await gateway.stop();
  }
  const text = await run([...commandUnderTest(), "export", file]);
  expect(text.code).toBe(0);
  expect(text.stderr).toContain("left out: counter a: gathered metric family a has type COUNTER but should have GAUGE");
  const { exitCode, stderr } = Bun.spawnSync([programs.need("promtool"), "check", "metrics"], {
    stdin: Buffer.from(text.stdout),
  });
  expect(`${exitCode} ${stderr}`).toBe("0 ");
  const gob = join(folder, "persist");
  const command = [...commandUnderTest(), "export", "--format=gob", file].map((word) => `'${word}'`).join(" ");
  expect((await run(["sh", "-c", `${command} > '${gob}'`])).code).toBe(0);
  expect(existsSync(gob)).toBe(true);
  await using again = await Gateway.start([UNCHECKED, `--persistence.file=${gob}`]);
  const groups = (await (await fetch(`${again.url}/api/v1/metrics`)).json()) as { data: Record<string, unknown>[] };
  const families = groups.data.flatMap((group) => Object.keys(group)).filter((name) => /^(a|b|good)$/.test(name));
  expect(families.sort()).toEqual(["a", "a", "b", "good"]);
});
