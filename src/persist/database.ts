import { Database } from "bun:sqlite";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import type { KeptGroups } from "../model/kept-group.ts";
import { type Operation, readBatch } from "./batch.ts";
import { KeptColumns, type KeptRow } from "./kept-columns.ts";
import { isVacant, makingFault, touchFile } from "./place.ts";

/** "PGWT", in SQLite's header: the file is one of ours. */
const APPLICATION_ID = 0x50475754;
/** 1: what is in it could be pushed once; such a file is looked through before it is used. 2: it can be pushed today. */
export const SCHEMA_VERSION = 2;
/** Of SQLite's header (its file format, section 1.3). */
export const HEAD_BYTES = 100;
const SQLITE_MAGIC = "SQLite format 3\0";
/** Rows are handed over in columns of about this size. */
const HANDOVER_BYTES = 1 << 20;
const READ = `SELECT CAST(key AS BLOB) AS key, succeeded, failed, CAST(exposition AS BLOB) AS exposition, parts FROM groups`;

const REMOVE = "DELETE FROM groups WHERE key = CAST(? AS TEXT)";

const SCHEMA = `CREATE TABLE groups (
  key TEXT NOT NULL PRIMARY KEY,
  labels TEXT NOT NULL,
  succeeded REAL NOT NULL,
  failed REAL NOT NULL,
  exposition TEXT NOT NULL,
  parts BLOB NOT NULL
)`;

/**
 * A row that is there keeps its place in the file, and the index on the keys is not touched. Texts come as bytes, which need not
 * be UTF-8: nothing decodes them on their way in or out.
 */
const PUT = `INSERT INTO groups
  VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), ?) ON CONFLICT (key) DO UPDATE SET
  labels = excluded.labels, succeeded = excluded.succeeded, failed = excluded.failed,
  exposition = excluded.exposition, parts = excluded.parts`;
/** Rows of some KiB, as those of ordinary groups are, then leave little room unused. */
const PAGE_BYTES = 8192;

/**
 * The durable copy: one row a group. Every commit is on the disk when `commit` returns (WAL, synchronous=FULL). To begin with:
 * `claimFile`, then `readGroups`, which finds damage before anything is written, then this.
 */
export class GroupDatabase {
  private readonly database: Database;

  /** Opens or creates the file, which is closed together with its claim. Where it cannot be opened it is not made either. */
  constructor(
    file: string,
    private readonly claim: Claim,
  ) {
    this.database = isVacant(file) ? openNew(file) : openDatabase(file);
  }

  /** Carries out a batch as one transaction. Throws where it could not be made durable; then nothing of it is. */
  commit(batch: Uint8Array): void {
    this.database.transaction(() => carryOut(this.database, readBatch(batch)))();
  }

  /** Moves everything from the log into the file, so that the file alone is the whole database, and closes it. */
  close(): void {
    try {
      this.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.database.close();
      this.claim.release();
    }
  }
}

/** Carries out operations one by one. Statements stay prepared with their database. */
export function carryOut(database: Database, operations: Iterable<Operation>): void {
  const put = database.query(PUT);
  for (const operation of operations) {
    if (operation.kind === "wipe") database.query("DELETE FROM groups").run();
    else if (operation.kind === "remove") database.query(REMOVE).run(operation.key);
    else {
      const { key, succeededSeconds, failedSeconds, row } = operation;
      put.run(key, row.labels, succeededSeconds, failedSeconds, row.exposition, row.parts);
    }
  }
}

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

/**
 * All groups of a file, read without changing anything: what is committed at this moment, whoever writes to it. Throws where
 * the file is damaged, which is certain only at the end: after the rows every page is gone through.
 */
export function* readGroups(file: string): Generator<KeptGroups> {
  checkHead(file);
  if (!existsSync(file) || statSync(file).size === 0) return;
  const database = new Database(file, { readonly: true });
  try {
    yield* readRows(database);
    const { quick_check: found } = database.query("PRAGMA quick_check(1)").get() as { quick_check: string };
    if (found !== "ok") throw new Error(found);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`it is damaged (${reason}): restore it from a backup or move it away`);
  } finally {
    database.close();
  }
}

function* readRows(database: Database): Generator<KeptGroups> {
  const columns = new KeptColumns();
  for (const row of database.query(READ).iterate() as IterableIterator<KeptRow>) {
    columns.add(row);
    if (columns.sizeBytes >= HANDOVER_BYTES) yield columns.finish();
  }
  if (columns.groupCount > 0) yield columns.finish();
}

/** Whether a file that begins with these bytes is a database of ours of a schema version before the present one. */
export function isOlderDatabase(head: Buffer): boolean {
  if (head.length < HEAD_BYTES || head.subarray(0, 16).toString("latin1") !== SQLITE_MAGIC) return false;
  return head.readUInt32BE(68) === APPLICATION_ID && head.readUInt32BE(60) < SCHEMA_VERSION;
}

/** Throws, in words for people, what can be seen to be wrong with a file by its head. */
function checkHead(file: string): void {
  if (!existsSync(file)) return;
  if (!statSync(file).isFile()) throw new Error("it is not a file: name a file that can be created");
  const head = readHead(file, HEAD_BYTES);
  if (head.length === 0) return;
  if (head.subarray(0, 16).toString("latin1") !== SQLITE_MAGIC)
    throw new Error("it is not a database of the Pushgateway: move it away or name another file");
  if (head.length < HEAD_BYTES) throw new Error("it is cut short: restore it from a backup or move it away");
  const version = head.readUInt32BE(60);
  if (head.readUInt32BE(68) !== APPLICATION_ID)
    throw new Error("it is a database of another program: move it away or name another file");
  if (version > SCHEMA_VERSION)
    throw new Error(`its schema version is ${version}, this program knows ${SCHEMA_VERSION}: use a newer Pushgateway`);
  const pageBytes = head.readUInt16BE(16) === 1 ? 65536 : head.readUInt16BE(16);
  if (statSync(file).size < pageBytes * head.readUInt32BE(28) && !existsSync(`${file}-wal`))
    throw new Error("it is cut short: restore it from a backup or move it away");
}

/** The first bytes of a file, or all of them where there are fewer. */
export function readHead(file: string, sizeBytes: number): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const head = Buffer.alloc(sizeBytes);
    return head.subarray(0, readSync(descriptor, head, 0, sizeBytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Takes SQLite's log of an earlier database away from a name that a new one gets: SQLite would read the one's pages out of the
 * log of the other. It is kept as `F-wal.kept`, for its database may be somewhere.
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

function openDatabase(file: string): Database {
  // A kill right after the file got its name may have left the other one.
  if (existsSync(`${file}.new`)) removeUnfinished(`${file}.new`);
  // SQLite itself would open a file without the permission to write for reading, and fail at the first push.
  accessSync(file, constants.W_OK);
  const database = new Database(file);
  try {
    database.run("PRAGMA synchronous = FULL");
    // The first statement that looks at the file also makes those beside it.
    database.query("PRAGMA schema_version").get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Makes the file and opens it; what cannot be opened is taken away again, for it holds nothing and would only be in the way. */
function openNew(file: string): Database {
  const target = targetOf(file);
  createDatabase(target);
  try {
    return openDatabase(file);
  } catch (error) {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(target + suffix, { force: true });
    throw error;
  }
}

/** A name that is a symbolic link to nothing yet stays one: the file is made where it leads. */
function targetOf(file: string): string {
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? resolve(dirname(file), readlinkSync(file)) : file;
}

/** Makes a database under another name first: under its own it is never anything but whole. */
function createDatabase(file: string): void {
  const unfinished = `${file}.new`;
  try {
    removeUnfinished(unfinished);
    // What was pushed is for nobody else to read; SQLite gives the files beside it the same mode.
    closeSync(openSync(unfinished, "wx", 0o600));
    fillDatabase(unfinished);
    setLogAside(file);
    putInPlace(unfinished, file);
  } catch (error) {
    removeUnfinished(unfinished);
    throw new Error(makingFault(error, unfinished));
  }
}

function fillDatabase(file: string): void {
  const database = new Database(file);
  try {
    database.run("PRAGMA synchronous = FULL");
    database.run(`PRAGMA page_size = ${PAGE_BYTES}`);
    database.run(SCHEMA);
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.run("PRAGMA journal_mode = WAL");
  } finally {
    database.close();
  }
}

/** Gives a finished file its name. What others put there meanwhile stays: a link, unlike a rename, never replaces anything. */
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
