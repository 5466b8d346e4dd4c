import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, firstAbsent, Gateway, programs, requirement, run } from "../program.ts";
import { ask, kill, Place, persistence } from "./place.ts";

const DISK_BYTES = 4 << 20;
const METRICS = 300;

/** Why no file system can be mounted here, null if one can. */
async function obstacle(): Promise<string | null> {
  if (process.getuid?.() !== 0) return "root, who may mount";
  if (programs.find("mount") === null) return "mount";
  using place = new Place();
  const { code } = await run(["mount", "-t", "tmpfs", "tmpfs", place.folder]);
  if (code === 0) await run(["umount", place.folder]);
  return code === 0 ? null : "kernel that lets root mount";
}

const disks = requirement(await obstacle());

describe.skipIf(disks.skip)(`on a disk of 4 MiB${disks.reason}`, () => {
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

/** The status and text of a push of one value, and of the health page. */
async function state(gateway: Gateway, value: number) {
  const push = await ask(gateway, "/metrics/job/j", { method: "PUT", body: `m ${value}\n` });
  return { push: push.status, why: String(push.body), healthy: (await ask(gateway, "/-/healthy")).status };
}

const REFUSED = { push: 503, why: expect.stringContaining("could not be made durable"), healthy: 500 };

const { skip, reason: noPrlimit } = requirement(firstAbsent("prlimit"));

describe.skipIf(skip)(`when writing fails${noPrlimit}`, () => {
  test("pushes are answered 503, scrapes go on; once it works again so does everything, and nothing answered is lost", async () => {
    using place = new Place();
    await using gateway = await Gateway.start([persistence(place.file)]);
    const limit = (sizeBytes: string) => run(["prlimit", `--pid=${gateway.pid}`, `--fsize=${sizeBytes}`]);
    expect(await state(gateway, 1)).toEqual({ push: 200, why: "", healthy: 200 });
    expect((await limit("1:unlimited")).code).toBe(0);
    expect(await state(gateway, 2)).toEqual(REFUSED);
    expect((await ask(gateway, "/metrics")).status).toBe(200);
    expect((await limit("unlimited")).code).toBe(0);
    await eventually("a push is answered 200", async () => (await state(gateway, 3)).push === 200);
    expect(await state(gateway, 4)).toEqual({ push: 200, why: "", healthy: 200 });
    await kill(gateway);
    await using again = await Gateway.start([persistence(place.file)]);
    expect(await again.lines("m{")).toEqual(['m{instance="",job="j"} 4']);
  });

  test("with --persistence.sync=interval pushes are accepted meanwhile, and an end without them says so", async () => {
    using place = new Place();
    const flags = [persistence(place.file), "--persistence.sync=interval", "--persistence.interval=100ms"];
    await using gateway = await Gateway.start(flags);
    expect((await run(["prlimit", `--pid=${gateway.pid}`, "--fsize=1:unlimited"])).code).toBe(0);
    expect((await state(gateway, 1)).push).toBe(200);
    await eventually("/-/healthy says 500", async () => (await ask(gateway, "/-/healthy")).status === 500);
    expect((await state(gateway, 2)).push).toBe(200);
    expect(await gateway.stop()).toBe(1);
    expect(gateway.stderr).toContain('msg="changes since the last commit could not be written"');
  });
});

/** Mounts a file system in a file, or says why that cannot be done here. */
async function mountImage(place: Place): Promise<string | null> {
  if (process.getuid?.() !== 0) return "root, who may mount";
  const absentProgram = firstAbsent("mkfs.ext4", "mount");
  if (absentProgram !== null) return absentProgram;
  const image = join(place.folder, "image");
  writeFileSync(image, Buffer.alloc(16 << 20));
  mkdirSync(join(place.folder, "disk"));
  if ((await run(["mkfs.ext4", "-q", image])).code !== 0) return "mkfs.ext4 that works";
  const { code } = await run(["mount", "-o", "loop", image, join(place.folder, "disk")]);
  return code === 0 ? null : "loop device to mount";
}

const probe = new Place();
const noImage = await mountImage(probe);
if (noImage === null) await run(["umount", join(probe.folder, "disk")]);
probe[Symbol.dispose]();

const images = requirement(noImage);

describe.skipIf(images.skip)(`a disk that turns read-only${images.reason}`, () => {
  const place = new Place();
  const disk = join(place.folder, "disk");
  afterAll(async () => {
    await run(["umount", disk]);
    place[Symbol.dispose]();
  });

  test("pushes are answered 503, scrapes go on, and what was answered before is there on the next mount", async () => {
    expect(await mountImage(place)).toBeNull();
    const flags = [persistence(join(disk, "f.db"))];
    await using gateway = await Gateway.start(flags);
    expect(await state(gateway, 1)).toEqual({ push: 200, why: "", healthy: 200 });
    // What the kernel does to a file system with errors: everything that is not written yet is lost.
    expect((await run(["mount", "-o", "remount,abort", disk])).code).toBe(0);
    expect(await state(gateway, 2)).toEqual(REFUSED);
    expect((await ask(gateway, "/metrics")).status).toBe(200);
    await gateway.stop();
    expect((await run(["umount", disk])).code).toBe(0);
    expect((await run(["mount", "-o", "loop", join(place.folder, "image"), disk])).code).toBe(0);
    await using again = await Gateway.start(flags);
    expect(await again.lines("m{")).toEqual(['m{instance="",job="j"} 1']);
    await again.stop();
  });
});
