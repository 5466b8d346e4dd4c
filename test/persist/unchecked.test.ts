import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { commandUnderTest, firstAbsent, Gateway, programs, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

setDefaultTimeout(60_000);

const UNCHECKED = "--push.disable-consistency-check";
const PUSHES = [
  ["/job/j", "# HELP a Help.\n# TYPE a gauge\na 1\n"],
  ["/job/k", "# HELP a Help.\n# TYPE a counter\na 2\n# HELP good Help.\n# TYPE good gauge\ngood 1\n"],
  ["/job/j/instance@base64/=", "# HELP b Help.\n# TYPE b gauge\nb 1\nb 2\n"],
] as const;

async function pushed(gateway: Gateway): Promise<string[]> {
  return (await gateway.lines("job=")).filter((line) => !line.startsWith("push_")).sort();
}

const leftOut = (gateway: Gateway) => gateway.own("pushgateway_conflicting_families");

test("what is left out without the check is kept in the file, left out after a restart, and shown when it can be", async () => {
  const file = join(scratchFolder(), "metrics.db");
  const flags = [UNCHECKED, `--persistence.file=${file}`];
  const shown = ['a{instance="",job="j"} 1', 'good{instance="",job="k"} 1'];
  {
    await using gateway = await Gateway.start(flags);
    for (const [path, body] of PUSHES)
      expect((await fetch(`${gateway.url}/metrics${path}`, { method: "PUT", body })).status).toBe(202);
    expect(await pushed(gateway)).toEqual(shown);
    // `a` of k, `b`, and the two push times of the group whose series are those of another.
    expect(await leftOut(gateway)).toBe(4);
    gateway.signal("SIGKILL");
  }
  await using gateway = await Gateway.start(flags);
  expect(await pushed(gateway)).toEqual(shown);
  expect(await leftOut(gateway)).toBe(4);
  expect(gateway.stderr).toContain('msg="metric family left out of the exposition" family=a type=counter');
  await fetch(`${gateway.url}/metrics/job/j`, { method: "DELETE" });
  expect(await pushed(gateway)).toEqual(['a{instance="",job="k"} 2', 'good{instance="",job="k"} 1']);
  expect(await leftOut(gateway)).toBe(1);
  expect(gateway.stderr).toContain('msg="metric family no longer left out of the exposition" family=a type=counter');
});

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
