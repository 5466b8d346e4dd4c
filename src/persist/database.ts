import type { Database } from "bun:sqlite";
import { accessSync, constants, existsSync, rmSync, statSync } from "node:fs";
import type { KeptGroups } from "../model/kept-group.ts";
import { isWipe, type Operation, type RowOperation, readBatch } from "./batch.ts";
import type { Claim } from "./claim.ts";
import { createDatabase, removeUnfinished } from "./making.ts";
import type { RefusedGroup } from "./messages.ts";
import { openOurs } from "./opening.ts";
import { isVacant } from "./place.ts";
import { type LeftOutRow, readGroup } from "./reading.ts";
import { LEFT_OUT } from "./schema.ts";
import { runsOf } from "./staged.ts";
import { WipedRows, wipeRows } from "./wiped-rows.ts";

const TABLES = ["groups", "segments", "pieces", "staged"];
const REMOVE = TABLES.map((table) => `DELETE FROM ${table} WHERE key = CAST(? AS TEXT)`);

/**
 * A row that is there keeps its place in the file, and the index on the keys is not touched. Texts come as bytes, which
 * need not be UTF-8: nothing decodes them on their way in or out.
 */
const PUT = `INSERT INTO groups
  VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
  labels = excluded.labels, succeeded = excluded.succeeded, failed = excluded.failed,
  exposition = excluded.exposition, parts = excluded.parts, ttl = excluded.ttl, push_ids = excluded.push_ids`;
const PUT_SEGMENT = `INSERT INTO segments VALUES (CAST(? AS TEXT), ?, CAST(? AS TEXT), ?)
  ON CONFLICT (key, number) DO UPDATE SET exposition = excluded.exposition, parts = excluded.parts`;
const PUT_PIECE = "INSERT INTO pieces VALUES (CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), ?)";
const DROP_SEGMENT = "DELETE FROM segments WHERE key = CAST(? AS TEXT) AND number = ?";
const DROP_PIECES = "DELETE FROM pieces WHERE key = CAST(? AS TEXT) AND number = ?";
const STAGE = `INSERT INTO staged VALUES (CAST(? AS TEXT), ?)
  ON CONFLICT (key) DO UPDATE SET numbers = excluded.numbers`;
const UNSTAGE = "DELETE FROM staged WHERE key = CAST(? AS TEXT)";
const ALL_STAGED = "SELECT CAST(key AS BLOB) AS key, CAST(numbers AS BLOB) AS numbers FROM staged";
const STAGED = `${ALL_STAGED} WHERE key = CAST(? AS TEXT)`;
/** Of the segments of a group: those of a run. */
const DROP_RUN = ["segments", "pieces"].map(
  (table) => `DELETE FROM ${table} WHERE key = CAST(? AS TEXT) AND number >= ? AND number < ?`,
);

/**
 * SQLite's primary result codes that a row itself is to blame for: it is too large, or something of the database
 * forbids it. All others (a full disk, a damaged file) are of the whole commit.
 */
const ROW_FAULTS = [/* SQLITE_TOOBIG */ 18, /* SQLITE_CONSTRAINT */ 19, /* SQLITE_MISMATCH */ 20];

/** As the table has it. */
interface StagedRow {
  readonly key: Uint8Array;
  readonly numbers: Uint8Array;
}

/**
 * The persistence file: a row a group, and further ones of large groups. Every commit is on the disk when `commit`
 * returns (WAL, synchronous=FULL). To begin with: `claimFile`, then `readKeptGroups`, which finds damage before
 * anything is written, then this.
 */
export class GroupDatabase {
  private readonly database: Database;
  private readonly wiped: WipedRows;

  /**
   * Opens or creates the file, which is closed together with its claim. Where it cannot be opened it is not made
   * either. Rows that are not to be used are put into the table `left_out`; what a change that never came to its end
   * has staged is deleted.
   */
  constructor(
    private readonly file: string,
    private readonly claim: Claim,
    leftOut: readonly LeftOutRow[] = [],
  ) {
    this.database = isVacant(file) ? openNew(file) : openDatabase(file);
    this.wiped = new WipedRows(this.database);
    try {
      if (leftOut.length > 0) this.setAside(leftOut);
      this.dropStaged();
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /** What the file takes up, its log with it. */
  get sizeBytes(): number {
    return sizeOf(this.file) + sizeOf(`${this.file}-wal`);
  }

  private setAside(rows: readonly LeftOutRow[]): void {
    const { database } = this;
    database.transaction(() => {
      database.run(LEFT_OUT.replace("TABLE", "TABLE IF NOT EXISTS"));
      // Segments first: what is said of them is taken from the rows of their groups.
      for (const table of ["segments", "groups"] as const)
        for (const row of rows) if (row.table === table) setRowAside(database, row);
    })();
  }

  private dropStaged(): void {
    const staged = this.database.query(ALL_STAGED).all() as StagedRow[];
    const drop = () => {
      for (const row of staged) dropStagedOf(this.database, row);
    };
    if (staged.length > 0) this.database.transaction(drop)();
  }

  /**
   * Carries out a batch as one transaction. Throws where it could not be made durable; then nothing of it is. Groups
   * whose rows cannot be written are left as they were and given back, and all others are written.
   */
  commit(batch: Uint8Array): RefusedGroup[] {
    const { database } = this;
    if (isWipe(batch)) this.wiped.noteWipe();
    try {
      database.transaction(() => carryOut(database, readBatch(batch)))();
      return NONE_REFUSED;
    } catch (error) {
      if (!isFaultOfRow(error)) throw error;
    }
    return database.transaction(() => this.carryOutApart(batch))();
  }

  /** Whether there are rows from before a wipe, which nobody reads and which are to be deleted. */
  get hasWiped(): boolean {
    return !this.wiped.isEmpty;
  }

  /** Deletes some of them; false: none are left. */
  deleteWiped(): boolean {
    return this.wiped.step();
  }

  /** Carries out the operations of each group by themselves. */
  private carryOutApart(batch: Uint8Array): RefusedGroup[] {
    const { database } = this;
    const refused: RefusedGroup[] = [];
    let index = -1;
    for (const operation of readBatch(batch)) {
      if (operation.kind === "group") index++;
      try {
        database.transaction(() => carryOut(database, [operation]))();
      } catch (error) {
        if (!isFaultOfRow(error) || operation.kind !== "group") throw error;
        const key = operation.key.slice();
        refused.push({ index, key, reason: reasonOf(error), before: this.restoreGroup(key) });
      }
    }
    return refused;
  }

  /** Gives a group as the file has it, without what a change that is not to be has staged. */
  private restoreGroup(key: Uint8Array): KeptGroups {
    for (const row of this.database.query(STAGED).all(key) as StagedRow[]) dropStagedOf(this.database, row);
    return readGroup(this.database, key);
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

const NONE_REFUSED: RefusedGroup[] = [];

const SET_ASIDE = {
  groups: `INSERT INTO left_out SELECT ?, key, labels, succeeded, failed, exposition, parts FROM groups WHERE rowid = ?`,
  segments: `INSERT INTO left_out SELECT ?, segments.key, coalesce(labels, '{}'), coalesce(succeeded, 0.0),
    coalesce(failed, 0.0), segments.exposition, segments.parts
    FROM segments LEFT JOIN groups ON groups.key = segments.key WHERE segments.rowid = ?`,
};

const LEAVE_OUT_PIECES = `INSERT INTO left_out SELECT ?, pieces.key, '{}', 0.0, 0.0, pieces.exposition, pieces.parts
  FROM pieces JOIN segments USING (key, number) WHERE segments.rowid = ? ORDER BY piece`;
const DROP_LEFT_OUT_PIECES =
  "DELETE FROM pieces WHERE (key, number) IN (SELECT key, number FROM segments WHERE rowid = ?)";

function setRowAside(database: Database, { table, id, reason }: LeftOutRow): void {
  database.query(SET_ASIDE[table]).run(reason, id);
  if (table === "segments") {
    database.query(LEAVE_OUT_PIECES).run(reason, id);
    database.query(DROP_LEFT_OUT_PIECES).run(id);
  }
  database.query(`DELETE FROM ${table} WHERE rowid = ?`).run(id);
}

/** Whether a row is to blame: its values cannot be bound either where the runtime says so. */
function isFaultOfRow(error: unknown): boolean {
  if (!(error instanceof Error) || !("errno" in error)) return true;
  return ROW_FAULTS.includes(Number(error.errno) & 0xff);
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Deletes what is staged of a group. */
function dropStagedOf(database: Database, { key, numbers }: StagedRow): void {
  for (const { first, count } of runsOf(numbers))
    for (const statement of DROP_RUN) database.query(statement).run(key, first, first + count);
  database.query(UNSTAGE).run(key);
}

/** Carries out operations one by one. Statements stay prepared with their database. */
export function carryOut(database: Database, operations: Iterable<Operation>): void {
  for (const operation of operations)
    if (operation.kind === "group") for (const row of operation.rows) carryOutRow(database, operation.key, row);
    else if (operation.kind === "remove") for (const statement of REMOVE) database.query(statement).run(operation.key);
    else wipeRows(database);
}

function carryOutRow(database: Database, key: Uint8Array, operation: RowOperation): void {
  switch (operation.kind) {
    case "put": {
      const { labels, succeededSeconds, failedSeconds, ttlSeconds, pushIds, row } = operation;
      const times = [succeededSeconds, failedSeconds] as const;
      database.query(PUT).run(key, labels, ...times, row.exposition, row.parts, ttlSeconds, pushIds);
      break;
    }
    case "put segment":
      database.query(DROP_PIECES).run(key, operation.number);
      database.query(PUT_SEGMENT).run(key, operation.number, operation.row.exposition, operation.row.parts);
      break;
    case "put piece": {
      const { number, piece, row } = operation;
      database.query(PUT_PIECE).run(key, number, piece, row.exposition, row.parts);
      break;
    }
    case "drop segment":
      database.query(DROP_SEGMENT).run(key, operation.number);
      database.query(DROP_PIECES).run(key, operation.number);
      break;
    case "stage":
      if (operation.numbers.length === 0) database.query(UNSTAGE).run(key);
      else database.query(STAGE).run(key, operation.numbers);
  }
}

function openDatabase(file: string): Database {
  // A kill right after the file got its name may have left the other one.
  if (existsSync(`${file}.new`)) removeUnfinished(`${file}.new`);
  // SQLite itself would open a file without the permission to write for reading, and fail at the first push.
  accessSync(file, constants.W_OK);
  // The first statement that looks at the file also makes those beside it.
  const database = openOurs(file, "write");
  database.run("PRAGMA synchronous = FULL");
  return database;
}

/**
 * Makes the file and opens it; what cannot be opened is taken away again, for it holds nothing and would only be in the
 * way.
 */
function openNew(file: string): Database {
  createDatabase(file);
  try {
    return openDatabase(file);
  } catch (error) {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
    throw error;
  }
}

/** 0 where there is no such file. */
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
