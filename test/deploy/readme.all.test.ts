import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { eventually, firstAbsent, programs, requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Machine, machineAbsent } from "./machine.ts";
import { binaryUnderTest, releaseUnderTest } from "./release.ts";
import {
  afterBalancer,
  afterGateways,
  afterServer,
  beforeBalancer,
  beforeGateway,
  beforeServer,
} from "./replica-stages.ts";

setDefaultTimeout(300_000);

const DEPLOY = join(import.meta.dir, "../../deploy");
const DEBIANS = "prometheus-pushgateway";
const DEBIANS_UNIT = `/lib/systemd/system/${DEBIANS}.service`;
const HAPROXY_UNIT = "/lib/systemd/system/haproxy.service";
const DEBIANS_FILE = "/var/lib/prometheus/pushgateway.data";

interface Section {
  readonly heading: string;
  /** Its commands, one a line. */
  readonly script: string;
}

/** The sections of deploy/README.md with commands in them. */
function sections(): Section[] {
  const [, ...parts] = readFileSync(join(DEPLOY, "README.md"), "utf8").split(/^## /m);
  const all = parts.map((part) => {
    const [heading = "", ...lines] = part.split("\n");
    const commands = lines.filter((line) => line.startsWith("    ")).map((line) => line.trim());
    return { heading, script: commands.join("\n") };
  });
  return all.filter(({ script }) => script !== "");
}

/** What a Pushgateway on port 9091 of the machine shows. */
async function scrape(on: Machine): Promise<string> {
  return await on.output("curl", "-sSfm10", "http://127.0.0.1:9091/metrics");
}

async function push(on: Machine, line: string): Promise<void> {
  await on.output("curl", "-sSf", "--data-binary", `${line}\n`, "http://127.0.0.1:9091/metrics/job/j");
}

/** Once it is ready, the program that answers is ours, or the Go Pushgateway, and shows what was pushed last. */
async function expectShown(on: Machine, kind: "ours" | "go", value: number): Promise<void> {
  const shown = await eventually("it is ready", async () => {
    const { code, stdout } = await on.run("curl", "-sSfm10", "http://127.0.0.1:9091/metrics");
    return code === 0 && stdout;
  });
  expect(shown).toContain(`kept{instance="",job="j"} ${value}\n`);
  expect(/^go_goroutines /m.test(shown) ? "go" : "ours").toBe(kind);
}

/** What has to be there before the commands of a section, and what must hold after them. */
interface Stage {
  /** Whether the machine is the one that the section before has left. */
  readonly goesOn?: boolean;
  readonly before?: (on: Machine, folder: string, name: string) => Promise<void>;
  readonly after: (on: Machine, stdout: string, name: string) => Promise<void>;
  /** The commands are run for each of these machines; the first is the one that they name. */
  readonly names?: readonly string[];
}

/** By heading. */
const STAGES: Record<string, Stage> = {
  "From the tarball": { after: async (_on, stdout) => expect(stdout).toContain("pushgateway, version 2.") },
  "Debian's package, another program in it": {
    goesOn: true,
    before: async (on) => {
      await on.write(`/etc/default/${DEBIANS}`, 'ARGS="--web.enable-lifecycle"\n');
      await on.output("install", "-d", "-o", "prometheus", "/var/lib/prometheus");
      await on.output("systemctl", "start", DEBIANS);
      await eventually(
        "Debian's is ready",
        async () => (await on.run("curl", "-sf", "localhost:9091/-/ready")).code === 0,
      );
      await push(on, "kept 1");
    },
    after: async (on) => {
      await expectShown(on, "ours", 1);
      await push(on, "kept 2");
      expect(await on.output("curl", "-sSf", "localhost:9091/api/v1/status")).toMatch(/"web.enable-lifecycle":"true"/);
      expect(await on.output("head", "-c3", DEBIANS_FILE)).not.toBe("SQL");
    },
  },
  "Debian's package, back to its program": {
    goesOn: true,
    after: async (on) => {
      await expectShown(on, "go", 2);
      await on.output("systemctl", "stop", DEBIANS);
      expect(await on.output("stat", "-c", "%U", DEBIANS_FILE)).toBe("prometheus\n");
    },
  },
  systemd: {
    goesOn: true,
    after: async (on) => {
      expect(await scrape(on)).toContain("pushgateway_build_info");
      await push(on, "kept 3");
    },
  },
  "systemd, back to the Go Pushgateway": {
    goesOn: true,
    after: async (on) => {
      await expectShown(on, "go", 3);
      await push(on, "kept 4");
    },
  },
  "systemd, forward again": { goesOn: true, after: (on) => expectShown(on, "ours", 4) },
  "systemd, with its socket": { goesOn: true, after: (on) => expectShown(on, "ours", 4) },
  Ansible: {
    after: async (on) => {
      expect(await scrape(on)).toContain("pushgateway_build_info");
      await push(on, "kept 5");
    },
  },
  "Ansible, back to the Go Pushgateway": {
    goesOn: true,
    after: async (on) => {
      const file = "/var/lib/pushgateway/metrics.db";
      await on.output("systemd-run", "--unit=go", "--uid=pushgateway", DEBIANS, `--persistence.file=${file}`);
      await expectShown(on, "go", 5);
    },
  },
  "Ansible, into /opt/app": { after: async (on) => expect(await scrape(on)).toContain("pushgateway_build_info") },
  "Replicas: a server of the engine": {
    names: ["nats-1", "nats-2", "nats-3"],
    before: beforeServer,
    after: (on, _stdout, name) => afterServer(on, name),
  },
  "Replicas: a gateway": {
    goesOn: true,
    names: ["gateway-1", "gateway-2"],
    before: (on, _folder, name) => beforeGateway(on, name),
    after: async (on, _stdout, name) => {
      if (name === "gateway-2") await afterGateways(on);
    },
  },
  "Replicas: the balancer": {
    goesOn: true,
    before: beforeBalancer,
    after: (on) => afterBalancer(on),
  },
  "Prometheus and Grafana": { after: async (_on, stdout) => expect(stdout).toContain("SUCCESS") },
};

/** The Go Pushgateways with which the sections are run: all of them, or those that do not take long. */
const PEERS = [
  { name: "this Debian's", missing: null, program: () => programs.need(DEBIANS), headings: /./ },
  {
    name: "1.11",
    missing: firstAbsentNewer("PUSHGATEWAY_1_11"),
    program: () => newerPrograms.need("PUSHGATEWAY_1_11"),
    headings: /^(From|Debian|systemd)/,
  },
];

const machineMissing =
  (await machineAbsent()) ??
  firstAbsent("ansible-playbook", "promtool", "tar", "gzip", "curl", "sha256sum", "haproxy", DEBIANS) ??
  firstAbsentNewer("NATS_SERVER") ??
  [DEBIANS_UNIT, HAPROXY_UNIT].find((path) => !existsSync(path)) ??
  null;

test("the sections of deploy/README.md with commands are those that are run here", () => {
  expect(sections().map(({ heading }) => heading)).toEqual(Object.keys(STAGES));
});

for (const { name, missing, program, headings } of PEERS) {
  const { skip, reason } = requirement(machineMissing ?? missing);

  describe.skipIf(skip)(`the commands of deploy/README.md with the Go Pushgateway ${name}${reason}`, () => {
    let folder = "";
    let machine: Machine | null = null;

    beforeAll(async () => {
      folder = scratchFolder();
      mkdirSync(join(folder, "dist"));
      await binaryUnderTest(join(folder, "bin"), "program");
      await releaseUnderTest(join(folder, "dist"), "/usr/local/bin/program");
      copyFileSync(newerPrograms.need("NATS_SERVER"), join(folder, "bin", "nats-server"));
      // Not the program itself: the machine has a /opt of its own.
      copyFileSync(program(), join(folder, "peer"));
      cpSync(DEPLOY, join(folder, "deploy"), { recursive: true, verbatimSymlinks: true });
    });

    afterAll(async () => {
      await machine?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    /** The machine that the section before has left, where this one goes on from there; else a bare one. */
    async function machineFor(goesOn: boolean): Promise<Machine> {
      if (machine !== null && goesOn) return machine;
      await machine?.[Symbol.asyncDispose]();
      machine = await Machine.start(join(folder, "bin"), [DEBIANS_UNIT, HAPROXY_UNIT]);
      await machine.output("mount", "--bind", join(folder, "peer"), `/usr/bin/${DEBIANS}`);
      return machine;
    }

    /** What the commands of a section print; throws where one fails. */
    async function play(on: Machine, heading: string, script: string): Promise<string> {
      const environment = [`HOME=${folder}`, "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3", "LC_ALL=C.UTF-8"];
      const { code, stdout, stderr } = await on.run("env", "-C", folder, ...environment, "sh", "-e", "-c", script);
      if (code !== 0) throw new Error(`running the commands of "${heading}": exit code ${code}\n${stdout}${stderr}`);
      return stdout;
    }

    test.each(sections().filter(({ heading }) => headings.test(heading)))("$heading", async ({ heading, script }) => {
      const stage = STAGES[heading];
      if (stage === undefined) throw new Error(`running "${heading}": nothing says what must hold after it`);
      const on = await machineFor(stage.goesOn ?? false);
      const { names = [""] } = stage;
      for (const name of names) {
        await stage.before?.(on, folder, name);
        const stdout = await play(on, heading, script.replaceAll(`@${names[0]}`, `@${name}`));
        await stage.after(on, stdout, name);
      }
    });
  });
}
