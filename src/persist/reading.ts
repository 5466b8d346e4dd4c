import type { Database } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import type { KeptGroups } from "../model/kept-group.ts";
import { checkHead } from "./file-head.ts";
import { KeptColumns, type KeptRow } from "./kept-columns.ts";
import { openOurs, StrangeSchema, versionOf } from "./opening.ts";
import { SEGMENTED_VERSION } from "./schema.ts";

/** Rows are handed over in columns of about this size. */
const HANDOVER_BYTES = 1 << 20;
const READ_GROUPS = `SELECT CAST(key AS BLOB) AS key, 0 AS segment, succeeded, failed,
  CAST(exposition AS BLOB) AS exposition, parts FROM groups`;
const READ_SEGMENTS = `SELECT CAST(key AS BLOB) AS key, number AS segment, 0.0 AS succeeded, 0.0 AS failed,
  CAST(exposition AS BLOB) AS exposition, parts FROM segments`;

/**
 * All groups of a file, and then their further segments, read without changing anything: what is committed at this moment, whoever
 * writes to it. Throws where the file is damaged, which is certain only at the end: after the rows every page is gone through.
 */
export function* readGroups(file: string): Generator<KeptGroups> {
  checkHead(file);
  if (!existsSync(file) || statSync(file).size === 0) return;
  try {
    const database = openOurs(file, "read");
    try {
      yield* readRows(database);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof StrangeSchema) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`it is damaged (${reason}): restore it from a backup or move it away`);
  }
}

function* readRows(database: Database): Generator<KeptGroups> {
  const columns = new KeptColumns();
  // Both tables as they are at one moment.
  database.run("BEGIN");
  const statements = versionOf(database) < SEGMENTED_VERSION ? [READ_GROUPS] : [READ_GROUPS, READ_SEGMENTS];
  for (const statement of statements)
    for (const row of database.query(statement).iterate() as IterableIterator<KeptRow>) {
      columns.add(row);
      if (columns.sizeBytes >= HANDOVER_BYTES) yield columns.finish();
    }
  if (columns.rowCount > 0) yield columns.finish();
  const { quick_check: found } = database.query("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (found !== "ok") throw new Error(found);
}
