import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, parse } from "node:path";
import { gzipSync } from "node:zlib";

const ROOT = join(import.meta.dir, "../..");
/** What the browser begins with. */
export const CLIENT_ENTRY = "src/ui/client.tsx";
const DIGITS = 12;

/** A file that the page loads: its name has a hash of its content. */
export interface PageAsset {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  /** In base64. */
  readonly gzip: string;
}

export interface PageAssets {
  /** What the browser begins with. */
  readonly script: string;
  /** What it fetches when it needs it, by the names of modules in src/ui. */
  readonly modules: Readonly<Record<string, string>>;
  readonly styles: string;
  readonly icon: string;
  readonly files: readonly PageAsset[];
}

const TYPES = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" } as const;

/** The files of the page, made of src/ui. */
export function pageAssets(): PageAssets {
  const { modules, files } = bundle();
  const { client: script, ...others } = modules;
  if (script === undefined) throw new Error(`bundling ${CLIENT_ENTRY}: there is no file for it`);
  const styles = asset("page", "css", readFileSync(join(ROOT, "src/ui/page.css")));
  const icon = asset("icon", "svg", readFileSync(join(ROOT, "src/ui/favicon.svg")));
  return { script, modules: others, styles: styles.name, icon: icon.name, files: [...files, styles, icon] };
}

/**
 * Writes the files of the page to where a program that is compiled has them from. Returns the flags that compile it so.
 */
export function pageFlags(): string[] {
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  writeFileSync(join(ROOT, ".cache/page-assets.json"), JSON.stringify(pageAssets()));
  return ["--conditions=compiled"];
}

/** The scripts; those that import others know them by their names, which have a hash. */
function bundle(): Pick<PageAssets, "modules" | "files"> {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  try {
    const { outputs } = runBundler(folder);
    const names = readdirSync(folder).filter((name) => name.endsWith(".js"));
    const modules = Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
      entryPoint === undefined ? [] : [[parse(entryPoint).name, basename(path)] as const],
    );
    const files = names.sort().map((name) => file(name, "js", readFileSync(join(folder, name))));
    return { modules: Object.fromEntries(modules), files };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The metafile of the bundler, as far as it is read here. */
interface Bundled {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, { readonly entryPoint?: string }>>;
}

function runBundler(folder: string): Bundled {
  const metafile = join(folder, "meta.json");
  const command = [
    ...[process.execPath, "build", "--minify", "--splitting", "--target=browser", "--format=esm"],
    ...["--entry-naming=[name].[hash].[ext]", "--chunk-naming=[name].[hash].[ext]"],
    ...['--define=process.env.NODE_ENV="production"', `--outdir=${folder}`, `--metafile=${metafile}`, CLIENT_ENTRY],
  ];
  const { stderr, success } = Bun.spawnSync(command, { cwd: ROOT });
  if (!success) throw new Error(`bundling ${CLIENT_ENTRY} failed: ${stderr}`);
  return JSON.parse(readFileSync(metafile, "utf8")) as Bundled;
}

/** The paths of all source files that the browser gets. */
export function clientInputs(): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  try {
    return Object.keys(runBundler(folder).inputs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function asset(stem: string, extension: keyof typeof TYPES, content: Buffer): PageAsset {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, DIGITS);
  return file(`${stem}.${hash}.${extension}`, extension, content);
}

function file(name: string, extension: keyof typeof TYPES, content: Buffer): PageAsset {
  const gzip = gzipSync(content, { level: 9 }).toString("base64");
  return { name, type: TYPES[extension], sizeBytes: content.length, gzip };
}
