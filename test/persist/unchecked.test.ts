import { expect, test } from "bun:test";
import { join } from "node:path";
import { Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { PUSHES, UNCHECKED } from "./contradicting.ts";

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
