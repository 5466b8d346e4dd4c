import { describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstAbsentNewer } from "../newer-programs.ts";
import { eventually, Gateway, requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { NatsServers } from "./nats-servers.ts";

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));
const TEAMS = ["a", "b"];
const ALL = ["push", "delete", "scrape", "read"];

function fileOf(teamOf: (name: string) => string): string {
  const principals = TEAMS.map((name) => {
    const hash = new Bun.CryptoHasher("sha256").update(`token-of-${name}`).digest("hex");
    const rights = Object.fromEntries(ALL.map((right) => [right, [`{team="${teamOf(name)}"}`]]));
    return { name, tokens: [hash], rights, limits: { groups: 2 } };
  });
  return JSON.stringify({ principals, anonymous: { health: true } });
}

describe.skipIf(skip)(`replicas with an access file each${reason}`, () => {
  const folder = scratchFolder();
  const ask = async ({ url }: Gateway, name: string, method: string, path: string) => {
    const body = method === "PUT" ? { body: "up 1\n" } : {};
    const headers = { authorization: `Bearer token-of-${name}` };
    const response = await fetch(`${url}/metrics${path}`, { method, headers, ...body });
    return { status: response.status, text: await response.text() };
  };
  const statusOf = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status;
  const groupsOf = async (gateway: Gateway, name: string) =>
    [...(await ask(gateway, name, "GET", "")).text.matchAll(/^up\{.*job="([^"]*)",team="([^"]*)"\}/gm)].map(
      ([, job, team]) => `${job} ${team}`,
    );

  test("take from each what it may push, show it what it may see, and count its quota over all of them", async () => {
    await using engine = await NatsServers.start({ count: 1 });
    const launched = async (file: string) => {
      writeFileSync(
        join(folder, file),
        fileOf((name) => name),
      );
      const flags = [`--cluster.url=${engine.url}`, "--cluster.replicas=1", `--web.access-file=${join(folder, file)}`];
      return Gateway.start(flags);
    };
    await using one = await launched("one.yml");
    await using other = await launched("other.yml");
    expect(await statusOf(one, "a", "PUT", "/job/j1/team/a")).toBe(200);
    expect(await statusOf(other, "b", "PUT", "/job/j1/team/b")).toBe(200);
    expect(await statusOf(one, "b", "PUT", "/job/j2/team/a")).toBe(403);
    expect(await statusOf(other, "b", "DELETE", "/job/j1/team/a")).toBe(403);
    for (const gateway of [one, other])
      for (const name of TEAMS)
        await eventually(`${name} sees his group`, async () => (await groupsOf(gateway, name)).join() === `j1 ${name}`);
    expect(await statusOf(other, "a", "PUT", "/job/j2/team/a")).toBe(200);
    await eventually("both have it", async () => (await groupsOf(one, "a")).length === 2);
    expect(await statusOf(one, "a", "PUT", "/job/j3/team/a")).toBe(507);
    expect(await statusOf(other, "a", "DELETE", "/job/j1/team/a")).toBe(202);
    await eventually("it is gone from both", async () => (await groupsOf(one, "a")).join() === "j2 a");
    expect(await statusOf(one, "a", "PUT", "/job/j3/team/a")).toBe(200);

    const swapped = fileOf((name) => (name === "a" ? "b" : "a"));
    writeFileSync(join(folder, "new.yml"), swapped);
    renameSync(join(folder, "new.yml"), join(folder, "one.yml"));
    await eventually("the first has read it", async () => (await groupsOf(one, "a")).join() === "j1 b");
    expect((await groupsOf(one, "b")).sort()).toEqual(["j2 a", "j3 a"]);
    expect(await statusOf(one, "a", "PUT", "/job/j2/team/a")).toBe(403);
    // Each goes by its own.
    await eventually("the other one has all", async () => (await groupsOf(other, "a")).length === 2);
    expect(await groupsOf(other, "b")).toEqual(["j1 b"]);
    for (const gateway of [one, other]) expect(gateway.stderr).not.toContain("token-of");
  }, 90_000);
});
