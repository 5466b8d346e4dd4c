/** "PGWT", in SQLite's header: the file is one of ours. */
export const APPLICATION_ID = 0x50475754;
/**
 * 1: what is in it could be pushed once; such a file is looked through before it is used. 2: it can be pushed today,
 * and every group is one row. 3: large groups have further rows. 4: large families have several, and rows may be
 * staged. 5: groups have a time to live. 6: and ids of pushes.
 */
export const SCHEMA_VERSION = 6;
export const RECHECKED_VERSION = 2;
export const SEGMENTED_VERSION = 3;
export const STAGED_VERSION = 4;
export const TTL_VERSION = 5;
export const PUSH_IDS_VERSION = 6;

const GROUPS_WITHOUT_TTL = `CREATE TABLE groups (
  key TEXT NOT NULL PRIMARY KEY,
  labels TEXT NOT NULL,
  succeeded REAL NOT NULL,
  failed REAL NOT NULL,
  exposition TEXT NOT NULL,
  parts BLOB NOT NULL
)`;
const TTL = "ttl REAL NOT NULL DEFAULT 0.0";

const PUSH_IDS = "push_ids BLOB NOT NULL DEFAULT x''";

const withColumn = (table: string, column: string): string => `${table.slice(0, -1)}, ${column})`;
const GROUPS_WITHOUT_PUSH_IDS = withColumn(GROUPS_WITHOUT_TTL, TTL);
/** One row a group, with its families, or those of them that are in no segment. As ADD_PUSH_IDS leaves it. */
export const GROUPS = withColumn(GROUPS_WITHOUT_PUSH_IDS, PUSH_IDS);
/** Bring the table of an older file to the present one. */
export const ADD_TTL = `ALTER TABLE groups ADD COLUMN ${TTL}`;
export const ADD_PUSH_IDS = `ALTER TABLE groups ADD COLUMN ${PUSH_IDS}`;

/** Further rows of large groups, so that a push writes no more than its change; the key is the group's. */
export const SEGMENTS = `CREATE TABLE segments (
  key TEXT NOT NULL,
  number INTEGER NOT NULL,
  exposition TEXT NOT NULL,
  parts BLOB NOT NULL,
  PRIMARY KEY (key, number)
)`;

/** What follows in the columns of a segment that is too large for one row, in the order of `piece`, from 1 on. */
export const PIECES = `CREATE TABLE pieces (
  key TEXT NOT NULL,
  number INTEGER NOT NULL,
  piece INTEGER NOT NULL,
  exposition TEXT NOT NULL,
  parts BLOB NOT NULL,
  PRIMARY KEY (key, number, piece)
)`;

/** Of groups of which a large change is being written: the segments that do not count yet (staged.ts). */
export const STAGED = `CREATE TABLE staged (
  key TEXT NOT NULL PRIMARY KEY,
  numbers BLOB NOT NULL
)`;

/** Rows as they were that are not used, with the reason. */
export const LEFT_OUT = `CREATE TABLE left_out (
  reason TEXT NOT NULL,
  key TEXT NOT NULL,
  labels TEXT NOT NULL,
  succeeded REAL NOT NULL,
  failed REAL NOT NULL,
  exposition TEXT NOT NULL,
  parts BLOB NOT NULL
)`;

/** The name that a table gets where it is wiped, until its rows are deleted. */
const WIPED = /^wiped_([1-9][0-9]{0,8})_(groups|segments|pieces|staged)$/;

export const wipedTableOf = (number: number, table: string): string => `wiped_${number}_${table}`;

/** Which wipe a table was wiped by, and what it was before; null: it is no such table. */
export function wipedTable(name: string): { readonly number: number; readonly table: string } | null {
  const [, number, table] = WIPED.exec(name) ?? [];
  return number === undefined || table === undefined ? null : { number: Number(number), table };
}

/** Rows of some KiB, as those of ordinary groups are, then leave little room unused. */
export const DATABASE_PAGE_BYTES = 8192;

/**
 * Of our databases, whatever their version: what SQLite's own ANALYZE may have added is read by nobody but its planner.
 */
const ANALYZED = /^sqlite_stat[1-4]$/;

/** An object of a database, as its table sqlite_schema has it. */
export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  /** null for what SQLite has made itself. */
  readonly sql: string | null;
}

/** The first object of a database of a version that no version of ours has made, or null. */
export function findStrange(objects: readonly SchemaObject[], version: number): SchemaObject | null {
  const tables = [["groups", groupsOf(version)] as const, ...FURTHER_TABLES];
  return objects.find((object) => !isOurs(object, tables)) ?? null;
}

/** The table of groups of a version. */
function groupsOf(version: number): string {
  if (version < TTL_VERSION) return GROUPS_WITHOUT_TTL;
  return version < PUSH_IDS_VERSION ? GROUPS_WITHOUT_PUSH_IDS : GROUPS;
}

function isOurs({ type, name, table, sql }: SchemaObject, tables: readonly (readonly [string, string])[]): boolean {
  if (type === "index") return sql === null && name === `sqlite_autoindex_${table}_1`;
  if (type !== "table" || name !== table) return false;
  if (ANALYZED.test(name)) return true;
  const wiped = wipedTable(name);
  // SQLite writes the new name into the text, in quotes.
  return tables.some(([known, text]) =>
    wiped === null
      ? known === name && text === sql
      : known === wiped.table && text.replace(`TABLE ${known}`, `TABLE "${name}"`) === sql,
  );
}

const FURTHER_TABLES = [
  ["segments", SEGMENTS],
  ["pieces", PIECES],
  ["staged", STAGED],
  ["left_out", LEFT_OUT],
] as const;

/** The tables that a database of a version must have. */
export function tablesOf(version: number): readonly string[] {
  if (version < SEGMENTED_VERSION) return ["groups"];
  return version < STAGED_VERSION ? ["groups", "segments"] : ["groups", "segments", "pieces", "staged"];
}
