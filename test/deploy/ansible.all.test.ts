import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Child, type Ended, eventually, firstAbsent, programs, requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Machine, machineAbsent } from "./machine.ts";
import { binaryUnderTest, makeRelease, type Release, releaseUnderTest, tarballName } from "./release.ts";

setDefaultTimeout(600_000);

const DEPLOY = join(import.meta.dir, "../../deploy");
const UNIT = "pushgateway.service";

const Status = Type.Object({ data: Type.Object({ flags: Type.Record(Type.String(), Type.String()) }) });

const lint = requirement(firstAbsent("ansible-lint"));

describe.skipIf(lint.skip)(`deploy/ansible${lint.reason}`, () => {
  test("ansible-lint has nothing to say in its strictest profile", async () => {
    const playbooks = ["pushgateway.yaml", "pushgateway_leave.yaml", "service_deploy.yaml", "service_rollback.yaml"];
    const files = [...playbooks, "roles/pushgateway"];
    const words = [programs.need("ansible-lint"), "--offline", "--nocolor", "--profile=production", ...files];
    await using child = new Child(words, { cwd: join(DEPLOY, "ansible") });
    const { code, stdout, stderr } = await child.ended(120_000);
    expect(stdout + stderr).toMatch(/Passed with production profile: 0 failure\(s\), 0 warning\(s\) on 2\d files/);
    expect(code).toBe(0);
  });
});

/** What a run of a playbook did. */
interface Played extends Ended {
  readonly changed: number;
}

/** A machine without pushgateway, two releases of it, and a copy of deploy/ to play from. */
class Site {
  private constructor(
    readonly folder: string,
    readonly machine: Machine,
    readonly now: Release,
    readonly next: Release,
  ) {}

  static async make(): Promise<Site> {
    const folder = scratchFolder();
    for (const name of ["dist", "home"]) mkdirSync(join(folder, name));
    await binaryUnderTest(join(folder, "bin"), "program");
    const command = "/usr/local/bin/program";
    const now = await releaseUnderTest(join(folder, "dist"), command);
    const next = await makeRelease(join(folder, "dist"), "99.0.0", command);
    cpSync(DEPLOY, join(folder, "deploy"), { recursive: true, verbatimSymlinks: true });
    return new Site(folder, await Machine.start(join(folder, "bin")), now, next);
  }

  /** Plays a playbook of deploy/ansible inside the machine. */
  async play(playbook: string, ...words: string[]): Promise<Played> {
    const environment = [`HOME=${this.folder}/home`, "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3", "LC_ALL=C.UTF-8"];
    const command = [programs.need("ansible-playbook"), "-i", `${this.folder}/deploy/ansible/host_file`];
    const file = `${this.folder}/deploy/ansible/${playbook}`;
    const ended = await this.machine.run("env", ...environment, ...command, file, ...words);
    return { ...ended, changed: Number(/ changed=(\d+) /.exec(ended.stdout)?.[1] ?? Number.NaN) };
  }

  /** As `play`; throws where it fails. How many tasks changed something. */
  async changes(playbook: string, ...words: string[]): Promise<number> {
    const { code, changed, stdout, stderr } = await this.play(playbook, ...words);
    if (code !== 0) throw new Error(`playing ${playbook} ${words.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
    return changed;
  }

  async exists(path: string): Promise<boolean> {
    return (await this.machine.run("test", "-e", path)).code === 0;
  }

  /** The SHA-256 of an installed program. */
  async programSha256(path: string): Promise<string | undefined> {
    return (await this.machine.output("sha256sum", path)).split(" ")[0];
  }

  /** From now on each start of the service leaves a line, for `starts`: the last of the drop-ins has it. */
  async countStarts(): Promise<void> {
    const text = "[Service]\nExecStartPre=+/bin/sh -c 'echo start >> /run/starts'\n";
    await this.machine.write(`/etc/systemd/system/${UNIT}.d/zz-count.conf`, text);
  }

  async starts(): Promise<number> {
    return (await this.machine.output("cat", "/run/starts")).split("\n").length - 1;
  }

  async push(line: string): Promise<void> {
    await this.machine.output("curl", "-sSf", "--data-binary", `${line}\n`, "http://127.0.0.1:9091/metrics/job/j");
  }

  /** Starts Debian's Pushgateway as the role's user, in a unit of its own. */
  async startDebians(file: string): Promise<void> {
    const program = `${programs.need("prometheus-pushgateway")} --persistence.file=${file}`;
    await this.machine.write(
      "/etc/systemd/system/debians.service",
      `[Service]\nUser=pushgateway\nExecStart=${program}\n`,
    );
    await this.machine.output("systemctl", "daemon-reload");
    await this.machine.output("systemctl", "start", "debians");
    await eventually("Debian's is ready", async () => (await this.get("/-/ready")) === "OK");
  }

  async stopDebians(): Promise<void> {
    await this.machine.output("systemctl", "stop", "debians");
  }

  async pid(): Promise<string> {
    return await this.machine.property(UNIT, "MainPID");
  }

  async get(path: string): Promise<string> {
    return await this.machine.output("curl", "-sSfm10", `http://127.0.0.1:9091${path}`);
  }

  /** Of the answer to somebody who says to be `user:password`. */
  async status(credentials: string): Promise<string> {
    const words = ["-sm10", "-o/dev/null", "-w%{http_code}", "-u", credentials];
    return await this.machine.output("curl", ...words, "http://127.0.0.1:9091/metrics");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const { skip, reason } = requirement(
  (await machineAbsent()) ?? firstAbsent("ansible-playbook", "prometheus-pushgateway", "tar", "gzip", "curl"),
);

describe.skipIf(skip)(`the role pushgateway on a machine with systemd${reason}`, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.make();
  });
  afterAll(async () => await site?.[Symbol.asyncDispose]());

  const PROGRAM = "/usr/local/bin/pushgateway";
  const play = (release: Release, ...words: string[]) =>
    site.changes("pushgateway.yaml", "-e", `pushgateway_version=${release.version}`, ...words);

  async function flags(): Promise<Record<string, string>> {
    return Value.Parse(Status, JSON.parse(await site.get("/api/v1/status"))).data.flags;
  }

  test("check mode on a bare machine passes and installs nothing", async () => {
    expect(await play(site.now, "--check", "--diff")).toBeGreaterThan(3);
    for (const path of [PROGRAM, `/etc/systemd/system/${UNIT}`, "/etc/pushgateway"])
      expect(await site.exists(path)).toBe(false);
  });

  test("the first run starts it, once, and it serves as the role's user", async () => {
    await site.countStarts();
    expect(await play(site.now)).toBeGreaterThan(3);
    expect(await site.starts()).toBe(1);
    expect(await site.programSha256(PROGRAM)).toBe(site.now.programSha256);
    expect(await site.get("/metrics")).toContain("pushgateway_build_info");
    expect(await site.machine.output("stat", "-c", "%U %a", "/var/lib/pushgateway")).toBe("pushgateway 700\n");
    expect(await site.machine.property(UNIT, "UnitFileState")).toBe("enabled");
  });

  test("a second run changes nothing and restarts nothing", async () => {
    const pid = await site.pid();
    expect(await play(site.now)).toBe(0);
    expect(await site.pid()).toBe(pid);
  });

  test("a new version comes with a restart, keeps what was pushed, and the one before is a run away", async () => {
    await site.push("kept 1");
    for (const release of [site.next, site.now]) {
      const pid = await site.pid();
      expect(await play(release)).toBeGreaterThan(0);
      expect(await site.programSha256(PROGRAM)).toBe(release.programSha256);
      expect(await site.pid()).not.toBe(pid);
      expect(await site.get("/metrics")).toContain('kept{instance="",job="j"} 1\n');
    }
  });

  test("every variable of the settings reaches the command line, whatever is in it", async () => {
    const variables = {
      pushgateway_web_listen_address: ["127.0.0.1:9091", "127.0.0.1:9092"],
      pushgateway_web_telemetry_path: "/all metrics",
      pushgateway_web_external_url: 'https://proxy.example/$HOME/100%25/"pg"',
      pushgateway_config_flags_extra: ["--log.format=json", "--web.route-prefix=/", "--web.enable-admin-api"],
    };
    expect(await play(site.now, "-e", JSON.stringify(variables))).toBeGreaterThan(0);
    const given = await flags();
    expect(given).toMatchObject({
      "log.format": "json",
      "persistence.file": "/var/lib/pushgateway/metrics.db",
      "web.enable-admin-api": "true",
      "web.listen-address": "127.0.0.1:9091,127.0.0.1:9092",
      "web.telemetry-path": "/all metrics",
    });
    expect(given["web.external-url"]).toMatch(/^https:\/\/proxy\.example\/\$HOME\/100%25\/("|%22)pg("|%22)$/);
  });

  test("a persistence file among the extra flags takes the place of the role's", async () => {
    await play(site.now, "-e", JSON.stringify({ pushgateway_config_flags_extra: ["--persistence.file="] }));
    expect((await flags())["persistence.file"]).toBe("");
  });

  test("users get in with their passwords, of which the web-config file has hashes only; a second run changes nothing", async () => {
    const hash = await Bun.password.hash("known", { algorithm: "bcrypt", cost: 4 });
    const variables = JSON.stringify({
      pushgateway_basic_auth_users: { plain: 'se"cret', hashed: hash },
      pushgateway_http_server_config: { http2: false },
    });
    expect(await play(site.now, "-e", variables)).toBeGreaterThan(0);
    expect(await site.status("plain:other")).toBe("401");
    expect(await site.status('plain:se"cret')).toBe("200");
    expect(await site.status("hashed:known")).toBe("200");
    const path = "/etc/pushgateway/web_config.yml";
    expect(await site.machine.output("cat", path)).not.toContain("cret");
    expect(await site.machine.output("stat", "-c", "%U:%G %a", path)).toBe("root:pushgateway 640\n");
    expect(await play(site.now, "-e", variables)).toBe(0);
  });

  test("a version of the Go Pushgateway is refused, with what to do instead, and what is installed stays", async () => {
    const pid = await site.pid();
    const { code, stdout } = await site.play("pushgateway.yaml", "-e", "pushgateway_version=1.11.2");
    expect(stdout).toContain("pushgateway_leave.yaml takes this one away");
    expect(code).toBe(2);
    expect(await site.pid()).toBe(pid);
  });

  test("what it leaves is read by Debian's Pushgateway, and taken over again by the next run", async () => {
    await play(site.now);
    await site.push("kept 2");
    for (let round = 3; round < 5; round++) {
      expect(await site.changes("pushgateway_leave.yaml")).toBeGreaterThan(2);
      if (round === 3) expect(await site.changes("pushgateway_leave.yaml")).toBe(0);
      await site.startDebians("/var/lib/pushgateway/metrics.db");
      expect(await site.get("/metrics")).toContain(`kept{instance="",job="j"} ${round - 1}\n`);
      await site.push(`kept ${round}`);
      await site.stopDebians();
      expect(await play(site.now)).toBeGreaterThan(2);
      expect(await site.get("/metrics")).toContain(`kept{instance="",job="j"} ${round}\n`);
    }
  });

  test("a tarball that is not the one of the checksums is refused, and what is installed stays", async () => {
    writeFileSync(join(site.folder, "dist", tarballName(site.next.version)), "something else");
    rmSync(join(site.folder, "home/.cache"), { recursive: true });
    const { code, stdout } = await site.play("pushgateway.yaml", "-e", `pushgateway_version=${site.next.version}`);
    expect(stdout).toContain("checksum");
    expect(code).toBe(2);
    expect(await site.programSha256(PROGRAM)).toBe(site.now.programSha256);
  });
});

describe.skipIf(skip)(`service_deploy.yaml on a machine with systemd${reason}`, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.make();
  });
  afterAll(async () => await site?.[Symbol.asyncDispose]());

  const PROGRAM = "/opt/app/pushgateway/pushgateway";
  const of = (release: Release) => ["-e", `tgz=${tarballName(release.version)}`, "-e", "app=pushgateway"];
  const backTo = (release: string) => ["-e", "app=pushgateway", "-e", `release=${release}`];

  test("check mode on a bare machine passes and installs nothing", async () => {
    expect(await site.changes("service_deploy.yaml", "--check", ...of(site.now))).toBeGreaterThan(3);
    expect(await site.machine.output("ls", "/opt", "/etc/systemd/system")).toBe("/etc/systemd/system:\n\n/opt:\n");
  });

  test("the first run serves from /opt/app/pushgateway and starts it once, the second changes nothing", async () => {
    await site.countStarts();
    expect(await site.changes("service_deploy.yaml", ...of(site.now))).toBeGreaterThan(3);
    expect(await site.starts()).toBe(1);
    expect(await site.get("/metrics")).toContain("pushgateway_build_info");
    expect(await site.machine.property(UNIT, "ExecStart")).toContain(`path=${PROGRAM} `);
    const pid = await site.pid();
    expect(await site.changes("service_deploy.yaml", ...of(site.now))).toBe(0);
    expect(await site.pid()).toBe(pid);
  });

  test("another release runs after a deployment of it, and the one before after a rollback", async () => {
    const [first, back] = [await site.pid(), backTo(`pushgateway-${site.now.version}.linux-amd64`)];
    expect(await site.changes("service_deploy.yaml", ...of(site.next))).toBeGreaterThan(0);
    const second = await site.pid();
    expect(await site.programSha256(PROGRAM)).toBe(site.next.programSha256);
    expect(await site.changes("service_rollback.yaml", ...back)).toBeGreaterThan(0);
    expect(await site.programSha256(PROGRAM)).toBe(site.now.programSha256);
    expect(new Set([first, second, await site.pid()]).size).toBe(3);
    expect(await site.changes("service_rollback.yaml", ...back)).toBe(0);
  });

  test("a release that is not on the host cannot be gone back to", async () => {
    const { code, stdout } = await site.play("service_rollback.yaml", ...backTo("none"));
    expect(stdout).toContain("there is no /opt/app/pushgateway/releases/none");
    expect(code).toBe(2);
  });

  test("going back to the Go Pushgateway hands it the metrics, and so does going forward again, more than once", async () => {
    const go = await makeRelease(join(site.folder, "dist"), "1.5.1", programs.need("prometheus-pushgateway"));
    const [forth, back] = [site.now, go].map(({ version }) => backTo(`pushgateway-${version}.linux-amd64`));
    await site.push("kept 0");
    expect(await site.changes("service_deploy.yaml", ...of(go))).toBeGreaterThan(3);
    for (let round = 0; round < 2; round++) {
      if (round > 0) expect(await site.changes("service_rollback.yaml", ...(back ?? []))).toBeGreaterThan(3);
      await eventually("the Go Pushgateway is ready", async () => (await site.get("/-/ready")) === "OK");
      expect(await site.get("/metrics")).toContain("go_goroutines");
      expect(await site.get("/metrics")).toContain(`kept{instance="",job="j"} ${round}\n`);
      await site.push(`kept ${round + 1}`);
      expect(await site.changes("service_rollback.yaml", ...(forth ?? []))).toBeGreaterThan(1);
      expect(await site.get("/metrics")).not.toContain("go_goroutines");
      expect(await site.get("/metrics")).toContain(`kept{instance="",job="j"} ${round + 1}\n`);
    }
  });

  test("a tarball without its checksum is deployed with a warning, one that is not that of a checksum is refused", async () => {
    rmSync(join(site.folder, "dist/sha256sums.txt"));
    const told = ["-e", `sha256=${site.now.sha256}`];
    const { code, stdout } = await site.play("service_deploy.yaml", ...of(site.next), ...told);
    expect(stdout).toContain(`is ${site.next.sha256}, expected ${site.now.sha256}`);
    expect(code).toBe(2);
    expect(await site.programSha256(PROGRAM)).toBe(site.now.programSha256);
    const unchecked = await site.play("service_deploy.yaml", ...of(site.next));
    expect(unchecked.stdout).toMatch(/WARNING: \S+ is taken unchecked/);
    expect([unchecked.code, unchecked.changed > 0]).toEqual([0, true]);
    expect(await site.programSha256(PROGRAM)).toBe(site.next.programSha256);
  });

  test("the line of older guides works from deploy/ansible, whatever the folder in the tarball is named", async () => {
    const [from, to] = [site.now, "1.4.0"].map((release) =>
      tarballName(typeof release === "string" ? release : release.version),
    );
    renameSync(join(site.folder, "dist", from ?? ""), join(site.folder, "dist", to ?? ""));
    const line = `ansible-playbook -i host_file service_deploy.yaml -e "tgz=${to}" -e "app=pushgateway"`;
    const script = `cd ${site.folder}/deploy/ansible && HOME=${site.folder}/home LC_ALL=C.UTF-8 ${line}`;
    expect(await site.machine.output("sh", "-c", script)).toContain("failed=0");
    expect(await site.programSha256(PROGRAM)).toBe(site.now.programSha256);
    expect(await site.get("/metrics")).toContain("pushgateway_build_info");
    expect(await site.machine.output("sh", "-c", script)).toContain("changed=0");
  });

  test("a unit of one's own in local_path is used as it is", async () => {
    const unit = `[Service]\nType=simple\nDynamicUser=yes\nExecStart=${PROGRAM} --web.enable-lifecycle\n`;
    await site.machine.write("/opt/tgzs/pushgateway.service", `${unit}[Install]\nWantedBy=default.target\n`);
    expect(await site.changes("service_deploy.yaml", ...of(site.next))).toBeGreaterThan(0);
    expect(await site.machine.output("cat", `/etc/systemd/system/${UNIT}`)).toStartWith(unit);
    expect(await site.machine.property(UNIT, "Type")).toBe("simple");
    expect(await site.machine.property(UNIT, "ExecStart")).toContain("--web.enable-lifecycle");
  });
});
