/**
 * Builds the program and the release into dist/, or the folder that is named:
 *
 *     pushgateway                        one file that needs nothing of its host
 *     pushgateway-V.linux-amd64.tar.gz   that file with LICENSE and NOTICE
 *     pushgateway-V.linux-amd64.cdx.json what is inside, for machines
 *     sha256sums.txt                     of the two above
 *     docker/                            a context for `docker build`
 *     docker-busybox/                    another one, of an image with a shell and wget
 *
 * The same sources, tools and SOURCE_DATE_EPOCH (by default the time of the last commit) give the same bytes.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type BusyBox, findBusyBox } from "./build/package/busybox.ts";
import { compile } from "./build/package/compile.ts";
import { type ImageProgram, writeImageContext } from "./build/package/image-context.ts";
import { authorities } from "./build/package/image-files.ts";
import { tar } from "./build/package/tarball.ts";
import { findComponents } from "./build/release/components.ts";
import { noticeText } from "./build/release/notice.ts";
import { billOfMaterials } from "./build/release/sbom.ts";
import { sha256 } from "./build/release/sha256.ts";
import { readSource } from "./build/release/source.ts";
import { BuildFault } from "./build/static/build-fault.ts";
import { findCLibrary, findCompiler } from "./build/static/c-library.ts";
import { readElf } from "./build/static/elf.ts";
import { makeStatic } from "./build/static/static-file.ts";
import { compileStub } from "./build/static/stub.ts";
import { name, version } from "./package.json";

const release = `${name}-${version}.linux-amd64`;
const out = process.argv[2] ?? "dist";

/** Says that a file of the release is written. */
function say(file: string): void {
  process.stdout.write(`${join(out, file)}\n`);
}

/** Writes a file of the release and says so. */
function write(file: string, content: string | Buffer, mode = 0o644): void {
  writeFileSync(join(out, file), content, { mode });
  say(file);
}

/**
 * The two contexts for `docker build`. Where there is no BusyBox the second one is left out, and what is missing is
 * said.
 */
async function writeImageContexts(program: ImageProgram): Promise<void> {
  const written = await writeImageContext(join(out, "docker"), program, null);
  for (const file of written) say(join("docker", file));
  const busyBox = busyBoxOrReason();
  if (typeof busyBox === "string") {
    process.stderr.write(`no ${join(out, "docker-busybox")}: ${busyBox}\n`);
    return;
  }
  const others = await writeImageContext(join(out, "docker-busybox"), program, busyBox);
  for (const file of others) say(join("docker-busybox", file));
}

function busyBoxOrReason(): BusyBox | string {
  try {
    return findBusyBox();
  } catch (problem) {
    if (problem instanceof BuildFault) return problem.message;
    throw problem;
  }
}

async function build(): Promise<void> {
  // What the machine may lack is looked for first.
  const compiler = findCompiler();
  const library = findCLibrary(compiler);
  authorities();
  const source = readSource();
  const compiled = compile(version, source);
  const program = makeStatic(readElf(name, compiled.bytes), library, (plan) => compileStub(compiler, plan));
  const components = findComponents(compiler, compiled.inputs);
  const archive = await tar(
    [
      { name: `${release}/`, mode: 0o755 },
      { name: `${release}/${name}`, mode: 0o755, content: program },
      { name: `${release}/LICENSE`, mode: 0o644, content: readFileSync("LICENSE") },
      { name: `${release}/NOTICE`, mode: 0o644, content: noticeText(readFileSync("NOTICE", "utf8"), components) },
    ],
    source.time,
  );
  const published = {
    [`${release}.tar.gz`]: gzipSync(archive, { level: 9 }),
    [`${release}.cdx.json`]: billOfMaterials(
      { name, version, type: "application", time: source.time, sha256: sha256(program) },
      components,
    ),
  };
  if (out === "dist") rmSync(out, { recursive: true, force: true });
  mkdirSync(out); // a folder that is named must not be there yet: nothing of it is lost
  write(name, program, 0o755);
  for (const [file, content] of Object.entries(published)) write(file, content);
  write(
    "sha256sums.txt",
    Object.entries(published)
      .map(([file, content]) => `${sha256(content)}  ${file}\n`)
      .join(""),
  );
  await writeImageContexts({
    name,
    version,
    path: join(out, name),
    sha256: sha256(program),
    components,
    time: source.time,
  });
}

try {
  await build();
} catch (problem) {
  if (!(problem instanceof BuildFault)) throw problem;
  process.stderr.write(`building ${name}: ${problem.message}\n`);
  process.exit(1);
}
