import { expect, test } from "bun:test";
import { join } from "node:path";
import { eventually, Gateway } from "../program.ts";
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

test("each push with a key is added once, though its server is killed again and again and it is sent until it is answered", async () => {
  const file = join(scratchFolder(), "file");
  const writers = Array.from({ length: WRITERS }, (_, writer) => new Writer(writer));
  for (let killed = 0; killed < KILLS; killed++) {
    await using gateway = await Gateway.start([`--persistence.file=${file}`]);
    const until = (killed + 1) * PUSHES_A_KILL;
    const writing = writers.map((writer) => writer.write(gateway));
    await eventually("some pushes were answered", async () => answered(writers) >= until);
    gateway.signal("SIGKILL");
    await Promise.all(writing);
  }
  await using gateway = await Gateway.start([`--persistence.file=${file}`]);
  for (const writer of writers) {
    // What it was not answered, and then all of its last ones once more.
    await writer.add(gateway, writer.next);
    for (let number = Math.max(0, writer.next - 20); number < writer.next; number++) await writer.add(gateway, number);
  }
  const count = answered(writers) + WRITERS;
  expect((await lines(gateway)).slice(0, 1)).toEqual([`c{instance="",job="j"} ${count}`]);
});

const WRITERS = 4;
const KILLS = 4;
const PUSHES_A_KILL = 100;

/** Sends one push after the other, each with a key of its own, until one is not answered. */
class Writer {
  /** The push that is to be sent next, or again. */
  next = 0;

  constructor(private readonly writer: number) {}

  async write(gateway: Gateway): Promise<void> {
    try {
      for (;;) {
        await this.add(gateway, this.next);
        this.next++;
      }
    } catch {}
  }

  async add({ url }: Gateway, number: number): Promise<void> {
    const headers = { "Idempotency-Key": `${this.writer}-${number}` };
    const answer = await fetch(`${url}/metrics/job/j?aggregate=sum`, { method: "POST", body: BODY, headers });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  }
}

const answered = (writers: readonly Writer[]): number => writers.reduce((sum, { next }) => sum + next, 0);
