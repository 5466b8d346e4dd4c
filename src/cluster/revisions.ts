import { Float64Column, Int32Column } from "../bytes/columns.ts";
import { KeyTable } from "../bytes/key-table.ts";
import { NO_REVISION, type Revision } from "./revision.ts";

/** The halves of a writer, side by side. */
const HIGH = 0;
const LOW = 1;
const STRIDE = 2;

/**
 * The revision of each group that there is, by its key; those that are not here have NO_REVISION. There is no object
 * for a group: its key is in a KeyTable, and behind its id are 16 bytes.
 */
export class Revisions {
  private readonly keys = new KeyTable();
  private readonly writers = new Int32Column();
  private readonly numbers = new Float64Column();

  /** How many groups there are. */
  get count(): number {
    return this.keys.count;
  }

  /** Every id is below this. */
  get limit(): number {
    return this.keys.limit;
  }

  get sizeBytes(): number {
    return this.keys.sizeBytes + this.writers.sizeBytes + this.numbers.sizeBytes;
  }

  /** The id of a group, a small integer that it has for as long as it is there, or -1. */
  find(key: Uint8Array): number {
    return this.keys.find(key, 0, key.length);
  }

  has(id: number): boolean {
    return this.keys.has(id);
  }

  /** The key of a group, borrowed. */
  key(id: number): Uint8Array {
    return this.keys.key(id);
  }

  at(id: number): Revision {
    return {
      writerHigh: this.writers.at(id * STRIDE + HIGH) >>> 0,
      writerLow: this.writers.at(id * STRIDE + LOW) >>> 0,
      number: this.numbers.at(id),
    };
  }

  of(key: Uint8Array): Revision {
    const id = this.find(key);
    return id < 0 ? NO_REVISION : this.at(id);
  }

  /** Whether the revision of a group is this one. */
  is(key: Uint8Array, { writerHigh, writerLow, number }: Revision): boolean {
    const id = this.find(key);
    if (id < 0) return number === 0;
    const { rows } = this.writers;
    const at = id * STRIDE;
    return this.numbers.at(id) === number && rows[at + LOW] === (writerLow | 0) && rows[at + HIGH] === (writerHigh | 0);
  }

  /** Gives a group a revision, which is not NO_REVISION, and returns its id. */
  set(key: Uint8Array, { writerHigh, writerLow, number }: Revision): number {
    const known = this.find(key);
    const id = known < 0 ? this.keys.add(key, 0, key.length) : known;
    this.writers.ensure((id + 1) * STRIDE);
    this.numbers.ensure(id + 1);
    this.writers.rows[id * STRIDE + HIGH] = writerHigh;
    this.writers.rows[id * STRIDE + LOW] = writerLow;
    this.numbers.rows[id] = number;
    return id;
  }

  /** False: there was no such group. */
  remove(key: Uint8Array): boolean {
    const id = this.find(key);
    if (id >= 0) this.keys.remove(id);
    this.trim();
    return id >= 0;
  }

  clear(): void {
    this.keys.clear();
    this.trim();
  }

  private trim(): void {
    this.writers.trim(this.limit * STRIDE);
    this.numbers.trim(this.limit);
  }

  /** Throws where the table of keys does not fit together. */
  verify(): void {
    this.keys.verify("revisions");
  }
}
