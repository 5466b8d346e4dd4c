import { Database } from "bun:sqlite";
import { checkHead } from "./file-head.ts";
import { touchFile } from "./place.ts";

/** Holds a file for this process, by a lock of SQLite's on a file beside it, which ends with the process at the latest. */
export interface Claim {
  readonly release: () => void;
}

/** Another process has the file. */
export class FileTaken extends Error {}

/** Claims a file, there or not. Throws where it cannot be used by what can be seen of it, or where another process has it. */
export function claimFile(file: string): Claim {
  checkHead(file);
  return lockFile(file);
}

/** Claims a file whatever it is. Throws where another process has it. */
export function lockFile(file: string): Claim {
  const lock = takeLock(file);
  return { release: () => lock.close() };
}

function takeLock(file: string): Database {
  // SQLite itself would only say that it cannot open it.
  touchFile(`${file}.lock`);
  const lock = new Database(`${file}.lock`, { create: true });
  try {
    lock.run("PRAGMA busy_timeout = 0");
    lock.run("PRAGMA journal_mode = MEMORY");
    lock.run("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (String(error).includes("locked")) throw new FileTaken("another process uses it: end that one first");
    throw error;
  }
}
