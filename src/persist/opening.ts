import { constants, Database } from "bun:sqlite";
import { FileFault } from "./file-fault.ts";
import { findStrange, type SchemaObject, tablesOf } from "./schema.ts";

const OBJECTS = "SELECT type, name, tbl_name AS 'table', sql FROM sqlite_schema";

/**
 * Of SQLite's advice for files that somebody else may have made: nothing in the schema runs, and cells are checked as
 * they are read.
 */
const CAUTIONS = ["PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA mmap_size = 0"];

/** SQLITE_OPEN_NOFOLLOW, which the runtime has no name for. */
const NO_FOLLOW = 0x01000000;
/** `look`: nobody else has the file open, and nothing is made beside it. */
const USES = {
  look: constants.SQLITE_OPEN_READONLY,
  read: constants.SQLITE_OPEN_READONLY,
  write: constants.SQLITE_OPEN_READWRITE,
  make: constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_CREATE,
};

/**
 * Opens a database file by its absolute path, which holds no symbolic link. SQLite gets it as a URI: the runtime
 * cuts blanks off the end of a path, and some paths have a meaning of their own (docs/workarounds.md, `sqlite-uri`).
 */
export function openFile(path: string, use: keyof typeof USES): Database {
  const uri = `file://${path.split("/").map(encodeURIComponent).join("/")}${use === "look" ? "?immutable=1" : ""}`;
  return new Database(uri, USES[use] | NO_FOLLOW | constants.SQLITE_OPEN_URI);
}

/**
 * Opens a database of ours, as `openFile`. Throws, in words for people, where its schema is not what we have made, word
 * for word: no view, trigger or expression of others is ever carried out.
 */
export function openOurs(file: string, use: "look" | "read" | "write"): Database {
  const database = openFile(file, use);
  try {
    for (const caution of CAUTIONS) database.run(caution);
    checkSchema(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The schema is not ours. */
export class StrangeSchema extends FileFault {}

function checkSchema(database: Database): void {
  const { encoding } = database.query("PRAGMA encoding").get() as { encoding: string };
  if (encoding !== "UTF-8") throw strange(`its texts are in ${encoding}`);
  const objects = database.query(OBJECTS).all() as SchemaObject[];
  const version = versionOf(database);
  const found = findStrange(objects, version);
  if (found !== null) throw strange(`it holds the ${found.type} ${JSON.stringify(found.name)}${wordsFor(found)}`);
  for (const table of tablesOf(version))
    if (!objects.some(({ name }) => name === table)) throw strange(`it has no table ${JSON.stringify(table)}`);
}

const strange = (what: string): StrangeSchema =>
  new StrangeSchema(`its schema is not the Pushgateway's (${what}): move it away or name another file`);

/** What an object is made by, cut where it is long. */
function wordsFor({ sql }: SchemaObject): string {
  if (sql === null) return "";
  const text = JSON.stringify(String(sql).replace(/\s+/g, " "));
  return `, made by ${text.length > 200 ? `${text.slice(0, 200)}...` : text}`;
}

/** The schema version of a file, which its head need not have yet: its log has. */
export function schemaVersionOf(file: string): number {
  const database = openOurs(file, "read");
  try {
    return versionOf(database);
  } finally {
    database.close();
  }
}

export function versionOf(database: Database): number {
  return (database.query("PRAGMA user_version").get() as { user_version: number }).user_version;
}
