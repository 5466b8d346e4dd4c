import { closeSync, existsSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { FileFault } from "./file-fault.ts";
import { openFile } from "./opening.ts";
import { makingFault } from "./place.ts";
import { APPLICATION_ID, DATABASE_PAGE_BYTES, GROUPS, PIECES, SCHEMA_VERSION, SEGMENTS, STAGED } from "./schema.ts";

/**
 * Takes SQLite's log of an earlier database away from a name that a new one gets: SQLite would read the one's pages out
 * of the log of the other. It is kept as `F-wal.kept`, for its database may be somewhere.
 */
export function setLogAside(file: string): void {
  const log = `${file}-wal`;
  let kept = `${log}.kept`;
  for (let n = 2; existsSync(log) && existsSync(kept); n++) kept = `${log}.kept-${n}`;
  if (existsSync(log)) renameSync(log, kept);
  rmSync(`${file}-shm`, { force: true });
}

/** Removes what an attempt to make a database left of it, which nobody uses. */
export function removeUnfinished(file: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal", ".lock"]) rmSync(file + suffix, { force: true });
}

/** Makes a database under another name first: under its own it is never anything but whole. */
export function createDatabase(file: string): void {
  const unfinished = `${file}.new`;
  try {
    removeUnfinished(unfinished);
    // Nobody else may read what was pushed; SQLite gives the files beside it the same mode.
    closeSync(openSync(unfinished, "wx", 0o600));
    fillDatabase(unfinished);
    setLogAside(file);
    putInPlace(unfinished, file);
  } catch (error) {
    removeUnfinished(unfinished);
    throw new FileFault(makingFault(error, unfinished));
  }
}

function fillDatabase(file: string): void {
  const database = openFile(file, "write");
  try {
    database.run("PRAGMA synchronous = FULL");
    database.run(`PRAGMA page_size = ${DATABASE_PAGE_BYTES}`);
    for (const table of [GROUPS, SEGMENTS, PIECES, STAGED]) database.run(table);
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.run("PRAGMA journal_mode = WAL");
  } finally {
    database.close();
  }
}

/**
 * Gives a finished file its name. What others put there meanwhile stays: a link, unlike a rename, never replaces
 * anything.
 */
function putInPlace(unfinished: string, file: string): void {
  if (existsSync(file)) return renameSync(unfinished, file);
  try {
    linkSync(unfinished, file);
    rmSync(unfinished);
  } catch (error) {
    if (existsSync(file)) throw error;
    // Not every file system knows links.
    renameSync(unfinished, file);
  }
}
