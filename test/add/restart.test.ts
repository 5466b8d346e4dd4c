import { expect, test } from "bun:test";
import { join } from "node:path";
import { Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const BODY = '# TYPE c counter\nc 1\n# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n';

async function add({ url }: Gateway): Promise<void> {
  const answer = await fetch(`${url}/metrics/job/j?aggregate=sum`, { method: "POST", body: BODY });
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
}

async function lines({ url }: Gateway): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics/job/j`)).text();
  return text.split("\n").filter((line) => /^[ch]/.test(line));
}

test("sums that were acknowledged are there after a kill, and are added to", async () => {
  const file = join(scratchFolder(), "file");
  for (const killed of [0, 1, 2]) {
    await using gateway = await Gateway.start([`--persistence.file=${file}`]);
    for (let i = 0; i < 20; i++) await add(gateway);
    const count = 20 * (killed + 1);
    expect(await lines(gateway)).toEqual([
      `c{instance="",job="j"} ${count}`,
      `h_bucket{instance="",job="j",le="+Inf"} ${2 * count}`,
      `h_sum{instance="",job="j"} ${3 * count}`,
      `h_count{instance="",job="j"} ${2 * count}`,
    ]);
    gateway.signal("SIGKILL");
  }
});
