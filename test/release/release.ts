import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { compile } from "../../build/package/compile.ts";
import { readSource } from "../../build/release/source.ts";
import { findCLibrary, findCompiler } from "../../build/static/c-library.ts";
import { readElf } from "../../build/static/elf.ts";
import { makeStatic } from "../../build/static/static-file.ts";
import { compileStub } from "../../build/static/stub.ts";
import { version } from "../../package.json";
import { firstAbsent, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

export const root = join(import.meta.dir, "..", "..");

/** What a build needs besides Bun; null if all is there. */
export const buildNeeds =
  firstAbsent("cc", "ld") ?? (existsSync("/etc/ssl/certs/ca-certificates.crt") ? null : "ca-certificates");

/** A release in a folder of its own, built from the sources. */
export interface Release {
  readonly folder: string;
  /** The program, as the tarball holds it. */
  readonly binary: string;
  readonly tarball: string;
  readonly bill: string;
}

let built: Promise<Release> | null = null;

/** The release that the tests look at: the one that the program under test is of, or else one that is built now. */
export function theRelease(): Promise<Release> {
  const folder = dirname(resolve(process.env.PUSHGATEWAY_UNDER_TEST ?? ""));
  built ??= existsSync(join(folder, "sha256sums.txt")) ? openRelease(folder) : buildRelease();
  return built;
}

/** A release that is built, and what the build said on stderr. */
export interface BuiltRelease extends Release {
  readonly said: string;
}

/** Runs build.ts of a project; `env` is added to the environment. */
export async function buildRelease(project = root, env: Record<string, string> = {}): Promise<BuiltRelease> {
  const folder = join(scratchFolder(), "dist");
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const words = ["env", `--chdir=${project}`, ...settings, process.execPath, "build.ts", folder];
  const built = await run(words, 120_000);
  if (built.code !== 0) throw new Error(`building a release of ${project}: ${built.stderr}`);
  return { ...(await openRelease(folder)), said: built.stderr };
}

/** The release that a build wrote into a folder, its tarball unpacked. */
async function openRelease(folder: string): Promise<Release> {
  const named = (end: string) => join(folder, readdirSync(folder).find((name) => name.endsWith(end)) ?? "");
  const [tarball, unpacked] = [named(".tar.gz"), scratchFolder()];
  const { code, stderr } = await run(["tar", "--extract", "--gzip", `--file=${tarball}`, `--directory=${unpacked}`]);
  if (code !== 0) throw new Error(`unpacking ${tarball}: ${stderr}`);
  const [only = ""] = readdirSync(unpacked);
  const binary = join(unpacked, only, "pushgateway");
  return { folder, binary, tarball, bill: named(".cdx.json") };
}

/** The lines of a checksum file: name to hash. */
export function checksums(folder: string): Map<string, string> {
  const lines = readFileSync(join(folder, "sha256sums.txt"), "utf8").split("\n").slice(0, -1);
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}

let plain: Promise<string> | null = null;

/** The program as Bun compiles it, which needs the host's glibc: to compare with. */
export function plainProgram(): Promise<string> {
  plain ??= writeProgram(compile(version, readSource()).bytes);
  return plain;
}

let probes: Promise<{ plain: string; static: string }> | null = null;

/** test/release/probe.ts as Bun compiles it, and made self-contained like the program. */
export function theProbe(): Promise<{ plain: string; static: string }> {
  probes ??= buildProbe();
  return probes;
}

async function buildProbe(): Promise<{ plain: string; static: string }> {
  const plain = join(scratchFolder(), "probe");
  const source = join(import.meta.dir, "probe.ts");
  const words = [process.execPath, "build", "--compile", "--bytecode", "--format=esm", `--outfile=${plain}`, source];
  const { code, stderr } = await run(words);
  if (code !== 0) throw new Error(`compiling ${source}: ${stderr}`);
  const compiler = findCompiler();
  const program = readElf("probe", readFileSync(plain));
  const bytes = makeStatic(program, findCLibrary(compiler), (plan) => compileStub(compiler, plan));
  return { plain, static: await writeProgram(bytes) };
}

async function writeProgram(bytes: Uint8Array): Promise<string> {
  const path = join(scratchFolder(), "pushgateway");
  writeFileSync(path, bytes, { mode: 0o755 });
  return path;
}
