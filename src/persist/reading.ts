import type { Database } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import { NO_OWN_TTL } from "../model/group-ttl.ts";
import type { KeptGroups } from "../model/kept-group.ts";
import { KeptColumns } from "../rows/kept-columns.ts";
import { RowCheck, type UncheckedRow } from "../rows/row-check.ts";
import { SideCheck } from "../rows/side-check.ts";
import { FileFault } from "./file-fault.ts";
import { checkHead } from "./file-head.ts";
import { openOurs, StrangeSchema, versionOf } from "./opening.ts";
import { PUSH_IDS_VERSION, RECHECKED_VERSION, SEGMENTED_VERSION, STAGED_VERSION, TTL_VERSION } from "./schema.ts";
import { isStaged, runsOf, type SegmentRun } from "./staged.ts";

/** Rows are handed over in columns of about this size. */
const HANDOVER_BYTES = 256 * 1024;
const TEXTS = "typeof(key) = 'text' AND typeof(exposition) = 'text' AND typeof(parts) = 'blob'";
const CONTENT = "CAST(key AS BLOB) AS key, CAST(exposition AS BLOB) AS exposition, parts";
const NONE = "x''";
/** Reads the rows of groups of a database of a version, each a FoundRow. */
export function readGroupRows(version: number): string {
  const ttl = version < TTL_VERSION ? `${NO_OWN_TTL}.0` : "ttl";
  const pushIds = version < PUSH_IDS_VERSION ? NONE : "push_ids";
  return `SELECT rowid AS id, 0 AS segment, succeeded, failed, ${ttl} AS ttl,
  ${pushIds} AS pushIds, ${CONTENT},
  ${TEXTS} AND typeof(succeeded) = 'real' AND typeof(failed) = 'real' AND typeof(${ttl}) = 'real'
  AND typeof(${pushIds}) = 'blob' AS isTyped,
  1 AS hasGroup, 0 AS hasPieces FROM groups`;
}
const HAS_GROUP = "EXISTS (SELECT 1 FROM groups WHERE groups.key = segments.key)";
const HAS_PIECES = "EXISTS (SELECT 1 FROM pieces WHERE pieces.key = segments.key AND pieces.number = segments.number)";
const readSegments = (hasPieces: string): string => `SELECT rowid AS id, number AS segment, 0.0 AS succeeded,
  0.0 AS failed, ${NO_OWN_TTL}.0 AS ttl, ${NONE} AS pushIds, ${CONTENT}, ${TEXTS} AND number > 0 AS isTyped, ${HAS_GROUP} AS hasGroup, ${hasPieces} AS hasPieces
  FROM segments`;
/** A group's segments come together. */
const IN_ORDER = "ORDER BY key, number";
const OF_KEY = "WHERE key = CAST(? AS TEXT)";
const READ_PIECES = `SELECT ${CONTENT}, ${TEXTS} AS isTyped FROM pieces ${OF_KEY} AND number = ? ORDER BY piece`;
const READ_STAGED = "SELECT CAST(key AS BLOB) AS key, CAST(numbers AS BLOB) AS numbers FROM staged";
/** Of what is wrong with a row no more is said. */
const REASON_CHARACTERS = 500;

/** A row of a group as it is read. */
export interface FoundRow extends UncheckedRow {
  /** Its rowid. */
  readonly id: number;
  /** 1: the row of its group is there. */
  readonly hasGroup: number;
}

interface StoredRow extends FoundRow {
  /** 1: there are pieces of it. */
  readonly hasPieces: number;
}

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
 * file is damaged; that is certain only at the end, because every page is checked after the rows. `use`: as `openOurs`.
 */
export function* readKeptGroups(
  file: string,
  leaveOut: (row: LeftOutRow) => void,
  use: "look" | "read" = "read",
): Generator<KeptGroups> {
  checkHead(file);
  if (!existsSync(file) || statSync(file).size === 0) return;
  try {
    const database = openOurs(file, use);
    try {
      yield* readRows(database, leaveOut);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof StrangeSchema) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileFault(`it is damaged (${reason}): restore it from a backup or move it away`);
  }
}

function* readRows(database: Database, leaveOut: (row: LeftOutRow) => void): Generator<KeptGroups> {
  // All tables as they are at one moment.
  database.run("BEGIN");
  const reader = new RowReader(database, leaveOut);
  const { columns, version } = reader;
  const rows = (statement: string) => database.query(statement).iterate() as IterableIterator<StoredRow>;
  for (const row of rows(readGroupRows(version))) if (reader.add("groups", row)) yield columns.finish();
  const segments = readSegments(version < STAGED_VERSION ? "0" : HAS_PIECES);
  if (version >= SEGMENTED_VERSION)
    for (const row of rows(`${segments} ${IN_ORDER}`)) if (reader.add("segments", row)) yield columns.finish();
  if (columns.rowCount > 0) yield columns.finish();
  const { quick_check: found } = database.query("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (found !== "ok") throw new FileFault(found);
}

/** A group of a database of today, with nothing staged; rows that are not ours are left out. */
export function readGroup(database: Database, key: Uint8Array): KeptGroups {
  const reader = new RowReader(database, () => {});
  const rows = (statement: string) => database.query(`${statement} ${OF_KEY} ${IN_ORDER}`).all(key) as StoredRow[];
  const groups = `${readGroupRows(reader.version)} ${OF_KEY}`;
  for (const row of database.query(groups).all(key) as StoredRow[]) reader.add("groups", row);
  for (const row of rows(readSegments(HAS_PIECES))) reader.add("segments", row);
  return reader.columns.finish();
}

/** Takes rows as they are found into columns. */
class RowReader {
  readonly columns = new KeptColumns();
  readonly version: number;
  private readonly check: RowCheck;
  /** The keys of groups whose own rows are left out. */
  private readonly withoutGroup = new Set<string>();
  /** The segments that do not count, by key. */
  private readonly staged = new Map<string, readonly SegmentRun[]>();

  constructor(
    private readonly database: Database,
    private readonly leaveOut: (row: LeftOutRow) => void,
  ) {
    this.version = versionOf(database);
    this.check = new RowCheck(this.version < RECHECKED_VERSION ? null : new SideCheck());
    if (this.version < STAGED_VERSION) return;
    for (const { key, numbers } of database.query(READ_STAGED).all() as { key: Uint8Array; numbers: Uint8Array }[])
      this.staged.set(textOf(key), runsOf(numbers));
  }

  /** Takes a row, or leaves it out. True: the columns are to be handed over. */
  add(table: "groups" | "segments", found: StoredRow): boolean {
    if (this.isStaged(found)) return false;
    const row = found.hasPieces === 1 ? this.joined(found) : found;
    const isOrphan = row.hasGroup !== 1 || (this.withoutGroup.size > 0 && this.withoutGroup.has(textOf(row.key)));
    const fault = isOrphan ? "it is part of a group that is not there" : this.check.findFault(row);
    if (fault === null) this.columns.add(row);
    else {
      if (table === "groups") this.withoutGroup.add(textOf(row.key));
      const reason = fault.slice(0, REASON_CHARACTERS);
      this.leaveOut({ table, id: row.id, key: Buffer.from(row.key).toString(), reason });
    }
    return this.columns.sizeBytes >= HANDOVER_BYTES;
  }

  private isStaged({ key, segment }: StoredRow): boolean {
    return segment > 0 && this.staged.size > 0 && isStaged(this.staged.get(textOf(key)) ?? [], segment);
  }

  /** A segment with its pieces. */
  private joined(row: StoredRow): StoredRow {
    const pieces = this.database.query(READ_PIECES).all(row.key, row.segment) as StoredRow[];
    const rows = [row, ...pieces];
    return {
      ...row,
      isTyped: rows.every(({ isTyped }) => isTyped === 1) ? 1 : 0,
      exposition: Buffer.concat(rows.map(({ exposition }) => exposition)),
      parts: Buffer.concat(rows.map(({ parts }) => parts)),
    };
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
