import type { Database } from "bun:sqlite";
import { accessSync, constants, existsSync, rmSync } from "node:fs";
import { type Operation, readBatch } from "./batch.ts";
import type { Claim } from "./claim.ts";
import { createDatabase, removeUnfinished } from "./making.ts";
import type { RefusedRow } from "./messages.ts";
import { openOurs } from "./opening.ts";
import { isVacant } from "./place.ts";
import type { LeftOutRow } from "./reading.ts";
import { LEFT_OUT } from "./schema.ts";

const REMOVE = ["groups", "segments"].map((table) => `DELETE FROM ${table} WHERE key = CAST(? AS TEXT)`);
const WIPE = ["groups", "segments"].map((table) => `DELETE FROM ${table}`);

/**
 * A row that is there keeps its place in the file, and the index on the keys is not touched. Texts come as bytes, which
 * need not be UTF-8: nothing decodes them on their way in or out.
 */
const PUT = `INSERT INTO groups
  VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), ?) ON CONFLICT (key) DO UPDATE SET
  labels = excluded.labels, succeeded = excluded.succeeded, failed = excluded.failed,
  exposition = excluded.exposition, parts = excluded.parts`;
const PUT_SEGMENT = `INSERT INTO segments VALUES (CAST(? AS TEXT), ?, CAST(? AS TEXT), ?)
  ON CONFLICT (key, number) DO UPDATE SET exposition = excluded.exposition, parts = excluded.parts`;
const DROP_SEGMENT = "DELETE FROM segments WHERE key = CAST(? AS TEXT) AND number = ?";

/**
 * SQLite's primary result codes that a row itself is to blame for: it is too large, or something of the database
 * forbids it. All others (a full disk, a damaged file) are of the whole commit.
 */
const ROW_FAULTS = [/* SQLITE_TOOBIG */ 18, /* SQLITE_CONSTRAINT */ 19, /* SQLITE_MISMATCH */ 20];

/**
 * The durable copy: a row a group, and further ones of large groups. Every commit is on the disk when `commit` returns
 * (WAL, synchronous=FULL). To begin with: `claimFile`, then `readGroups`, which finds damage before anything is
 * written, then this.
 */
export class GroupDatabase {
  private readonly database: Database;

  /**
   * Opens or creates the file, which is closed together with its claim. Where it cannot be opened it is not made
   * either. Rows that are not to be used are put into the table `left_out`.
   */
  constructor(
    file: string,
    private readonly claim: Claim,
    leftOut: readonly LeftOutRow[] = [],
  ) {
    this.database = isVacant(file) ? openNew(file) : openDatabase(file);
    if (leftOut.length > 0) this.setAside(leftOut);
  }

  private setAside(rows: readonly LeftOutRow[]): void {
    const { database } = this;
    try {
      database.transaction(() => {
        database.run(LEFT_OUT.replace("TABLE", "TABLE IF NOT EXISTS"));
        // Segments first: what is said of them is taken from the rows of their groups.
        for (const table of ["segments", "groups"] as const)
          for (const row of rows) if (row.table === table) setRowAside(database, row);
      })();
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /**
   * Carries out a batch as one transaction. Throws where it could not be made durable; then nothing of it is. Groups
   * whose rows cannot be written are left as they were and given back, and all others are written.
   */
  commit(batch: Uint8Array): RefusedRow[] {
    const { database } = this;
    try {
      database.transaction(() => carryOut(database, readBatch(batch)))();
      return NONE_REFUSED;
    } catch (error) {
      if (!isFaultOfRow(error)) throw error;
    }
    return database.transaction(() => this.carryOutApart(batch))();
  }

  /** Carries out the operations of each group by themselves. */
  private carryOutApart(batch: Uint8Array): RefusedRow[] {
    const refused: RefusedRow[] = [];
    let put = -1;
    for (const operations of operationsByGroup(readBatch(batch))) {
      const [first] = operations;
      if (first?.kind === "put") put++;
      try {
        this.database.transaction(() => carryOut(this.database, operations))();
      } catch (error) {
        if (!isFaultOfRow(error) || first?.kind !== "put") throw error;
        refused.push({ put, key: first.key.slice(), reason: reasonOf(error) });
      }
    }
    return refused;
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

const NONE_REFUSED: RefusedRow[] = [];

const SET_ASIDE = {
  groups: `INSERT INTO left_out SELECT ?, key, labels, succeeded, failed, exposition, parts FROM groups WHERE rowid = ?`,
  segments: `INSERT INTO left_out SELECT ?, segments.key, coalesce(labels, '{}'), coalesce(succeeded, 0.0),
    coalesce(failed, 0.0), segments.exposition, segments.parts
    FROM segments LEFT JOIN groups ON groups.key = segments.key WHERE segments.rowid = ?`,
};

function setRowAside(database: Database, { table, id, reason }: LeftOutRow): void {
  database.query(SET_ASIDE[table]).run(reason, id);
  database.query(`DELETE FROM ${table} WHERE rowid = ?`).run(id);
}

/** Whether a row is to blame: its values cannot be bound either where the runtime says so. */
function isFaultOfRow(error: unknown): boolean {
  if (!(error instanceof Error) || !("errno" in error)) return true;
  return ROW_FAULTS.includes(Number(error.errno) & 0xff);
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The operations of a group together, its own row first; an operation without a row is alone. */
function* operationsByGroup(operations: Iterable<Operation>): Generator<Operation[]> {
  let together: Operation[] = [];
  for (const operation of operations) {
    if (!operation.kind.endsWith("segment") && together.length > 0) {
      yield together;
      together = [];
    }
    together.push(operation);
  }
  if (together.length > 0) yield together;
}

/** Carries out operations one by one. Statements stay prepared with their database. */
export function carryOut(database: Database, operations: Iterable<Operation>): void {
  const put = database.query(PUT);
  for (const operation of operations)
    switch (operation.kind) {
      case "put": {
        const { key, labels, succeededSeconds, failedSeconds, row } = operation;
        put.run(key, labels, succeededSeconds, failedSeconds, row.exposition, row.parts);
        break;
      }
      case "put segment":
        database.query(PUT_SEGMENT).run(operation.key, operation.number, operation.row.exposition, operation.row.parts);
        break;
      case "drop segment":
        database.query(DROP_SEGMENT).run(operation.key, operation.number);
        break;
      case "remove":
        for (const statement of REMOVE) database.query(statement).run(operation.key);
        break;
      case "wipe":
        for (const statement of WIPE) database.query(statement).run();
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
