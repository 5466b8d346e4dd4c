import { copyFileSync, readFileSync, writeFileSync } from "node:fs";

/** Places in SQLite's files: https://www.sqlite.org/walformat.html */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const PAGE_SIZE_AT = 8;
/** In the index of the log (F-shm): how many frames it holds, how many were begun to be copied into the database. */
const FRAMES_AT = 16;
const COPIED_AT = 128;

/** The files of a database whose process is stopped, as a power loss would find them at best: nothing is torn yet. */
export class DiskImage {
  readonly #database: string;
  readonly #log: Buffer<ArrayBuffer>;
  /**
   * Between these two, bytes of the log may not have reached the disk: frames that were begun to be copied into the
   * database had been synced before, and what follows the last frame is left from before the log was begun anew.
   */
  readonly #tearableFrom: number;
  readonly #tearableTo: number;

  /** Copies the database to `database`; the log is kept in memory. */
  constructor(file: string, database: string) {
    copyFileSync(file, database);
    this.#database = database;
    this.#log = readFileSync(`${file}-wal`);
    const index = readFileSync(`${file}-shm`);
    const copied = index.readUInt32LE(COPIED_AT);
    this.#tearableFrom = copied === 0 ? 0 : this.#endOf(copied);
    this.#tearableTo = this.#endOf(index.readUInt32LE(FRAMES_AT));
  }

  /** How many bytes of the log may be torn. */
  get tearableBytes(): number {
    return this.#tearableTo - this.#tearableFrom;
  }

  #endOf(frames: number): number {
    if (this.#log.length === 0) return 0;
    const end = HEADER_BYTES + frames * (FRAME_HEADER_BYTES + this.#log.readUInt32BE(PAGE_SIZE_AT));
    return Math.min(end, this.#log.length);
  }

  /** Writes the image as `file`. `tear` changes the log from `atShare`, in [0, 1], of its tearable bytes. */
  write(file: string, tear: Tear, atShare = 1): void {
    const at = this.#tearableFrom + Math.floor(this.tearableBytes * atShare);
    copyFileSync(this.#database, file);
    writeFileSync(`${file}-wal`, tear(this.#log, at));
  }
}

/** The log as a power loss leaves it whose last synced byte was the one before `at`. */
export type Tear = (log: Buffer<ArrayBuffer>, at: number) => Buffer<ArrayBuffer>;

export const untouched: Tear = (log) => log;
export const cutOff: Tear = (log, at) => log.subarray(0, at);
export const zeros: Tear = (log, at) => Buffer.concat([log.subarray(0, at), Buffer.alloc(log.length - at)]);
export const garbage: Tear = (log, at) =>
  Buffer.concat([log.subarray(0, at), crypto.getRandomValues(Buffer.alloc(Math.min(log.length - at, 65_536)))]);
