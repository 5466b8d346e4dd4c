import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { commandUnderTest, run } from "../program.ts";

const root = join(import.meta.dir, "../..");

/** The program under test as one file in `folder`: the built one, or one that is compiled from the sources in a second. */
export async function binaryUnderTest(folder: string): Promise<string> {
  const path = join(folder, "pushgateway");
  mkdirSync(folder, { recursive: true });
  const [program, ...others] = commandUnderTest();
  if (program !== undefined && others.length === 0) {
    copyFileSync(program, path);
    return path;
  }
  const entries = ["src/main.ts", "src/persist/worker.ts"].map((entry) => join(root, entry));
  const flags = ["--compile", "--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig", `--outfile=${path}`];
  const defines = ["--define", `BUILD_VERSION=${JSON.stringify(version)}`];
  await must([process.execPath, "build", ...flags, ...defines, ...entries]);
  return path;
}

/** A release: where its tarball is, and its checksum as sha256sums.txt has it beside it. */
export interface Release {
  readonly tarball: string;
  readonly sha256: string;
  readonly version: string;
}

/**
 * A tarball of the given version in `folder`, of the same layout as the one that is built; sha256sums.txt there has a line for each.
 * Names in it are the version's, the program is the same.
 */
export async function makeRelease(folder: string, binary: string, named: string): Promise<Release> {
  const name = `pushgateway-${named}.linux-amd64`;
  const inner = join(folder, name);
  mkdirSync(inner);
  copyFileSync(binary, join(inner, "pushgateway"));
  for (const file of ["LICENSE", "NOTICE"]) copyFileSync(join(root, file), join(inner, file));
  const tarball = join(folder, `${name}.tar.gz`);
  await must(["tar", "-C", folder, "--owner=0", "--group=0", "--use-compress-program=gzip -1", "-cf", tarball, name]);
  rmSync(inner, { recursive: true });
  const sha256 = createHash("sha256").update(readFileSync(tarball)).digest("hex");
  const sums = join(folder, "sha256sums.txt");
  const earlier = existsSync(sums) ? readFileSync(sums, "utf8") : "";
  writeFileSync(sums, `${earlier}${sha256}  ${name}.tar.gz\n`);
  return { tarball, sha256, version: named };
}

async function must(words: readonly string[]): Promise<void> {
  const { code, stderr } = await run(words, 60_000);
  if (code !== 0) throw new Error(`running ${words.join(" ")}: exit code ${code}\n${stderr}`);
}
