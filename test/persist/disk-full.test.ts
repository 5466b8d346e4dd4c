import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, Gateway, programs, run } from "../program.ts";
import { ask, Place, persistence } from "./place.ts";

setDefaultTimeout(60_000);

const DISK_BYTES = 4 << 20;
const METRICS = 300;

/** Why no file system can be mounted here, null if one can. */
async function obstacle(): Promise<string | null> {
  if (process.getuid?.() !== 0) return "mounting needs root";
  if (programs.find("mount") === null) return "mount is not installed";
  using place = new Place();
  const { code } = await run(["mount", "-t", "tmpfs", "tmpfs", place.folder]);
  if (code === 0) await run(["umount", place.folder]);
  return code === 0 ? null : "the system lets nobody mount";
}

const absent = await obstacle();
const reason = absent === null ? "" : ` (left out: ${absent})`;

describe.skipIf(absent !== null)(`on a disk of 4 MiB${reason}`, () => {
  const place = new Place();
  const file = join(place.folder, "f.db");
  const ballast = join(place.folder, "ballast");
  /** The last answered value of each group. */
  const answered = new Map<string, number>();
  let gateway: Gateway;

  beforeAll(async () => {
    const { code, stderr } = await run(["mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", place.folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    writeFileSync(ballast, Buffer.alloc(DISK_BYTES / 2, "x"));
    gateway = await Gateway.start([persistence(file)]);
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await run(["umount", place.folder]);
    place[Symbol.dispose]();
  });

  async function push(group: string, value: number) {
    const body = Array.from({ length: METRICS }, (_, part) => `filling{part="${part}"} ${value}\n`).join("");
    const answer = await ask(gateway, `/metrics/job/full/instance/${group}`, { method: "PUT", body });
    if (answer.status === 200) answered.set(group, value);
    return answer;
  }

  /** The values of the first metric of each group. */
  async function held(): Promise<Map<string, number>> {
    const lines = await gateway.lines('part="0"');
    return new Map(
      lines.map((line) => {
        const [, group = "", value] = /instance="(\w+)".*\} (\S+)$/.exec(line) ?? [];
        return [group, Number(value)];
      }),
    );
  }

  test("a full disk: pushes are answered 503 with the reason, scrapes go on, /-/healthy says 500", async () => {
    let refusal = null;
    for (let group = 0; refusal === null && group < 1_000; group++) {
      const answer = await push(`g${group}`, group);
      if (answer.status !== 200) refusal = { status: answer.status, reason: String(answer.body) };
    }
    expect(refusal).toEqual({ status: 503, reason: expect.stringMatching(/full/) });
    expect(answered.size).toBeGreaterThan(0);
    await eventually("/-/healthy says 500", async () => (await ask(gateway, "/-/healthy")).status === 500);
    expect((await ask(gateway, "/-/ready")).status).toBeOneOf([200, 503]);
    const values = await held();
    for (const [group, value] of answered) expect([group, values.get(group)]).toEqual([group, value]);
    expect((await push("g0", -1)).status).toBe(503);
  });

  test("when there is room again pushes are answered 200 by themselves and /-/healthy says 200", async () => {
    rmSync(ballast);
    await eventually("a push is answered 200", async () => (await push("g1", 5_000)).status === 200, 10_000);
    await eventually("/-/healthy says 200", async () => (await ask(gateway, "/-/healthy")).status === 200);
    for (const group of [...answered.keys()]) expect([group, (await push(group, 6_000)).status]).toEqual([group, 200]);
  });

  test("after a kill and a restart the last answered values are there", async () => {
    gateway.signal("SIGKILL");
    await gateway[Symbol.asyncDispose]();
    gateway = await Gateway.start([persistence(file)]);
    const values = await held();
    for (const [group, value] of answered) expect([group, values.get(group)]).toEqual([group, value]);
  });
});
