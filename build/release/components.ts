/** What a release contains besides our own sources: found out from the files that went into it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { libraryPath } from "../static/c-library.ts";
import { bunParts } from "./bun-parts.ts";
import type { Component } from "./component.ts";

const DEBIAN_DOCUMENTS = "/usr/share/doc";
const DEBIAN_LICENCES = "/usr/share/common-licenses";

/**
 * The components of a program: Bun with its parts, the C library, and the npm packages that have a file among `inputs`.
 */
export function findComponents(compiler: string, inputs: readonly string[]): Component[] {
  const runtime = bun();
  const packages = packagesOf(inputs).map((name) => npmPackage(name));
  return [runtime, ...bunParts(runtime), glibc(compiler), libgcc(compiler), ...packages];
}

/** The names of the npm packages that have files among those paths, in order. */
export function packagesOf(inputs: readonly string[]): string[] {
  const names = inputs.map((path) => /.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(names)].filter((name) => name !== undefined).sort();
}

function bun(): Component {
  return {
    ...npmPackage("bun"),
    name: "Bun",
    licence: "MIT AND LGPL-2.0-only AND BSD-2-Clause",
    remark: "Copyright Oven and contributors. All its parts: https://bun.com/docs/project/license",
    licenceTexts: [],
  };
}

function glibc(compiler: string): Component {
  const path = libraryPath(compiler, "libc.so.6");
  const told = /GNU C Library \(([^)]*)\) [a-z]+ release version (\d+\.\d+)/.exec(readFileSync(path, "latin1"));
  if (told === null) throw new Error(`reading ${path}: it does not tell its version; is it glibc?`);
  const remark = `${told[1]}. ld.so (with one function redirected), libc, libm, libpthread, libdl, unchanged otherwise`;
  const cpe = `cpe:2.3:a:gnu:glibc:${told[2]}:*:*:*:*:*:*:*`;
  return { ...systemFile(path, told[2] ?? "", "LGPL-2.1"), name: "glibc", licence: "LGPL-2.1-or-later", remark, cpe };
}

function libgcc(compiler: string): Component {
  const { stdout } = Bun.spawnSync([compiler, "-dumpfullversion"]);
  const library = systemFile(libraryPath(compiler, "libgcc_s.so.1"), stdout.toString().trim(), "GPL-3");
  const remark = "libgcc_s, unchanged, under the GCC Runtime Library Exception";
  return { ...library, name: "libgcc", licence: "GPL-3.0-or-later WITH GCC-exception-3.1", remark };
}

/**
 * A file of the machine: version, source and licences according to its package manager, if that is Debian's. `licence`
 * is the name of its text in Debian.
 */
export function systemFile(
  path: string,
  version: string,
  licence: string,
): Omit<Component, "name" | "licence" | "remark"> {
  const debian = debianPackage(path);
  const own = { cpe: null, partOf: null, sha512: null };
  if (debian === null)
    return { ...own, version, packageUrl: `pkg:generic/${path.split("/").at(-1)}@${version}`, licenceTexts: [] };
  const documents = [join(DEBIAN_DOCUMENTS, debian.name, "copyright"), join(DEBIAN_LICENCES, licence)];
  return {
    ...own,
    version: debian.version,
    packageUrl: `pkg:deb/debian/${debian.name}@${encodeURIComponent(debian.version)}?arch=${debian.architecture}`,
    licenceTexts: documents.filter(existsSync).map((file) => readFileSync(file, "utf8")),
  };
}

interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/**
 * The Debian package that a file is of; null on other systems. Debian knows files by their path before /usr was merged,
 * too.
 */
function debianPackage(path: string): DebianPackage | null {
  if (Bun.which("dpkg-query") === null) return null;
  for (const known of [path, path.replace(/^\/usr/, "")]) {
    const name = /^([^:\n]+)(?::amd64)?: /.exec(dpkgQuery("--search", known))?.[1];
    const status = name === undefined ? "" : dpkgQuery("--status", name);
    const [version, architecture] = ["Version", "Architecture"].map(
      (field) => new RegExp(`^${field}: (.+)$`, "m").exec(status)?.[1],
    );
    if (name && version && architecture) return { name, version, architecture };
  }
  return null;
}

function dpkgQuery(...words: string[]): string {
  return Bun.spawnSync(["dpkg-query", ...words], { stderr: "ignore" }).stdout.toString();
}

function npmPackage(name: string): Component {
  const folder = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
    string,
    unknown
  >;
  if (typeof version !== "string" || typeof license !== "string")
    throw new Error(`reading ${folder}/package.json: expected a version and a licence`);
  return {
    name,
    version,
    licence: license,
    packageUrl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    cpe: null,
    partOf: null,
    remark: "",
    licenceTexts: licenceFiles(folder).map((file) => readFileSync(file, "utf8")),
    sha512: integrityOf(folder),
  };
}

function licenceFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)(\.|$)/i.test(name));
  return names.sort().map((name) => join(folder, name));
}

function integrityOf(folder: string): string | null {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { integrity?: string }>;
  };
  const integrity = packages[folder]?.integrity ?? "";
  return integrity.startsWith("sha512-") ? Buffer.from(integrity.slice(7), "base64").toString("hex") : null;
}
