import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { Child, type Ended, eventually, firstAbsent, programs, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

/** Targets that units refer to; in a machine of the tests they wait for nothing. */
const TARGETS = ["basic", "default", "multi-user", "network-online", "shutdown", "sockets", "sysinit"];
const SYSTEMD = "/lib/systemd/systemd";

/** Why no machine can be started here, null if one can. */
export async function machineAbsent(): Promise<string | null> {
  if (process.getuid?.() !== 0) return "root, who may make namespaces";
  if (!existsSync(SYSTEMD)) return "systemd";
  const absent = firstAbsent("unshare", "nsenter", "mount", "ip", "systemctl");
  if (absent !== null) return absent;
  const { code } = await run(["unshare", "-mpuinCf", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return code === 0 ? null : "kernel that gives namespaces";
}

/**
 * A systemd with processes, mounts, a loopback network, /etc, /opt, /var/lib and /usr/local of its own, beside the one
 * of the system; all of it ends with it.
 */
export class Machine {
  private constructor(
    private readonly outside: Child,
    private readonly initPid: number,
    private readonly folder: string,
    private readonly cgroup: string,
  ) {}

  /** `binaries` is a folder of programs to be found in /usr/local/bin, `unitFiles` are units as packages bring them. */
  static async start(binaries: string, unitFiles: readonly string[] = []): Promise<Machine> {
    const folder = scratchFolder();
    const units = join(folder, "units");
    mkdirSync(units);
    for (const file of unitFiles) copyFileSync(file, join(units, basename(file)));
    for (const target of TARGETS) writeFileSync(join(units, `${target}.target`), "[Unit]\nDefaultDependencies=no\n");
    const cgroup = join(cgroupRoot(), `pushgateway-test-${process.pid}-${folder.slice(-6)}`);
    mkdirSync(cgroup);
    const script = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"';
    const init = ["sh", join(import.meta.dir, "machine-init.sh"), units, binaries];
    const outside = new Child(["sh", "-c", script, "sh", cgroup, "unshare", "-mpuinCf", "--kill-child=KILL", ...init]);
    try {
      const initPid = await eventually("the machine's systemd runs", async () => systemdBelow(outside));
      const machine = new Machine(outside, initPid, folder, cgroup);
      await eventually(
        "the machine is up",
        async () => (await machine.run("systemctl", "is-active", "default.target")).code === 0,
      );
      return machine;
    } catch (problem) {
      await outside[Symbol.asyncDispose]();
      throw problem;
    }
  }

  /** Runs a program inside, to its end. */
  async run(...words: string[]): Promise<Ended> {
    const inside = ["-t", String(this.initPid), "-m", "-p", "-i", "-u", "-n", "-C"];
    return await run([programs.need("nsenter"), ...inside, "--", ...words], 240_000);
  }

  /** What a program prints; throws where it fails. */
  async output(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words);
    if (code !== 0) throw new Error(`running ${words.join(" ")} in a machine: exit code ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** A property of a unit, as systemctl shows it. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.output("systemctl", "show", "--property", name, "--value", unit)).trim();
  }

  async write(path: string, text: string): Promise<void> {
    await this.output("sh", "-c", 'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"', "sh", path, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.outside.signal("SIGKILL");
    await this.outside[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
    await eventually("its processes are gone", async () => removeCgroup(this.cgroup));
  }
}

/** Where systemd keeps its processes: the one hierarchy of version 2, or its own of version 1. */
function cgroupRoot(): string {
  return existsSync("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/systemd";
}

/** The process that unshare has started, once it is systemd. */
function systemdBelow({ pid, running, stderr }: Child): number | null {
  if (!running) throw new Error(`starting a machine: it ended\n${stderr}`);
  const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
  return child > 0 && readFileSync(`/proc/${child}/comm`, "utf8") === "systemd\n" ? child : null;
}

function removeCgroup(folder: string): boolean {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name));
  rmdirSync(folder);
  return true;
}
