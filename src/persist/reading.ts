import type { Database } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import type { KeptGroups } from "../model/kept-group.ts";
import { checkHead } from "./file-head.ts";
import { KeptColumns } from "./kept-columns.ts";
import { openOurs, StrangeSchema, versionOf } from "./opening.ts";
import { type FoundRow, RowCheck } from "./row-check.ts";
import { RECHECKED_VERSION, SEGMENTED_VERSION } from "./schema.ts";
import { SideCheck } from "./side-check.ts";

/** Rows are handed over in columns of about this size. */
const HANDOVER_BYTES = 1 << 20;
const TEXTS = "typeof(key) = 'text' AND typeof(exposition) = 'text' AND typeof(parts) = 'blob'";
const CONTENT = "CAST(key AS BLOB) AS key, CAST(exposition AS BLOB) AS exposition, parts";
/** The rows of groups, each a FoundRow. */
export const READ_GROUPS = `SELECT rowid AS id, 0 AS segment, succeeded, failed, ${CONTENT},
  ${TEXTS} AND typeof(succeeded) = 'real' AND typeof(failed) = 'real' AS isTyped, 1 AS hasGroup FROM groups`;
/** A group's segments come together. */
const READ_SEGMENTS = `SELECT rowid AS id, number AS segment, 0.0 AS succeeded, 0.0 AS failed, ${CONTENT},
  ${TEXTS} AND number > 0 AS isTyped, EXISTS (SELECT 1 FROM groups WHERE groups.key = segments.key) AS hasGroup
  FROM segments ORDER BY key, number`;
const READ = { groups: READ_GROUPS, segments: READ_SEGMENTS };
/** Of what is wrong with a row no more is said. */
const REASON_CHARACTERS = 500;

/** A row that is not one that we write. */
export interface LeftOutRow {
  readonly table: "groups" | "segments";
  /** Its rowid. */
  readonly id: number;
  /** As far as it is one. */
  readonly key: string;
  readonly reason: string;
}

/**
 * All groups of a file, and then their further segments, read without changing anything: what is committed at this
 * moment, even while another process writes. `leaveOut` is called for each row that is not one of ours. Throws if the
 * file is damaged; that is certain only at the end, because every page is checked after the rows.
 */
export function* readGroups(file: string, leaveOut: (row: LeftOutRow) => void): Generator<KeptGroups> {
  checkHead(file);
  if (!existsSync(file) || statSync(file).size === 0) return;
  try {
    const database = openOurs(file, "read");
    try {
      yield* readRows(database, leaveOut);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof StrangeSchema) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`it is damaged (${reason}): restore it from a backup or move it away`);
  }
}

function* readRows(database: Database, leaveOut: (row: LeftOutRow) => void): Generator<KeptGroups> {
  const columns = new KeptColumns();
  const withoutGroup = new Set<string>();
  // Both tables as they are at one moment.
  database.run("BEGIN");
  const version = versionOf(database);
  const check = new RowCheck(version < RECHECKED_VERSION ? null : new SideCheck());
  const isSegmented = version >= SEGMENTED_VERSION;
  for (const table of isSegmented ? (["groups", "segments"] as const) : (["groups"] as const))
    for (const row of database.query(READ[table]).iterate() as IterableIterator<FoundRow>) {
      const key = () => Buffer.from(row.key).toString("latin1");
      const isOrphan = row.hasGroup !== 1 || (withoutGroup.size > 0 && withoutGroup.has(key()));
      const fault = isOrphan ? "it is part of a group that is not there" : check.findFault(row);
      if (fault === null) columns.add(row);
      else {
        if (table === "groups") withoutGroup.add(key());
        leaveOut({
          table,
          id: row.id,
          key: Buffer.from(row.key).toString(),
          reason: fault.slice(0, REASON_CHARACTERS),
        });
      }
      if (columns.sizeBytes >= HANDOVER_BYTES) yield columns.finish();
    }
  if (columns.rowCount > 0) yield columns.finish();
  const { quick_check: found } = database.query("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (found !== "ok") throw new Error(found);
}
