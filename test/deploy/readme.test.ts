import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { firstAbsent, requirement } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Machine, machineAbsent } from "./machine.ts";
import { binaryUnderTest, releaseUnderTest } from "./release.ts";

setDefaultTimeout(120_000);

const DEPLOY = join(import.meta.dir, "../../deploy");

/** The sections of deploy/README.md with the commands in them, one a line. */
function sections(): { heading: string; script: string }[] {
  const [, ...parts] = readFileSync(join(DEPLOY, "README.md"), "utf8").split(/^## /m);
  return parts.map((part) => {
    const [heading = "", ...lines] = part.split("\n");
    const commands = lines.filter((line) => line.startsWith("    ")).map((line) => line.trim());
    return { heading, script: commands.join("\n") };
  });
}

const { skip, reason } = requirement(
  (await machineAbsent()) ?? firstAbsent("ansible-playbook", "promtool", "tar", "gzip", "curl", "sha256sum"),
);

describe.skipIf(skip)(`the commands of deploy/README.md on a machine with systemd${reason}`, () => {
  let folder = "";
  let machine: Machine | null = null;

  beforeAll(async () => {
    folder = scratchFolder();
    mkdirSync(join(folder, "dist"));
    await binaryUnderTest(join(folder, "bin"), "program");
    await releaseUnderTest(join(folder, "dist"), "/usr/local/bin/program");
    cpSync(DEPLOY, join(folder, "deploy"), { recursive: true, verbatimSymlinks: true });
  });

  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The machine that the section before has left, for sections that go on from there; else a bare one. */
  async function machineFor(heading: string): Promise<Machine> {
    if (machine !== null && heading.startsWith("systemd")) return machine;
    await machine?.[Symbol.asyncDispose]();
    machine = await Machine.start(join(folder, "bin"));
    return machine;
  }

  const withCommands = sections().filter(({ script }) => script !== "");

  test("are in six sections", () => {
    expect(withCommands).toHaveLength(6);
  });

  test.each(withCommands)("$heading", async ({ heading, script }) => {
    const on = await machineFor(heading);
    const environment = [`HOME=${folder}`, "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3", "LC_ALL=C.UTF-8"];
    const { code, stdout, stderr } = await on.run("env", "-C", folder, ...environment, "sh", "-e", "-c", script);
    if (code !== 0) throw new Error(`running the commands of "${heading}": exit code ${code}\n${stdout}${stderr}`);
    if (heading === "From the tarball") expect(stdout).toContain("pushgateway, version 2.");
    else if (heading.startsWith("Prometheus")) expect(stdout).toContain("SUCCESS");
    else
      expect(await on.output("curl", "-sSfm10", "http://127.0.0.1:9091/metrics")).toContain("pushgateway_build_info");
  });
});
