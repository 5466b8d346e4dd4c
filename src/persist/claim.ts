import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { FileFault } from "./file-fault.ts";
import { checkHead } from "./file-head.ts";
import { openFile } from "./opening.ts";
import { touchFile } from "./place.ts";

/**
 * Holds a file for this process, by a lock of SQLite's on a file beside it, which ends with the process at the latest.
 */
export interface Claim {
  readonly release: () => void;
}

/** Another process has the file. */
export class FileTaken extends FileFault {}

/**
 * Claims a file, there or not, by its absolute path without links (`realFile`). Throws where it cannot be used by what
 * can be seen of it, or where another process has it, under this name or another.
 */
export function claimFile(file: string): Claim {
  checkHead(file);
  const claim = lockFile(file);
  try {
    checkOtherNames(file);
    return claim;
  } catch (error) {
    claim.release();
    throw error;
  }
}

/** Claims a file whatever it is. Throws where another process has it. */
export function lockFile(file: string): Claim {
  const lock = takeLock(file);
  return { release: () => lock.close() };
}

function takeLock(file: string): Database {
  // SQLite itself would only say that it cannot open it.
  touchFile(`${file}.lock`);
  const lock = openFile(`${file}.lock`, "write");
  try {
    lock.run("PRAGMA busy_timeout = 0");
    lock.run("PRAGMA journal_mode = MEMORY");
    lock.run("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (isLocked(error)) throw new FileTaken("another process uses it: end that one first");
    throw error;
  }
}

const isLocked = (error: unknown): boolean => String(error).includes("locked");

/**
 * A file with several names (hard links) has a lock file beside each. A process that has the database open also holds
 * SQLite's lock on the file itself; that shows it.
 */
function checkOtherNames(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || found.nlink < 2 || found.size === 0) return;
  const database = openFile(file, "write");
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("PRAGMA trusted_schema = OFF");
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.query("PRAGMA user_version").get();
  } catch (error) {
    if (isLocked(error))
      throw new FileTaken(`another process uses it (it has ${found.nlink} names): end that one first`);
    throw error;
  } finally {
    database.close();
  }
}
