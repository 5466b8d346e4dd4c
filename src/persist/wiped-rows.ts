import type { Database } from "bun:sqlite";
import { GROUPS, PIECES, SEGMENTS, STAGED, wipedTable, wipedTableOf } from "./schema.ts";

/** The tables that a wipe empties, and how each is made. */
const EMPTIED = [
  ["groups", GROUPS],
  ["segments", SEGMENTS],
  ["pieces", PIECES],
  ["staged", STAGED],
] as const;

/** Rows that are deleted in one step: some ms, also where each fills many pages. */
const ROWS_A_STEP = 64;

const TABLE_NAMES = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";

/**
 * Empties a database within the transaction of its caller, at the same cost whatever it holds: the tables get other
 * names, by which nobody reads them, and new ones are in their places. What is in the old ones is to be deleted later.
 */
export function wipeRows(database: Database): void {
  const newest = Math.max(0, ...wipedTablesOf(database).map((name) => wipedTable(name)?.number ?? 0));
  for (const [name, sql] of EMPTIED) {
    database.run(`ALTER TABLE ${name} RENAME TO ${wipedTableOf(newest + 1, name)}`);
    database.run(sql);
  }
}

/** The tables whose rows are still to be deleted, by name. */
function wipedTablesOf(database: Database): string[] {
  const names = (database.query(TABLE_NAMES).all() as { name: string }[]).map(({ name }) => name);
  return names.filter((name) => wipedTable(name) !== null);
}

/** Deletes what wipes have left, a step at a time. A kill in between leaves the rest to the next start. */
export class WipedRows {
  /** null: to be looked up. */
  private tables: string[] | null = null;

  constructor(private readonly database: Database) {}

  /** The database may have been wiped. */
  noteWipe(): void {
    this.tables = null;
  }

  get isEmpty(): boolean {
    this.tables ??= wipedTablesOf(this.database);
    return this.tables.length === 0;
  }

  /**
   * Deletes some rows, or a table that has none. It need not be durable: SQLite does not wait for the disk. False:
   * nothing is left.
   */
  step(): boolean {
    const [table] = this.isEmpty ? [] : (this.tables ?? []);
    if (table === undefined) return false;
    const { database } = this;
    database.run("PRAGMA synchronous = NORMAL");
    try {
      const some = `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} LIMIT ${ROWS_A_STEP})`;
      if (database.run(some).changes === 0) {
        database.run(`DROP TABLE ${table}`);
        this.tables = null;
      }
    } finally {
      database.run("PRAGMA synchronous = FULL");
    }
    return !this.isEmpty;
  }
}
