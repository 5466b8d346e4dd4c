import { existsSync, linkSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { Rejection } from "../model/rejection.ts";
import { BatchWriter } from "../persist/batch.ts";
import { claimFile, GroupDatabase, readHead, removeUnfinished } from "../persist/database.ts";
import { isGob } from "../persist/gob/read.ts";
import { RowWriter } from "../persist/record.ts";
import { Store } from "../store/store.ts";
import { importGob } from "./gob-import.ts";

const HEAD_BYTES = 64;
/** Groups written in one transaction. */
const GROUPS_A_COMMIT = 1000;

/** What was done with a file of the reference. */
export interface Moved {
  readonly groups: number;
  readonly leftOut: number;
  /** Where the file of the reference is now. */
  readonly backup: string;
}

/**
 * Turns a persistence file of the reference into one of ours: reads it whole, writes `F.importing`, keeps the original as
 * `F.gob.bak`, and puts the new file in its place. null: the file is not one of the reference. Nothing that is there is ever
 * overwritten; where anything fails the original is still under its name.
 */
export function moveFromGob(file: string): Moved | Rejection | null {
  if (!existsSync(file) || !statSync(file).isFile() || !isGob(readHead(file, HEAD_BYTES))) return null;
  const backup = `${file}.gob.bak`;
  if (existsSync(backup) && !isSameFile(file, backup))
    return new Rejection("unavailable", `${backup} is there already: move it away first`);
  const store = new Store(new Map(), false);
  const imported = importGob(readFileSync(file), store);
  if (imported instanceof Rejection) return imported;
  writeDatabase(`${file}.importing`, store);
  if (!existsSync(backup)) linkSync(file, backup);
  renameSync(`${file}.importing`, file);
  return { ...imported, backup };
}

/** Whether both names are of one file, as an attempt leaves them that was cut off before its last step. */
function isSameFile(a: string, b: string): boolean {
  const [one, other] = [statSync(a), statSync(b)];
  return one.ino === other.ino && one.dev === other.dev;
}

/** Writes all groups of a store to a new database; what an earlier attempt left of it is thrown away. */
function writeDatabase(file: string, store: Store): void {
  removeUnfinished(file);
  const database = new GroupDatabase(file, claimFile(file));
  const batch = new BatchWriter();
  const rows = new RowWriter();
  let groups = 0;
  for (const { key, view, succeededSeconds, failedSeconds } of store.keyedGroups()) {
    batch.put(key, succeededSeconds, failedSeconds, rows.write(view));
    if (++groups % GROUPS_A_COMMIT === 0) database.commit(batch.finish());
  }
  database.commit(batch.finish());
  database.close();
  rmSync(`${file}.lock`, { force: true });
}
