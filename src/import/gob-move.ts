import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { Fault } from "../model/fault.ts";
import { claimFile, lockFile } from "../persist/claim.ts";
import { GroupDatabase } from "../persist/database.ts";
import { FileFault } from "../persist/file-fault.ts";
import { GroupWriter } from "../persist/group-writer.ts";
import { LargeChange } from "../persist/large-change.ts";
import { removeUnfinished, setLogAside } from "../persist/making.ts";
import type { Store } from "../store/store.ts";
import { importGob } from "./gob-import.ts";
import type { Imported, ImportWatch } from "./import-watch.ts";

/** Written in one transaction. */
const GROUPS_A_COMMIT = 1000;
const BYTES_A_COMMIT = 16 << 20;

/** What was done with a file of the reference. */
export interface Moved extends Imported {
  /** Where the file of the reference is now. */
  readonly backup: string;
}

/**
 * Turns a persistence file of the reference into one of ours, by way of an empty store: reads it whole, writes
 * `F.importing`, keeps the original as `F.gob.bak`, and puts the new file in its place. Nothing that is there is ever
 * overwritten; wherever this ends, the file is either the original or the finished database.
 */
export function moveFromGob(file: string, store: Store, watch: ImportWatch): Moved | Fault {
  const claim = lockFile(file);
  const unfinished = `${file}.importing`;
  try {
    const backup = `${file}.gob.bak`;
    if (existsSync(backup) && !isCopyOf(file, backup))
      return new Fault(`${backup} is there already: move it away first`);
    const imported = importGob(readFileSync(file), store, watch);
    if (imported instanceof Fault) return imported;
    writeDatabase(unfinished, store, watch);
    keepOriginal(file, backup);
    setLogAside(file);
    renameSync(unfinished, file);
    syncFolder(file);
    return { ...imported, backup };
  } finally {
    removeUnfinished(unfinished);
    claim.release();
  }
}

/**
 * Whether both names are of one file, or of equal ones, as an attempt leaves them that was cut off before its last
 * step.
 */
function isCopyOf(file: string, backup: string): boolean {
  const [one, other] = [statSync(file), statSync(backup)];
  if (one.ino === other.ino && one.dev === other.dev) return true;
  return one.size === other.size && readFileSync(file).equals(readFileSync(backup));
}

/** Gives the original its second name, or copies it if the file system has no links. */
function keepOriginal(file: string, backup: string): void {
  if (existsSync(backup)) return;
  try {
    linkSync(file, backup);
  } catch (error) {
    if (existsSync(backup)) throw error;
    rmSync(`${backup}.part`, { force: true });
    copyFileSync(file, `${backup}.part`, constants.COPYFILE_EXCL);
    sync(`${backup}.part`);
    renameSync(`${backup}.part`, backup);
  }
  syncFolder(file);
}

/** Makes the names in the folder of a file survive a power failure. */
function syncFolder(file: string): void {
  sync(dirname(file));
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes all groups of a store to a new database; what an earlier attempt left of it is thrown away. */
function writeDatabase(file: string, store: Store, watch: ImportWatch): void {
  removeUnfinished(file);
  const database = new GroupDatabase(file, claimFile(file));
  try {
    writeGroups(database, store, watch);
  } finally {
    database.close();
  }
  rmSync(`${file}.lock`, { force: true });
}

function writeGroups(database: GroupDatabase, store: Store, watch: ImportWatch): void {
  const writer = new GroupWriter(store);
  const ofGroups = store.stats.groups;
  let groups = 0;
  for (let id = 0; id < store.groupLimit; id++) {
    const written = writer.write(id);
    if (written === null) continue;
    if (written === "large") writeLarge(database, writer, id);
    if (++groups % GROUPS_A_COMMIT !== 0 && writer.batch.sizeBytes < BYTES_A_COMMIT) continue;
    writeBatch(database, writer);
    watch.step("written", groups, ofGroups);
  }
  writeBatch(database, writer);
}

function writeLarge(database: GroupDatabase, writer: GroupWriter, id: number): void {
  const change = new LargeChange(writer, id);
  for (let slice = change.write(); slice !== null && !slice.isLast; slice = change.write())
    writeBatch(database, writer);
}

function writeBatch(database: GroupDatabase, { batch }: GroupWriter): void {
  const [refused] = database.commit(batch.finish());
  if (refused !== undefined) throw new FileFault(`writing the group {${Buffer.from(refused.key)}}: ${refused.reason}`);
}
