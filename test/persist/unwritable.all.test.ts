import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commandUnderTest, eventually, firstAbsent, Gateway, requirement, run } from "../program.ts";
import { written } from "./gob/written.ts";
import { ask, asNobody, give, kill, Place, permissionObstacle, persistence, refusedStart } from "./place.ts";

const ONLY_ITS_OWNER_WRITES = 0o755;
const EVERYBODY_WRITES = 0o777;

interface Obstacle {
  readonly what: string;
  /** Prepares `file`, a path in a folder below a place that everybody can look into. */
  readonly make: (file: string) => void | Promise<void>;
  readonly mend: (file: string) => void | Promise<void>;
  readonly reason: RegExp;
}

const MODES: readonly { readonly flags: readonly string[] }[] = [
  { flags: [] },
  { flags: ["--persistence.sync=interval", "--persistence.interval=1h"] },
];

function makeFolder(file: string, mode = ONLY_ITS_OWNER_WRITES): void {
  mkdirSync(dirname(file));
  chmodSync(dirname(file), mode);
}

const open = (file: string) => chmodSync(dirname(file), EVERYBODY_WRITES);

const OBSTACLES: readonly Obstacle[] = [
  { what: "a folder of somebody else's", make: makeFolder, mend: open, reason: /may not make files in/ },
  {
    what: "a folder that others may not even look into",
    make: (file) => makeFolder(file, 0o700),
    mend: open,
    reason: /may not make files in/,
  },
  {
    what: "a folder that is not there",
    make: () => {},
    mend: (file) => makeFolder(file, EVERYBODY_WRITES),
    reason: /does not exist: create it/,
  },
  {
    what: "a file in the place of the folder",
    make: (file) => writeFileSync(dirname(file), "notes"),
    mend: (file) => {
      rmSync(dirname(file));
      makeFolder(file, EVERYBODY_WRITES);
    },
    reason: /is not a folder/,
  },
  {
    what: "an empty file of somebody else's",
    make: (file) => {
      makeFolder(file);
      writeFileSync(file, "");
    },
    mend: open,
    reason: /may not make files in/,
  },
  {
    what: "a lock that somebody else left",
    make: (file) => {
      makeFolder(file, EVERYBODY_WRITES);
      writeFileSync(`${file}.lock`, "", { mode: 0o600 });
    },
    mend: (file) => rmSync(`${file}.lock`),
    reason: /may not write .*\.lock/,
  },
  {
    what: "a symbolic link to a place that is not there",
    make: (file) => {
      makeFolder(file, EVERYBODY_WRITES);
      symlinkSync("volume/f.db", file);
    },
    mend: (file) => {
      mkdirSync(join(dirname(file), "volume"));
      chmodSync(join(dirname(file), "volume"), EVERYBODY_WRITES);
    },
    reason: /does not exist: create it/,
  },
];

const blocked = await permissionObstacle();
const others = requirement(blocked);

/** A place whose folder everybody may look into, and a file in a folder of it that is not there yet. */
class Deep extends Place {
  readonly deepFile = join(this.folder, "data", "f.db");

  constructor() {
    super();
    chmodSync(this.folder, ONLY_ITS_OWNER_WRITES);
  }
}

const start = (file: string, flags: readonly string[] = []) =>
  Gateway.start([persistence(file), ...flags], "", "http", asNobody);

const put = (gateway: Gateway, job: string, value: number) =>
  ask(gateway, `/metrics/job/${job}`, { method: "PUT", body: `m ${value}\n` });

/** What a server tells of its persistence file in each of the places where it does. */
async function told(gateway: Gateway) {
  const json: unknown = JSON.parse(String((await ask(gateway, "/api/v1/status")).body));
  return {
    up: await gateway.own("pushgateway_persistence_up"),
    healthy: (await ask(gateway, "/-/healthy")).status,
    ready: (await ask(gateway, "/-/ready")).status,
    status: /"status":"([a-z-]+)"/.exec(JSON.stringify(json).slice(20))?.[1],
    page: String((await ask(gateway, "/")).body).includes("Pushes are not durable"),
  };
}

const MEMORY_ONLY = { up: 0, healthy: 200, ready: 200, status: "memory-only", page: true };
const KEPT = { up: 1, healthy: 200, ready: 200, status: "kept", page: false };
const NOT_KEPT = /level=error .*metrics are not kept.*/g;

const isKept = (gateway: Gateway) =>
  eventually("metrics are kept", async () => (await gateway.own("pushgateway_persistence_up")) === 1);

async function groupsOn(file: string): Promise<string[]> {
  await using gateway = await start(file);
  const lines = (await gateway.lines("m{")).sort();
  await gateway.stop();
  return lines;
}

const line = (job: string, value: number) => `m{instance="",job="${job}"} ${value}`;

/**
 * Serves from memory and says so in one line; once the obstacle is gone everything is kept, what was pushed meanwhile
 * too.
 */
async function outlive({ make, mend, reason }: Obstacle, file: string, flags: readonly string[]): Promise<void> {
  await make(file);
  await using gateway = await start(file, flags);
  for (const job of ["deleted", "changed", "old"]) expect((await put(gateway, job, 1)).status).toBe(200);
  expect((await ask(gateway, "/metrics/job/deleted", { method: "DELETE" })).status).toBe(202);
  expect((await put(gateway, "changed", 2)).status).toBe(200);
  expect(await told(gateway)).toEqual(MEMORY_ONLY);
  const [first, ...others] = gateway.stderr.match(NOT_KEPT) ?? [];
  expect(others).toEqual([]);
  expect(first).toMatch(reason);
  expect(first).toMatch(/ folder=\S+ owner=(\d+:\d+|unknown) mode=(0\d{3}|unknown) user=\d+:\d+ /);
  await mend(file);
  await isKept(gateway);
  expect(await told(gateway)).toEqual(KEPT);
  expect(gateway.stderr).toContain('msg="the persistence file has been made');
  expect((await put(gateway, "new", 3)).status).toBe(200);
  if (flags.length === 0) await kill(gateway);
  else expect(await gateway.stop()).toBe(0);
  expect(await groupsOn(file)).toEqual([line("changed", 2), line("new", 3), line("old", 1)]);
}

describe.skipIf(others.skip)(`where the persistence file cannot be made${others.reason}`, () => {
  test.each(MODES.flatMap(({ flags }) => OBSTACLES.map((obstacle) => ({ ...obstacle, flags }))))(
    "$what: served from memory, said so, and kept once it can be ($flags)",
    async ({ flags, ...obstacle }) => {
      using place = new Deep();
      await outlive(obstacle, place.deepFile, flags);
    },
  );

  test("no folder is made, and with --persistence.required the start ends with 1 and the reason", async () => {
    for (const { make, reason } of OBSTACLES) {
      using place = new Deep();
      await make(place.deepFile);
      const before = existsSync(dirname(place.deepFile));
      const words = [...asNobody, ...commandUnderTest(), "--web.listen-address=127.0.0.1:0"];
      const { code, stderr } = await run([...words, persistence(place.deepFile), "--persistence.required"]);
      expect({ code, errors: stderr.match(/level=error .*/g) }).toEqual({
        code: 1,
        errors: [expect.stringMatching(reason)],
      });
      expect(existsSync(dirname(place.deepFile))).toBe(before);
    }
  });

  test.each([...MODES])(
    "an end while it still cannot be made: one last attempt, status 0 and a warning ($flags)",
    async ({ flags }) => {
      using place = new Deep();
      makeFolder(place.deepFile);
      await using gateway = await start(place.deepFile, flags);
      await put(gateway, "j", 1);
      expect(await gateway.stop()).toBe(0);
      expect(gateway.stderr).toMatch(/level=warn .*nothing was kept.* groups=1/);
      await using other = await start(place.deepFile, flags);
      await put(other, "j", 2);
      open(place.deepFile);
      expect(await other.stop()).toBe(0);
      expect(other.stderr).not.toContain("nothing was kept");
      expect(await groupsOn(place.deepFile)).toEqual([line("j", 2)]);
    },
  );

  const STRANGERS: readonly { what: string; make: (file: string) => Promise<void> }[] = [
    { what: "a text", make: async (file) => writeFileSync(file, "important notes\n") },
    {
      what: "a database of another Pushgateway",
      make: async (file) => {
        await using other = await Gateway.start([persistence(file)]);
        await put(other, "other", 7);
        await other.stop();
      },
    },
    {
      what: "a file of the reference",
      make: async (file) => writeFileSync(file, written("success then failure").gob),
    },
  ];

  test.each([...STRANGERS])("$what that appears meanwhile is never touched", async ({ make }) => {
    using place = new Deep();
    const { deepFile } = place;
    makeFolder(deepFile);
    await using gateway = await start(deepFile);
    await put(gateway, "j", 1);
    await make(deepFile);
    give(deepFile);
    const before = readFileSync(deepFile);
    open(deepFile);
    await eventually("it says so", async () => /err="there is a file now .*left alone/.test(gateway.stderr));
    expect((await put(gateway, "j", 2)).status).toBe(200);
    expect(await told(gateway)).toEqual(MEMORY_ONLY);
    rmSync(`${deepFile}.lock`, { force: true });
    expect(readFileSync(deepFile)).toEqual(before);
    rmSync(deepFile);
    await isKept(gateway);
    await kill(gateway);
    expect(await groupsOn(deepFile)).toEqual([line("j", 2)]);
  });

  test("thousands of groups, pushed to all the while, are all in the file once it could be made", async () => {
    using place = new Deep();
    makeFolder(place.deepFile);
    await using gateway = await start(place.deepFile, ["--web.enable-admin-api"]);
    for (let group = 0; group < 3_000; group += 50)
      await Promise.all(Array.from({ length: 50 }, (_, i) => put(gateway, `g${group + i}`, 1)));
    open(place.deepFile);
    let value = 1;
    await eventually("metrics are kept", async () => {
      value++;
      await Promise.all(Array.from({ length: 50 }, (_, i) => put(gateway, `g${i}`, value)));
      return (await gateway.own("pushgateway_persistence_up")) === 1;
    });
    expect((await put(gateway, "g0", 0)).status).toBe(200);
    await kill(gateway);
    const expected = Array.from({ length: 3_000 }, (_, i) => line(`g${i}`, i === 0 ? 0 : i < 50 ? value : 1));
    expect(await groupsOn(place.deepFile)).toEqual(expected.sort());
  });

  test("a file that is there, but not its folder's to write, is refused as ever", async () => {
    using place = new Deep();
    makeFolder(place.deepFile);
    await using owner = await Gateway.start([persistence(place.deepFile)]);
    await put(owner, "j", 1);
    await owner.stop();
    give(place.deepFile);
    const { code, stderr } = await refusedStart(place.deepFile, asNobody);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/cannot be used.*may not/) });
  });
});

const mounting = requirement(
  blocked ?? (asNobody.length === 0 ? "root, who may mount" : firstAbsent("mount", "umount")),
);

/** Mounts a file system in memory in place of the folder of a file. */
async function mount(file: string, options: string): Promise<void> {
  const { code, stderr } = await run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", dirname(file)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

describe.skipIf(mounting.skip)(`on a file system of its own${mounting.reason}`, () => {
  const FILE_SYSTEMS: readonly Obstacle[] = [
    {
      what: "mounted read-only",
      make: (file) => mount(file, "ro,mode=777"),
      mend: async (file) => void (await run(["mount", "-o", "remount,rw", dirname(file)])),
      reason: /mounted read-only/,
    },
    {
      what: "without room for a first byte",
      make: async (file) => {
        await mount(file, "size=64k,mode=777");
        await run(["dd", "if=/dev/zero", `of=${join(dirname(file), "ballast")}`, "bs=4k", "count=16"]);
      },
      mend: async (file) => {
        await run(["mount", "-o", "remount,size=8m", dirname(file)]);
      },
      reason: /full|no space left/,
    },
    {
      what: "with room for the file, but not for what stands beside it",
      make: async (file) => {
        await mount(file, "size=64k,mode=777");
        await run(["dd", "if=/dev/zero", `of=${join(dirname(file), "ballast")}`, "bs=4k", "count=7"]);
      },
      mend: async (file) => {
        await run(["mount", "-o", "remount,size=8m", dirname(file)]);
      },
      reason: /full|no space left|disk I\/O/,
    },
  ];

  test.each(MODES.flatMap(({ flags }) => FILE_SYSTEMS.map((obstacle) => ({ ...obstacle, flags }))))(
    "$what: served from memory, said so, and kept once it can be ($flags)",
    async ({ flags, ...obstacle }) => {
      using place = new Deep();
      mkdirSync(dirname(place.deepFile));
      try {
        await outlive(obstacle, place.deepFile, flags);
      } finally {
        await run(["umount", dirname(place.deepFile)]);
      }
    },
  );
});
