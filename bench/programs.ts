import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, delimiter, join, resolve } from "node:path";

const ROOT = join(import.meta.dir, "..");
const PEER_NAME = "prometheus-pushgateway";

/** What is measured: this build, the peer, another build of this program, and the limit. */
export type Who = "ours" | "theirs" | "former" | "limit";

/** A server that can be measured: the words of its command, without those that a run adds. */
export interface Program {
  readonly who: Who;
  /** As the report names it. */
  readonly title: string;
  readonly words: readonly string[];
}

export interface Programs {
  readonly ours: Program & { readonly isBuilt: boolean };
  /** null: none was found. */
  readonly peer: Program | null;
  /** null: none was named. */
  readonly former: Program | null;
  readonly limit: Program;
}

/**
 * The built program, or the sources if there is none or with `fromSource`; the peer that the environment names; another
 * build at the path `against`, or null.
 */
export function findPrograms(fromSource: boolean, against: string | null, environment: NodeJS.ProcessEnv): Programs {
  const built = join(ROOT, "dist", "pushgateway");
  const source = [process.execPath, join(ROOT, "src", "main.ts")];
  const isBuilt = !fromSource && isProgram(built);
  return {
    ours: {
      who: "ours",
      title: isBuilt ? "dist/pushgateway" : "src/main.ts",
      words: isBuilt ? [built] : source,
      isBuilt,
    },
    peer: findPeer(environment),
    former: against === null ? null : findFormer(against),
    limit: {
      who: "limit",
      title: "a bare Bun.serve",
      words: [process.execPath, join(import.meta.dir, "limit-server.ts")],
    },
  };
}

function findPeer(environment: NodeJS.ProcessEnv): Program | null {
  const given = environment.PUSHGATEWAY_REFERENCE;
  if (given && !existsSync(given)) throw new Error(`PUSHGATEWAY_REFERENCE is ${given}: there is no such file`);
  const folders = (environment.PATH ?? "").split(delimiter);
  const path = given || folders.map((folder) => join(folder, PEER_NAME)).find(isProgram);
  return path ? { who: "theirs", title: versionOf(path), words: [path] } : null;
}

function findFormer(path: string): Program {
  if (!isProgram(path)) throw new Error(`reading --against ${path}: a program is expected there`);
  return { who: "former", title: basename(path), words: [resolve(path)] };
}

function versionOf(path: string): string {
  const { stdout, stderr } = Bun.spawnSync([path, "--version"]);
  return /^.*version \S+/m.exec(`${stdout}${stderr}`)?.[0].replace(", version", "") ?? path;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
