import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

export const root = join(import.meta.dir, "../..");

/** A Markdown file of the repository. */
export interface Page {
  /** From the top of the repository. */
  readonly path: string;
  readonly text: string;
}

const PATTERNS = ["*.md", "docs/*.md", "deploy/**/*.md", "build/*/*.md", "src/*/*.md"];

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

/** All pages, sorted by path. */
export function readPages(): Page[] {
  const paths = PATTERNS.flatMap((pattern) => [...new Glob(pattern).scanSync({ cwd: root })]);
  return [...new Set(paths)].sort().map(readPage);
}

/** The text without fenced and indented blocks: what is read as prose and tables. */
function proseOf({ text }: Page): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/^ {4}.*$/gm, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: Page): string[] {
  const headings = [...page.text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^#{1,6} (.*)$/gm)];
  return headings.map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The targets of a page's links and pictures. */
export function linksOf(page: Page): string[] {
  const prose = proseOf(page);
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/ src="([^"]+)"/g)];
  return links.map(([, target = ""]) => target);
}

/** A fenced block: the word behind its fence, and its lines. */
export interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

export function blocksOf({ text }: Page): Block[] {
  const blocks = [...text.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm)];
  return blocks.map(([, language = "", content = ""]) => ({ language, lines: content.trimEnd().split("\n") }));
}

/** The cells of all table rows of a page but the heads, without blanks around them. */
export function tableRows({ text }: Page): string[][] {
  const rows: string[][] = [];
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    const isHead = lines[i + 1]?.startsWith("| ---") ?? false;
    if (line.startsWith("|") && !line.startsWith("| ---") && !isHead) rows.push(cellsOf(line));
  });
  return rows;
}

function cellsOf(line: string): string[] {
  const cells = line.slice(1, line.lastIndexOf("|")).split(/(?<!\\)\|/);
  return cells.map((cell) => cell.trim());
}

/** The texts in backticks. */
export function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}
