import type { Component } from "./component.ts";

/** A library inside Bun. */
interface Part {
  readonly name: string;
  /** The key of its version in process.versions. */
  readonly key: string;
  /** An SPDX expression, as Bun's page of licences has it. */
  readonly licence: string;
  /** Before the version: its package URL, or "" where it is named by `cpe` alone. */
  readonly source: string;
  /** Vendor and product, by which vulnerabilities of releases are listed. */
  readonly cpe?: string;
  readonly remark?: string;
}

/** Those whose version Bun reports: a release, or the commit of a repository. */
const PARTS: readonly Part[] = [
  {
    name: "JavaScriptCore",
    key: "webkit",
    licence: "LGPL-2.0-only AND BSD-2-Clause",
    source: "pkg:github/oven-sh/WebKit",
    remark: "Of WebKit. To link Bun with another one: https://bun.com/docs/project/license",
  },
  {
    name: "BoringSSL",
    key: "boringssl",
    licence: "Apache-2.0 AND ISC AND MIT AND BSD-3-Clause",
    source: "pkg:github/oven-sh/boringssl",
  },
  { name: "SQLite", key: "sqlite", licence: "blessing", source: "pkg:generic/sqlite", cpe: "sqlite:sqlite" },
  { name: "zlib-ng", key: "zlib", licence: "Zlib", source: "pkg:github/zlib-ng/zlib-ng" },
  { name: "mimalloc", key: "mimalloc", licence: "MIT", source: "pkg:github/oven-sh/mimalloc" },
  {
    name: "ICU",
    key: "icu",
    licence: "Unicode-3.0",
    source: "pkg:generic/icu",
    cpe: "unicode:international_components_for_unicode",
  },
  { name: "c-ares", key: "ares", licence: "MIT", source: "pkg:github/c-ares/c-ares" },
  { name: "uSockets", key: "usockets", licence: "Apache-2.0", source: "pkg:github/oven-sh/bun" },
  { name: "uWebSockets", key: "uwebsockets", licence: "Apache-2.0", source: "pkg:github/oven-sh/bun" },
  {
    name: "ls-hpack",
    key: "lshpack",
    licence: "MIT AND BSD-2-Clause",
    source: "pkg:github/litespeedtech/ls-hpack",
  },
  {
    name: "picohttpparser",
    key: "picohttpparser",
    licence: "MIT OR Artistic-1.0-Perl",
    source: "pkg:github/h2o/picohttpparser",
  },
  { name: "llhttp", key: "llhttp", licence: "MIT", source: "pkg:generic/llhttp", cpe: "llhttp:llhttp" },
  { name: "libdeflate", key: "libdeflate", licence: "MIT", source: "pkg:github/ebiggers/libdeflate" },
  {
    name: "Zstandard",
    key: "zstd",
    licence: "BSD-3-Clause OR GPL-2.0-only",
    source: "pkg:github/facebook/zstd",
  },
  {
    name: "libarchive",
    key: "libarchive",
    licence: "BSD-2-Clause AND BSD-3-Clause",
    source: "pkg:github/libarchive/libarchive",
  },
  { name: "lol-html", key: "lolhtml", licence: "BSD-3-Clause", source: "pkg:github/cloudflare/lol-html" },
  { name: "TinyCC", key: "tinycc", licence: "LGPL-2.1-only", source: "pkg:github/oven-sh/tinycc" },
];

/** The libraries inside the Bun that builds, which is the one that becomes part of the program. */
export function bunParts(bun: Component): Component[] {
  return PARTS.map((part) => componentOf(part, versionOf(part.key), bun));
}

function versionOf(key: string): string {
  const version = (process.versions as Record<string, string | undefined>)[key];
  if (version === undefined) throw new Error(`looking for the parts of Bun: it does not tell the version of ${key}`);
  return version;
}

function componentOf({ name, licence, source, cpe, remark = "" }: Part, version: string, bun: Component): Component {
  return {
    name,
    version,
    licence,
    // uSockets and uWebSockets have one repository and commit.
    packageUrl: `${source}@${version}${source.endsWith("/bun") ? `#packages/bun-${name.toLowerCase()}` : ""}`,
    cpe: cpe === undefined ? null : `cpe:2.3:a:${cpe}:${version}:*:*:*:*:*:*:*`,
    partOf: bun.packageUrl,
    remark,
    licenceTexts: [],
    sha512: null,
  };
}
