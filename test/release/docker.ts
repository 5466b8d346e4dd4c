import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, type Ended, eventually, firstAbsent, programs, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const COMMAND_LIMIT_MS = 60_000;

/** What is missing here for a daemon, and for these programs beside it; null if nothing is. */
export function absentForDocker(...beside: string[]): string | null {
  return process.getuid?.() === 0
    ? firstAbsent("docker", "dockerd", ...beside)
    : "root, who may mount and change users";
}

/**
 * A Docker daemon of the tests' own: its data and socket are in a scratch folder, it touches no firewall, bridge or
 * other daemon. Needs root.
 */
export class Docker {
  readonly #daemon: Child;
  readonly #folder: string;
  readonly #socket: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#socket = `unix://${join(folder, "socket")}`;
    const places = ["data-root", "exec-root", "pidfile"].map((name) => `--${name}=${join(folder, name)}`);
    const network = ["--iptables=false", "--ip6tables=false", "--bridge=none"];
    this.#daemon = new Child([programs.need("dockerd"), `--host=${this.#socket}`, ...places, ...network]);
  }

  static async start(): Promise<Docker> {
    const folder = join(scratchFolder(), "docker");
    mkdirSync(folder);
    const docker = new Docker(folder);
    try {
      await eventually(
        "dockerd answers",
        async () => {
          if (!docker.#daemon.running) return true;
          return (await run(docker.command("version"))).code === 0;
        },
        60_000,
      );
      if (!docker.#daemon.running) throw new Error("dockerd ended");
      return docker;
    } catch (problem) {
      await docker[Symbol.asyncDispose]();
      throw new Error(`starting dockerd: ${problem}\n${docker.#daemon.stderr.slice(-4_000)}`);
    }
  }

  /** Runs a docker command to its end, which must be a good one. */
  async run(...words: string[]): Promise<Ended> {
    const ended = await run(this.command(...words), COMMAND_LIMIT_MS);
    if (ended.code !== 0) throw new Error(`docker ${words.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }

  /** The words that run a docker command against this daemon. */
  command(...words: string[]): string[] {
    return ["env", "DOCKER_BUILDKIT=0", programs.need("docker"), `--host=${this.#socket}`, ...words];
  }

  /**
   * A folder for the front of PATH with a `docker` that speaks to this daemon. Containers have no network but that of
   * other containers, so ports are not published.
   */
  path(): string {
    const folder = join(this.#folder, "path");
    mkdirSync(folder, { recursive: true });
    const script = `#!/bin/sh
case "$1 $*" in
  run*--network*) ;;
  run*) shift; set -- run --network=none "$@" ;;
esac
exec ${this.command().join(" ")} "$@"
`;
    writeFileSync(join(folder, "docker"), script, { mode: 0o755 });
    return folder;
  }

  /** Builds an image from a folder and gives it a name. */
  async build(image: string, folder: string): Promise<void> {
    const { code, stdout, stderr } = await run(this.command("build", `--tag=${image}`, folder), 120_000);
    if (code !== 0) throw new Error(`building ${image} from ${folder}: ${stdout}\n${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#daemon.signal("SIGTERM");
    await this.#daemon.ended(30_000);
    await run(["umount", join(this.#folder, "exec-root", "netns", "default")]);
  }
}
