import { Database } from "bun:sqlite";
import { readBatch } from "./batch.ts";
import { carryOut, SCHEMA_VERSION } from "./database.ts";

/** A row that is not to stay as it is. */
export interface Amendment {
  readonly key: Uint8Array;
  readonly reason: string;
  /** What is to be done instead, as a batch. */
  readonly batch: Uint8Array;
}

const LEFT_OUT = `CREATE TABLE IF NOT EXISTS left_out (
  reason TEXT NOT NULL,
  key TEXT NOT NULL,
  labels TEXT NOT NULL,
  succeeded REAL NOT NULL,
  failed REAL NOT NULL,
  exposition TEXT NOT NULL,
  parts BLOB NOT NULL
)`;

/**
 * Brings a database of an older schema version to the present one. Rows that are amended are kept as they were in the table
 * `left_out`. All of it is one transaction. The caller has the file claimed.
 */
export function amendDatabase(file: string, amendments: readonly Amendment[]): void {
  const database = new Database(file);
  try {
    database.run("PRAGMA synchronous = FULL");
    database.transaction(() => {
      if (amendments.length > 0) database.run(LEFT_OUT);
      for (const amendment of amendments) amend(database, amendment);
      database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    })();
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
}

function amend(database: Database, { key, reason, batch }: Amendment): void {
  database
    .query(
      "INSERT INTO left_out SELECT ?, key, labels, succeeded, failed, exposition, parts FROM groups WHERE key = CAST(? AS TEXT)",
    )
    .run(reason, key);
  carryOut(database, readBatch(batch));
}
