import { mustBe } from "./broken.ts";
import { Int32Column } from "./columns.ts";
import { compareBytes, hashBytes, sameBytes } from "./hash.ts";
import { KeyBlocks } from "./key-blocks.ts";
import { KeySlots } from "./key-slots.ts";
import { FREE, RowNumbers } from "./row-numbers.ts";

/** Fields of a row: the block of the key, where it begins there, its size, its hash (FREE if the row is). */
const AT = 0;
const SIZE = 1;
const HASH = 2;
const BLOCK = 3;
const STRIDE = 4;

/** A table that is filled anew all the time keeps this much of its rows. */
const KEPT_BYTES = 65_536;
/** With each key that comes or goes so many others are looked at, or so many bytes moved, where blocks are left. */
const LOOKED_AT = 64;
const MOVED_BYTES = 4096;

/**
 * Numbers byte keys: each key has an id, a small integer, that stays until the key is removed and is then used again.
 *
 *     slots    hash -> id, in parts that are split one by one
 *     rows     id -> (offset, size, hash, block)
 *     blocks   the keys, end to end; once half of them are holes of removed keys they are left, some keys at a time
 *
 * What an addition or a removal costs does not depend on how many keys there are. There is no object for a key, so a
 * full collection of the heap does not see them. And keys cannot be made to collide, as they can for a Map or a Set
 * (docs/workarounds.md, `string-hash`).
 */
export class KeyTable {
  private readonly rows = new Int32Column();
  private readonly numbers = new RowNumbers(this.rows, { stride: STRIDE, mark: HASH, next: AT, previous: SIZE });
  private readonly slots = new KeySlots((id) => this.rows.at(id * STRIDE + HASH));
  private readonly blocks = new KeyBlocks();
  /** The keys below this id have left the blocks that are being left; Infinity: none are. */
  private leaving = Infinity;
  /** Slots looked at by all look-ups so far; tests compare it with the number of look-ups. */
  probes = 0;
  private leftCount = 0;

  /** Keys that were put elsewhere so far, for tests. */
  get moved(): number {
    return this.slots.moved + this.leftCount;
  }

  /** How many keys there are. */
  get count(): number {
    return this.numbers.count;
  }

  /** Every id is below this. */
  get limit(): number {
    return this.numbers.limit;
  }

  /** The id of the key source[start, end), or -1. */
  find(source: Uint8Array, start: number, end: number): number {
    const rows = this.rows.rows;
    const { bytes } = this.blocks;
    const hash = hashBytes(source, start, end);
    const { slots } = this.slots.partOf(hash);
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      this.probes++;
      const entry = slots[slot] as number;
      if (entry === 0) return -1;
      const row = (entry - 1) * STRIDE;
      if (rows[row + HASH] !== hash || rows[row + SIZE] !== end - start) continue;
      const block = bytes[rows[row + BLOCK] as number] as Uint8Array;
      if (sameBytes(block, rows[row + AT] as number, source, start, end - start)) return entry - 1;
    }
  }

  /** Adds the key source[start, end), which must not be there yet. */
  add(source: Uint8Array, start: number, end: number): number {
    const id = this.numbers.take();
    const hash = hashBytes(source, start, end);
    this.rows.rows[id * STRIDE + SIZE] = end - start;
    this.rows.rows[id * STRIDE + HASH] = hash;
    this.store(id, source, start, end);
    this.slots.add(id, hash);
    if (this.leaving !== Infinity) this.leaveOn();
    return id;
  }

  remove(id: number): void {
    this.slots.remove(id, this.rows.at(id * STRIDE + HASH));
    this.blocks.remove(this.block(id), this.size(id));
    this.numbers.give(id);
    if (this.leaving !== Infinity) this.leaveOn();
    else if (this.blocks.isSparse) {
      this.blocks.leave();
      this.leaving = 0;
    }
  }

  private store(id: number, source: Uint8Array, start: number, end: number): void {
    const { blocks } = this;
    blocks.add(source, start, end);
    const { rows } = this.rows;
    rows[id * STRIDE + AT] = blocks.newestAt;
    rows[id * STRIDE + BLOCK] = blocks.newestBlock;
  }

  /** Moves some keys out of the blocks that are being left. */
  private leaveOn(): void {
    const { rows } = this.rows;
    const { blocks } = this;
    const stop = Math.min(this.limit, this.leaving + LOOKED_AT);
    let movedBytes = 0;
    let id = this.leaving;
    for (; id < stop && movedBytes < MOVED_BYTES; id++) {
      if (rows[id * STRIDE + HASH] === FREE) continue;
      const block = this.block(id);
      const size = this.size(id);
      if (!blocks.isLeft(block, size)) continue;
      const at = this.at(id);
      this.store(id, blocks.bytes[block] as Uint8Array, at, at + size);
      blocks.remove(block, size);
      movedBytes += size;
      this.leftCount++;
    }
    this.leaving = id < this.limit ? id : Infinity;
  }

  /** Takes all keys out; the next ids begin at 0 again. */
  clear(): void {
    this.slots.clear();
    this.blocks.clear();
    this.leaving = Infinity;
    if (this.rows.sizeBytes > KEPT_BYTES) this.rows.trim(0);
    this.numbers.clear();
  }

  has(id: number): boolean {
    return id >= 0 && id < this.limit && this.rows.rows[id * STRIDE + HASH] !== FREE;
  }

  /** Whether source[start, start+size) is the key of an id. */
  isKey(id: number, source: Uint8Array, start: number, size: number): boolean {
    return this.size(id) === size && sameBytes(this.bytesOf(id), this.at(id), source, start, size);
  }

  /** Below 0: the key of an id comes before `other`, byte by byte. */
  compareKey(id: number, other: Uint8Array): number {
    return compareBytes(this.bytesOf(id), this.at(id), this.size(id), other, 0, other.length);
  }

  /** The key of an id: borrowed, valid until the table is cleared. */
  key(id: number): Uint8Array {
    const at = this.at(id);
    return this.bytesOf(id).subarray(at, at + this.size(id));
  }

  /** The size of the key of an id. */
  size(id: number): number {
    return this.rows.at(id * STRIDE + SIZE);
  }

  /** Where the key of an id begins in its block. */
  private at(id: number): number {
    return this.rows.at(id * STRIDE + AT);
  }

  private block(id: number): number {
    return this.rows.at(id * STRIDE + BLOCK);
  }

  private bytesOf(id: number): Uint8Array {
    return this.blocks.bytes[this.block(id)] as Uint8Array;
  }

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.slots.sizeBytes + this.rows.sizeBytes + this.blocks.sizeBytes;
  }

  /** Throws where rows, slots and blocks differ. */
  verify(what: string): void {
    this.numbers.verify(what);
    this.slots.verify(what, this.count);
    let [keyBytes, largeBytes] = [0, 0];
    for (let id = 0; id < this.limit; id++) {
      if (!this.has(id)) continue;
      const key = this.key(id);
      keyBytes += key.length;
      if (this.blocks.isLarge(key.length)) largeBytes += key.length;
      mustBe(this.find(key, 0, key.length), id, `${what}: the number of key ${id} as it is found`);
    }
    this.blocks.verify(what, keyBytes, largeBytes);
  }
}
