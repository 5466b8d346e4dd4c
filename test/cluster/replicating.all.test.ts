import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { firstAbsentNewer } from "../newer-programs.ts";
import { eventually, Gateway, requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { NatsServers } from "./nats-servers.ts";

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));

const push = (url: string, path: string, body: string) => fetch(`${url}/metrics${path}`, { method: "PUT", body });

/** All lines that were pushed, sorted. */
async function pushedTo({ url }: Gateway): Promise<string[]> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split("\n");
  return lines.filter((line) => /[{,]job="/.test(line)).sort();
}

/** Waits until both show the same, and gives that. */
const alike = (one: Gateway, other: Gateway): Promise<string[]> =>
  eventually("both show the same", async () => {
    const [first, second] = await Promise.all([pushedTo(one), pushedTo(other)]);
    return first.length > 0 && first.join("\n") === second.join("\n") ? first : null;
  });

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

describe.skipIf(skip)(`replicas over three nats-servers${reason}`, () => {
  test("show the same, whichever was pushed to, push times as well", async () => {
    await using engine = await NatsServers.start();
    const flags = [`--cluster.url=${engine.url}`];
    await using one = await Gateway.start(flags);
    await using other = await Gateway.start(flags);
    const large = Array.from({ length: 5000 }, (_, i) => `large{i="${i}"} ${i}\n`).join("");
    const pushes = Array.from({ length: 300 }, (_, i) =>
      push((i % 2 === 0 ? one : other).url, `/job/j${i % 40}`, i % 50 === 0 ? large : `a ${i}\nb{i="${i % 7}"} 1\n`),
    );
    const statuses = (await Promise.all(pushes)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await alike(one, other)).toContainEqual(expect.stringContaining("push_time_seconds"));
  });

  test("keep what the cluster has in a file, which is shown without the engine, and fills another one", async () => {
    const flags = (engine: NatsServers, file: string) => [
      `--cluster.url=${engine.url}`,
      "--cluster.replicas=1",
      `--persistence.file=${file}`,
    ];
    const folder = scratchFolder();
    await using engine = await NatsServers.start({ count: 1 });
    await using other = await Gateway.start(flags(engine, join(folder, "other")));
    {
      await using one = await Gateway.start(flags(engine, join(folder, "one")));
      for (let i = 0; i < 20; i++) expect((await push(one.url, `/job/j${i}`, `a ${i}\n`)).status).toBe(200);
      await alike(one, other);
      await fetch(`${one.url}/metrics/job/j0`, { method: "DELETE" });
      await eventually("the other one has it, too", async () => (await pushedTo(other)).length === 57);
    }
    const kept = await pushedTo(other);
    await engine[Symbol.asyncDispose]();
    {
      await using alone = await Gateway.launch(flags(engine, join(folder, "one")), "", "http");
      await eventually("it shows what its file has", async () => (await statusOf(`${alone.url}/metrics`)) === 200);
      expect(await pushedTo(alone)).toEqual(kept);
      expect((await push(alone.url, "/job/new", "a 1\n")).status).toBe(503);
      expect(await statusOf(`${alone.url}/-/ready`)).toBe(503);
      expect(await statusOf(`${alone.url}/-/healthy`)).toBe(200);
    }
    await using another = await NatsServers.start({ count: 1 });
    await using filling = await Gateway.start(flags(another, join(folder, "one")));
    await using filled = await Gateway.start(flags(another, join(folder, "third")));
    expect(await alike(filling, filled)).toEqual(kept);
  });
});

test("a server without --cluster.url has no thread for it, and no connection", async () => {
  await using gateway = await Gateway.start();
  const threads = readdirSync(`/proc/${gateway.pid}/task`).length;
  await using engine = skip ? null : await NatsServers.start({ count: 1 });
  if (engine === null) return;
  await using replica = await Gateway.start([`--cluster.url=${engine.url}`, "--cluster.replicas=1"]);
  expect(readdirSync(`/proc/${replica.pid}/task`).length).toBeGreaterThan(threads);
});
