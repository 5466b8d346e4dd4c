import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { Glob } from "bun";
import { anchorsOf, codeSpans, linksOf, type Page, readPage, readPages, root } from "./pages.ts";

const pages = readPages();

/** The names of the repository's files, without their folders. */
const fileNames = new Set(
  ["*.*", "{src,test,bench,build,docs,deploy}/**/*.*"]
    .flatMap((pattern) => [...new Glob(pattern).scanSync({ cwd: root })])
    .map((path) => basename(path)),
);

/** Files that only a build, a run or somebody's own machine has. */
const MADE =
  /^(?:dist\/|node_modules\/|\.cache\/|results\.json$|chart\.svg$|web\.yml$|metrics\.|persist|image\.cdx\.json)/;

/** Why a link of a page leads nowhere, or null. */
function faultOf(page: Page, link: string): string | null {
  if (/^https?:/.test(link)) return URL.canParse(link) ? null : "no URL";
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page.path : normalize(join(dirname(page.path), path));
  if (!existsSync(join(root, target))) return "no file";
  if (anchor === undefined) return null;
  return anchorsOf(readPage(target)).includes(anchor) ? null : "no heading";
}

/** Whether a path that a page names is there: from the top, from src/, test/ or deploy/, or from its own folder. */
function isThere(page: Page, path: string): boolean {
  return ["", "src", "test", dirname(page.path), "deploy"].some((from) => {
    const full = join(root, from, path);
    return [full, `${full}.test.ts`, `${full}.all.test.ts`, `${full}.ts`].some((candidate) => existsSync(candidate));
  });
}

/** What looks like a path of a source file in a page, blocks included. */
function namedPaths({ text }: Page): string[] {
  const withEnding = text.matchAll(
    /(?<![\w./:@-])((?:[\w.-]+\/)+[\w.-]+\.(?:ts|c|ld|md|sh|py|yml|yaml|json|jsonl))\b/g,
  );
  const inRooms = codeSpans(text).filter((code) => /^(?:src|test|bench|build|docs|deploy|\.ci)\/[\w./-]*$/.test(code));
  const proofs = codeSpans(text).filter((code) => /^[a-z0-9]+\/[a-z0-9-]+$/.test(code) && isFolderOfTests(code));
  return [...new Set([...[...withEnding].map(([, path = ""]) => path), ...inRooms, ...proofs])];
}

const isFolderOfTests = (code: string): boolean => existsSync(join(root, "test", code.split("/")[0] ?? ""));

describe("the pages", () => {
  test("every link leads to a file that is there, and its anchor to a heading", () => {
    const dead = pages.flatMap((page) =>
      linksOf(page)
        .map((link) => ({ page: page.path, link, fault: faultOf(page, link) }))
        .filter(({ fault }) => fault !== null),
    );
    expect(dead).toEqual([]);
  });

  test("every file that a page names is there", () => {
    const absent = pages.flatMap((page) =>
      namedPaths(page)
        .filter((path) => !MADE.test(path) && !isThere(page, path))
        .map((path) => `${page.path}: ${path}`),
    );
    expect(absent).toEqual([]);
  });

  test("every file that a page of docs/ or build/ names without its folder is there", () => {
    const absent = pages
      .filter(({ path }) => /^(?:docs|build)\//.test(path))
      .flatMap((page) =>
        codeSpans(page.text)
          .filter((code) => /^[a-z0-9.-]+\.(?:ts|c|ld)$/.test(code) && !fileNames.has(code))
          .map((code) => `${page.path}: ${code}`),
      );
    expect(absent).toEqual([]);
  });

  test("every page of docs/ can be reached from the README in one step", () => {
    const linked = new Set(linksOf(readPage("README.md")).map((link) => link.split("#")[0]));
    expect(pages.map(({ path }) => path).filter((path) => path.startsWith("docs/") && !linked.has(path))).toEqual([]);
  });

  test("the README has at most 150 lines", () => {
    expect(readPage("README.md").text.trimEnd().split("\n").length).toBeLessThanOrEqual(150);
  });
});
