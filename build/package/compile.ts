import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Source } from "../release/source.ts";
import { clientInputs, pageFlags } from "./page-assets.ts";

/** The program, and the threads that write the persistence file, import another's and speak to the log of replicas. */
export const ENTRIES = ["src/main.ts", "src/persist/worker.ts", "src/import/import-thread.ts", "src/cluster/worker.ts"];

/** The program reads no settings from the folder it is started in. */
const NO_AUTOLOAD = ["dotenv", "bunfig", "tsconfig", "package-json"].map((what) => `--no-compile-autoload-${what}`);

/** A program as Bun compiles it: it needs glibc on its host. */
export interface Compiled {
  readonly bytes: Buffer;
  /** The paths of all source files in it. */
  readonly inputs: readonly string[];
}

export function compile(version: string, source: Source): Compiled {
  const folder = mkdtempSync(join(tmpdir(), "compile-"));
  try {
    const [outfile, metafile] = [join(folder, "pushgateway"), join(folder, "meta.json")];
    const flags = [
      "--compile",
      "--minify",
      // What is imported when it is needed is not loaded before, nor what it imports: 3 ms of each start.
      "--splitting",
      "--bytecode",
      "--format=esm",
      ...NO_AUTOLOAD,
      ...pageFlags(),
      ...definitions(version, source),
    ];
    const command = [process.execPath, "build", ...flags, `--metafile=${metafile}`, `--outfile=${outfile}`, ...ENTRIES];
    const { success } = Bun.spawnSync(command, { stdout: "inherit", stderr: "inherit" });
    if (!success) throw new Error(`compiling src/main.ts failed: ${command.join(" ")}`);
    const { inputs } = JSON.parse(readFileSync(metafile, "utf8")) as { inputs: Record<string, unknown> };
    return { bytes: readFileSync(outfile), inputs: [...new Set([...Object.keys(inputs), ...clientInputs()])] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The values that src/build-info.ts declares. */
function definitions(version: string, source: Source): string[] {
  const values = {
    BUILD_VERSION: version,
    BUILD_REVISION: source.revision,
    BUILD_BRANCH: source.branch,
    BUILD_USER: source.buildUser,
    BUILD_DATE: buildDate(source.time),
  };
  return Object.entries(values).flatMap(([name, value]) => ["--define", `${name}=${JSON.stringify(value)}`]);
}

/** As promu writes it: 20261121-01:02:03. */
function buildDate(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll("-", "").replace("T", "-");
}
