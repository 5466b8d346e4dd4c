import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { FileFault } from "./file-fault.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./schema.ts";

/** Of SQLite's header (its file format, section 1.3). */
export const HEAD_BYTES = 100;
const SQLITE_MAGIC = "SQLite format 3\0";

/** Whether a file that begins with these bytes is a database of ours of a schema version before the present one. */
export function isOlderDatabase(head: Buffer): boolean {
  if (head.length < HEAD_BYTES || head.subarray(0, 16).toString("latin1") !== SQLITE_MAGIC) return false;
  return head.readUInt32BE(68) === APPLICATION_ID && head.readUInt32BE(60) < SCHEMA_VERSION;
}

/** Throws, in words for people, what can be seen to be wrong with a file by its head. */
export function checkHead(file: string): void {
  if (!existsSync(file)) return;
  if (!statSync(file).isFile()) throw new FileFault("it is not a file: name a file that can be created");
  const head = readHead(file, HEAD_BYTES);
  if (head.length === 0) return;
  if (head.subarray(0, 16).toString("latin1") !== SQLITE_MAGIC)
    throw new FileFault("it is not a database of the Pushgateway: move it away or name another file");
  if (head.length < HEAD_BYTES) throw new FileFault("it is cut short: restore it from a backup or move it away");
  const version = head.readUInt32BE(60);
  if (head.readUInt32BE(68) !== APPLICATION_ID)
    throw new FileFault("it is a database of another program: move it away or name another file");
  if (version > SCHEMA_VERSION)
    throw new FileFault(
      `its schema version is ${version}, this program knows ${SCHEMA_VERSION}: use a newer Pushgateway`,
    );
  const pageBytes = head.readUInt16BE(16) === 1 ? 65536 : head.readUInt16BE(16);
  if (statSync(file).size < pageBytes * head.readUInt32BE(28) && !existsSync(`${file}-wal`))
    throw new FileFault("it is cut short: restore it from a backup or move it away");
}

/** The first bytes of a file, or all of them where there are fewer. */
export function readHead(file: string, sizeBytes: number): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const head = Buffer.alloc(sizeBytes);
    return head.subarray(0, readSync(descriptor, head, 0, sizeBytes, 0));
  } finally {
    closeSync(descriptor);
  }
}
