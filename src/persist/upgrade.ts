import type { Database } from "bun:sqlite";
import { PUSH_FAILURE_TIME, PUSH_TIME } from "../model/push-times.ts";
import { RowCheck } from "../rows/row-check.ts";
import { SideCheck } from "../rows/side-check.ts";
import { type RowOperation, readBatch } from "./batch.ts";
import { carryOut } from "./database.ts";
import { ROW_BYTES } from "./group-writer.ts";
import { openOurs, versionOf } from "./opening.ts";
import { type FoundRow, readGroupRows } from "./reading.ts";
import { splitRow } from "./row-split.ts";
import {
  ADD_PUSH_IDS,
  ADD_TTL,
  LEFT_OUT,
  PIECES,
  PUSH_IDS_VERSION,
  SCHEMA_VERSION,
  SEGMENTED_VERSION,
  SEGMENTS,
  STAGED,
  STAGED_VERSION,
  TTL_VERSION,
} from "./schema.ts";

/** A row that is not to stay as it is. */
export interface Amendment {
  readonly key: Uint8Array;
  readonly reason: string;
  /** What is to be done instead, as a batch. */
  readonly batch: Uint8Array;
}

const OWN: ReadonlySet<string> = new Set([PUSH_TIME, PUSH_FAILURE_TIME]);
const LARGE = `SELECT rowid AS id FROM groups WHERE octet_length(exposition) + octet_length(parts) > ${ROW_BYTES}`;
const ROW = `${readGroupRows(SCHEMA_VERSION)} WHERE rowid = ?`;
const LABELS = "SELECT CAST(labels AS BLOB) AS labels FROM groups WHERE rowid = ?";

/**
 * Brings a database of an older schema version to the present one. Rows that are amended are kept as they were in the
 * table `left_out`; large rows are split, one by one. All of it is one transaction. The caller has the file claimed.
 * `step` is called before each large row; where it throws the file stays what it was.
 */
export function upgradeDatabase(file: string, amendments: readonly Amendment[], step: () => void): void {
  const database = openOurs(file, "write");
  try {
    database.run("PRAGMA synchronous = FULL");
    database.transaction(() => upgrade(database, amendments, step))();
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
}

function upgrade(database: Database, amendments: readonly Amendment[], step: () => void): void {
  // The head of the file may be older than the database: a kill came before the log was moved into it.
  const version = versionOf(database);
  if (version < SEGMENTED_VERSION) database.run(SEGMENTS);
  if (version < STAGED_VERSION) for (const table of [PIECES, STAGED]) database.run(table);
  if (version < TTL_VERSION) database.run(ADD_TTL);
  if (version < PUSH_IDS_VERSION) database.run(ADD_PUSH_IDS);
  if (amendments.length > 0) database.run(LEFT_OUT.replace("TABLE", "TABLE IF NOT EXISTS"));
  for (const amendment of amendments) amend(database, amendment);
  const check = new RowCheck(new SideCheck());
  const large = version < SEGMENTED_VERSION ? database.query(LARGE).all() : [];
  for (const { id } of large as { id: number }[]) {
    step();
    const row = database.query(ROW).get(id) as FoundRow;
    // What is not one of ours is found, and left out, when the file is read.
    if (check.findFault(row) === null) split(database, row);
  }
  database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function amend(database: Database, { key, reason, batch }: Amendment): void {
  database
    .query(
      "INSERT INTO left_out SELECT ?, key, labels, succeeded, failed, exposition, parts FROM groups WHERE key = CAST(? AS TEXT)",
    )
    .run(reason, key);
  carryOut(database, readBatch(batch));
}

function split(database: Database, row: FoundRow): void {
  const { key, succeeded: succeededSeconds, failed: failedSeconds, ttl: ttlSeconds, pushIds } = row;
  const { labels } = database.query(LABELS).get(row.id) as { labels: Uint8Array };
  let number = 0;
  for (const part of splitRow(row, OWN)) {
    const times = { succeededSeconds, failedSeconds, ttlSeconds };
    const own: RowOperation = { kind: "put", labels, ...times, pushIds, row: part };
    const further: RowOperation = { kind: "put segment", number, row: part };
    carryOut(database, [{ kind: "group", key, rows: [number === 0 ? own : further] }]);
    number++;
  }
}
