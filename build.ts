/**
 * Builds the program and the release: `dist/pushgateway`, a tarball of it with its licences, and their checksums. The same
 * sources, tools and SOURCE_DATE_EPOCH (by default the time of the last commit) give the same bytes.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arrayBuffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { version } from "./package.json";

const PLATFORM = "linux-amd64";
/** The program, and the thread that writes the persistence file. */
const ENTRIES = ["src/main.ts", "src/persist/worker.ts"];
const DIST = "dist";
const release = `pushgateway-${version}.${PLATFORM}`;

/** The output of a git command, or "" where there is no git or no repository. */
function git(...words: string[]): string {
  if (Bun.which("git") === null) return "";
  const { stdout, success } = Bun.spawnSync(["git", ...words], { stderr: "ignore" });
  return success ? stdout.toString().trim() : "";
}

function sourceTime(): Date {
  const seconds = process.env.SOURCE_DATE_EPOCH ?? git("log", "-1", "--format=%ct");
  return new Date(Number(seconds || "0") * 1000);
}

/** As promu writes it: 20261121-01:02:03. */
function buildDate(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll("-", "").replace("T", "-");
}

function compile(outfile: string, time: Date): void {
  const values = {
    BUILD_VERSION: version,
    BUILD_REVISION: git("rev-parse", "HEAD") || "unknown",
    BUILD_BRANCH: git("rev-parse", "--abbrev-ref", "HEAD") || "unknown",
    BUILD_USER: process.env.BUILD_USER ?? "unknown",
    BUILD_DATE: buildDate(time),
  };
  const defines = Object.entries(values).flatMap(([name, value]) => ["--define", `${name}=${JSON.stringify(value)}`]);
  const flags = ["--compile", "--minify", "--bytecode", "--format=esm"];
  const quiet = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
  const command = [process.execPath, "build", ...flags, ...quiet, ...defines, `--outfile=${outfile}`, ...ENTRIES];
  const { success } = Bun.spawnSync(command, { stdout: "inherit", stderr: "inherit" });
  if (!success) throw new Error(`compiling src/main.ts failed: ${command.join(" ")}`);
}

/** A tarball of one folder; entries are root's and of one time. */
async function tarball(entries: readonly { path: string; mode: number }[], time: Date): Promise<Uint8Array> {
  const archive = pack();
  const header = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: time };
  archive.entry({ ...header, name: `${release}/`, type: "directory", mode: 0o755 });
  for (const { path, mode } of entries) {
    const name = `${release}/${path.slice(path.lastIndexOf("/") + 1)}`;
    archive.entry({ ...header, name, mode }, readFileSync(path));
  }
  archive.finalize();
  return gzipSync(new Uint8Array(await arrayBuffer(archive)), { level: 9 });
}

const time = sourceTime();
const binary = `${DIST}/pushgateway`;
const archivePath = `${DIST}/${release}.tar.gz`;
rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST);
compile(binary, time);
const archive = await tarball(
  [
    { path: binary, mode: 0o755 },
    { path: "LICENSE", mode: 0o644 },
    { path: "NOTICE", mode: 0o644 },
  ],
  time,
);
writeFileSync(archivePath, archive);
writeFileSync(`${DIST}/sha256sums.txt`, `${createHash("sha256").update(archive).digest("hex")}  ${release}.tar.gz\n`);
process.stdout.write(`${binary}\n${archivePath}\n${DIST}/sha256sums.txt\n`);
