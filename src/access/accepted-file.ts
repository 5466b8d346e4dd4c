import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Log } from "../telemetry/log.ts";
import { type AcceptedState, formatAccepted, nobodyAccepted, parseAccepted } from "./accepted.ts";

const NAME = "accepted";
/** File systems that are memory: statfs(2) calls them tmpfs and ramfs. */
const MEMORY_TYPES: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const OTHERS_MODE = 0o077;
const MAX_BYTES = 16 * 1024 * 1024;

/** Who was let in before, and how to keep who will be. */
export interface KeptAccepted {
  readonly accepted: AcceptedState;
  readonly keep: (accepted: AcceptedState) => void;
}

/**
 * Keeps them over a restart in the folder that the service manager names in RUNTIME_DIRECTORY, if that is in memory and
 * not on a disk. With the file passwords can be guessed faster than bcrypt allows, so it must only be where the process
 * itself, which sees the passwords, could be read as well. Without such a folder they are forgotten when the process
 * ends.
 */
export function keepAccepted(runtimeFolder: string, log: Log): KeptAccepted {
  if (runtimeFolder === "" || !isMemory(runtimeFolder)) return { accepted: nobodyAccepted(), keep: () => {} };
  const path = join(runtimeFolder, NAME);
  return { accepted: read(path) ?? nobodyAccepted(), keep: (accepted) => write(path, accepted, log) };
}

function isMemory(folder: string): boolean {
  try {
    return MEMORY_TYPES.has(statfsSync(folder).type >>> 0);
  } catch {
    return false;
  }
}

/** null: there is none, or others may read or write it. */
function read(path: string): AcceptedState | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  try {
    const { mode, size, uid } = fstatSync(descriptor);
    const isOurs = uid === process.geteuid?.() && (mode & OTHERS_MODE) === 0 && size <= MAX_BYTES;
    return isOurs ? parseAccepted(readFileSync(descriptor, "utf8")) : null;
  } finally {
    closeSync(descriptor);
  }
}

function write(path: string, accepted: AcceptedState, log: Log): void {
  try {
    writeFileSync(`${path}.new`, formatAccepted(accepted), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (fault) {
    log.warn("keeping who was let in failed: at the next start all passwords are verified again", {
      file: path,
      err: String(fault),
    });
  }
}
