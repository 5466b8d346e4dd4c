import { createHash } from "node:crypto";
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ENTRIES } from "../../build/package/compile.ts";
import { pageFlags } from "../../build/package/page-assets.ts";
import { version } from "../../package.json";
import { commandUnderTest, run } from "../program.ts";

const root = join(import.meta.dir, "../..");

/**
 * The program under test as one file `folder/name`: the built one, or one that is compiled from the sources in a
 * second.
 */
export async function binaryUnderTest(folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  const [program, ...others] = commandUnderTest();
  if (program !== undefined && others.length === 0) {
    copyFileSync(program, path);
    return;
  }
  const entries = ENTRIES.map((entry) => join(root, entry));
  const flags = ["--compile", "--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig", `--outfile=${path}`];
  const defines = ["--define", `BUILD_VERSION=${JSON.stringify(version)}`];
  await must([process.execPath, "build", ...flags, ...pageFlags(), ...defines, ...entries]);
}

export interface Release {
  readonly version: string;
  /** Of the tarball. */
  readonly sha256: string;
  /** Of the program in it. */
  readonly programSha256: string;
}

/**
 * The release that `npm run build` has left beside the program under test, copied into `folder` with its
 * sha256sums.txt; where there is none, a made one of the same version.
 */
export async function releaseUnderTest(folder: string, command: string): Promise<Release> {
  const [program = "", ...others] = commandUnderTest();
  const name = tarballName(version);
  const built = join(dirname(program), name);
  if (others.length > 0 || !existsSync(built)) return await makeRelease(folder, version, command);
  for (const file of [name, "sha256sums.txt"]) copyFileSync(join(dirname(program), file), join(folder, file));
  return { version, sha256: sha256Of(built), programSha256: sha256Of(program) };
}

/**
 * A small tarball in `folder`, of the same layout as the one that is built, whose program hands over to `command`;
 * sha256sums.txt there gets a line for it.
 */
export async function makeRelease(folder: string, named: string, command: string): Promise<Release> {
  const inner = join(folder, `pushgateway-${named}.linux-amd64`);
  const program = join(inner, "pushgateway");
  mkdirSync(inner);
  writeFileSync(program, `#!/bin/sh\n# ${named}\nexec ${command} "$@"\n`, { mode: 0o755 });
  for (const file of ["LICENSE", "NOTICE"]) copyFileSync(join(root, file), join(inner, file));
  const tarball = join(folder, tarballName(named));
  await must(["tar", "-C", folder, "--owner=0", "--group=0", "-czf", tarball, `pushgateway-${named}.linux-amd64`]);
  const release = { version: named, sha256: sha256Of(tarball), programSha256: sha256Of(program) };
  rmSync(inner, { recursive: true });
  appendFileSync(join(folder, "sha256sums.txt"), `${release.sha256}  ${tarballName(named)}\n`);
  return release;
}

export function tarballName(named: string): string {
  return `pushgateway-${named}.linux-amd64.tar.gz`;
}

function sha256Of(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

async function must(words: readonly string[]): Promise<void> {
  const { code, stderr } = await run(words, 60_000);
  if (code !== 0) throw new Error(`running ${words.join(" ")}: exit code ${code}\n${stderr}`);
}
