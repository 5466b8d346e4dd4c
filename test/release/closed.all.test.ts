import { describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Child, eventually, firstAbsent, freePort, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Connection } from "../wire.ts";
import { hostile, hostileLibrary, inHostileRoot, inRoot } from "./places.ts";
import { buildNeeds, plainProgram, theProbe, theRelease } from "./release.ts";

const { skip, reason } = requirement(buildNeeds);
const root = requirement(
  buildNeeds ?? (process.getuid?.() === 0 ? firstAbsent("chroot", "mount") : "root, who may mount and change users"),
);

/**
 * Variables that change what a program of Bun or glibc does, told by `--version`; FILE is a file that writes to stderr.
 */
const ESCAPES = [
  { what: "become the bun command", settings: ["BUN_BE_BUN=1"] },
  { what: "load a script first", settings: ["BUN_OPTIONS=--preload=FILE"] },
  { what: "write a profile", settings: ["BUN_OPTIONS=--cpu-prof"] },
  { what: "write its bytecode's order", settings: ["BUN_BYTECODE_ORDER_OUT=order"] },
  { what: "take options of its engine", settings: ["BUN_JSC_dumpOptions=1"] },
  { what: "take options of its allocator", settings: ["MIMALLOC_VERBOSE=1"] },
  { what: "take options of its allocator in letters of any case", settings: ["MiMalloc_verbose=1"] },
  { what: "list its libraries", settings: ["LD_TRACE_LOADED_OBJECTS=1"] },
  { what: "tell what ld.so does", settings: ["LD_DEBUG=libs"] },
  { what: "load a library", settings: hostile(skip ? "/nowhere" : hostileLibrary()).slice(1) },
];

/** All that `--version` does with these variables. */
async function behaviour(binary: string, settings: readonly string[]) {
  const folder = scratchFolder();
  const script = join(scratchFolder(), "script.js");
  writeFileSync(script, "console.error('a foreign script runs')");
  const words = ["env", `--chdir=${folder}`, ...settings.map((setting) => setting.replace("FILE", script))];
  const { code, stdout, stderr } = await run([...words, binary, "--version"]);
  return { code, stdout, stderr: stderr.replaceAll(/\d+/g, "N"), files: readdirSync(folder) };
}

describe.skipIf(skip)(`what the environment cannot do${reason}`, () => {
  test.each(ESCAPES)("it cannot make the program $what, as it can make one of Bun", async ({ settings }) => {
    const [binary, plain] = [(await theRelease()).binary, await plainProgram()];
    expect(await behaviour(binary, settings)).toEqual(await behaviour(binary, []));
    expect(await behaviour(plain, settings)).not.toEqual(await behaviour(plain, []));
  });

  test("it cannot open a debugger's port, as it can with a program of Bun", async () => {
    for (const [binary, opens] of [
      [(await theRelease()).binary, false],
      [await plainProgram(), true],
    ] as const) {
      const [port, debuggerPort] = [await freePort(), await freePort()];
      const settings = [
        `BUN_INSPECT=ws://127.0.0.1:${debuggerPort}/x`,
        `NODE_OPTIONS=--inspect=127.0.0.1:${debuggerPort}`,
      ];
      await using server = new Child(["env", ...settings, binary, `--web.listen-address=127.0.0.1:${port}`]);
      await eventually("the server answers", async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
      expect(await accepts(debuggerPort)).toBe(opens);
      server.signal("SIGTERM");
      await server.ended();
    }
  });

  test("SIGUSR1, with which a debugger is asked for elsewhere, opens no port: the program goes on as it was", async () => {
    const port = await freePort();
    await using server = new Child([(await theRelease()).binary, `--web.listen-address=127.0.0.1:${port}`]);
    const answers = async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok;
    await eventually("the server answers", answers);
    const sockets = listeningSockets(server.pid);
    server.signal("SIGUSR1");
    expect(await answers()).toBe(true);
    expect(listeningSockets(server.pid)).toEqual(sockets);
  });

  test.each(["bun", "bunx", "node"])("a link of the name %s is the program all the same", async (name) => {
    const link = join(scratchFolder(), name);
    symlinkSync((await theRelease()).binary, link);
    expect((await run([link, "--version"])).stdout).toStartWith("pushgateway, version ");
    expect((await run([link, "-e", "1"])).stderr).toContain("unknown short flag '-e'");
  });

  test("no file in its working directory gives it settings or scripts", async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, "script.ts"), "console.error('a foreign script runs')");
    writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./script.ts"]\n');
    writeFileSync(join(folder, ".env"), "BUN_OPTIONS=--preload=./script.ts\nBUN_BE_BUN=1\n");
    writeFileSync(join(folder, "package.json"), "{ broken");
    writeFileSync(join(folder, "tsconfig.json"), "{ broken");
    mkdirSync(join(folder, "node_modules"));
    const { code, stdout, stderr } = await run(["env", `--chdir=${folder}`, (await theRelease()).binary, "--version"]);
    expect(stdout).toStartWith("pushgateway, version ");
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("of all variables that the runtime's code names under its own prefixes, none is seen by the program", async () => {
    const { static: probe, plain } = await theProbe();
    const names = new Set(
      readFileSync(plain)
        .toString("latin1")
        .match(/\b(?:BUN|NODE|JSC|MIMALLOC|LD|MALLOC)_[A-Z0-9_]+\b/g),
    );
    expect(names.size).toBeGreaterThan(100);
    const settings = ["KEPT=1", ...[...names].map((name) => `${name}=1`), "GLIBC_TUNABLES=x", "LAST=1"];
    const { stdout } = await run(["env", "--ignore-environment", ...settings, probe]);
    expect(JSON.parse(stdout).environment).toEqual(["KEPT", "LAST"]);
  });
});

async function accepts(port: number): Promise<boolean> {
  try {
    using connection = await Connection.open(port);
    connection.close();
    return true;
  } catch {
    return false;
  }
}

/** What the runtime can do in each place, as the probe tells it. */
const ABILITIES = {
  libc: true,
  localhost: "served",
  thread: "from a thread",
  database: { product: 42 },
  bcrypt: true,
  zone: "Thu Jan 01 1970 01:00:00 GMT+0100 (Central European Standard Time)",
};

describe.skipIf(root.skip)(`what the runtime can do in a root of its own${root.reason}`, () => {
  test("in an empty one: libc's functions, threads, SQLite, bcrypt, time zones and localhost; no library but the bundle's", async () => {
    await using place = await inRoot((await theProbe()).static);
    const { stdout } = await run(["env", "TZ=Europe/Berlin", ...place.command()]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject(ABILITIES);
    expect(report.foreignLibrary).toContain("cannot open shared object file");
  });

  test("in a hostile one: host names are looked up without the libraries that it names", async () => {
    await using place = await inHostileRoot((await theProbe()).static);
    const { stdout } = await run(["env", "TZ=Europe/Berlin", ...place.command("here")]);
    expect(JSON.parse(stdout)).toMatchObject({ ...ABILITIES, address: "127.0.0.1" });
  });

  test("without /proc the program says so and ends with status 1", async () => {
    await using place = await inRoot((await theRelease()).binary);
    await run(["umount", join(place.command()[1] ?? "", "proc")]);
    const { code, stdout, stderr } = await run(place.command("--version"));
    expect(stderr).toBe(
      "pushgateway: error: /proc is not mounted, and the program cannot run without it: mount -t proc proc /proc\n",
    );
    expect([code, stdout]).toEqual([1, ""]);
    expect(existsSync("/proc/self/maps")).toBe(true);
  });
});

/** The sockets that a process has open, by the kernel's numbers, as far as they listen. */
function listeningSockets(pid: number): string[] {
  const listening = ["tcp", "tcp6"]
    .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, "latin1").split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === "0A")
    .map((fields) => `socket:[${fields[9]}]`);
  const folder = `/proc/${pid}/fd`;
  const open = readdirSync(folder).map((fd) => linkOf(join(folder, fd)));
  return listening.filter((socket) => open.includes(socket)).sort();
}

/** What a link leads to; "" where it is gone meanwhile. */
function linkOf(path: string): string {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? "" : readlinkSync(path);
}
