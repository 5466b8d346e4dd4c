import { mustBe, mustHold } from "./broken.ts";
import { Int32Column } from "./columns.ts";
import { hashBytes, sameBytes } from "./hash.ts";
import { FREE, RowNumbers } from "./row-numbers.ts";

/** Fields of a row: where the key is in the arena, its size, its hash (FREE if the row is). */
const AT = 0;
const SIZE = 1;
const HASH = 2;
const STRIDE = 3;

const SMALL_ARENA_BYTES = 4096;
/** A table that is filled anew all the time keeps this much of its arena, and of its rows. */
const KEPT_BYTES = 65_536;

/**
 * Numbers byte keys: each key has an id, a small integer, that stays until the key is removed and is then used again.
 *
 *     slots   open addressing, linear probing: id + 1, 0 is free; at most 2/3 full; removal shifts the cluster back
 *     rows    id -> (offset, size, hash)
 *     arena   the keys, end to end; holes of removed keys are squeezed out once they are half of it
 *
 * There is no object for a key, so a full collection of the heap does not see them. And keys cannot be made to collide,
 * as they can for a Map or a Set (docs/workarounds.md, `string-hash`).
 */
export class KeyTable {
  private slots = new Int32Array(64);
  private readonly rows = new Int32Column();
  private readonly numbers = new RowNumbers(this.rows, { stride: STRIDE, mark: HASH, next: AT, previous: SIZE });
  private arena = new Uint8Array(SMALL_ARENA_BYTES);
  private arenaUsed = 0;
  private arenaHoles = 0;
  /** Slots looked at by all look-ups so far; tests compare it with the number of look-ups. */
  probes = 0;

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
    const { slots, arena } = this;
    const rows = this.rows.rows;
    const mask = slots.length - 1;
    const hash = hashBytes(source, start, end);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      this.probes++;
      const entry = slots[slot] as number;
      if (entry === 0) return -1;
      const row = (entry - 1) * STRIDE;
      if (rows[row + HASH] !== hash || rows[row + SIZE] !== end - start) continue;
      if (sameBytes(arena, rows[row + AT] as number, source, start, end - start)) return entry - 1;
    }
  }

  /** Adds the key source[start, end), which must not be there yet. */
  add(source: Uint8Array, start: number, end: number): number {
    if ((this.count + 1) * 3 > this.slots.length * 2) this.resize(this.slots.length * 2);
    const id = this.numbers.take();
    const rows = this.rows.rows;
    rows[id * STRIDE + AT] = this.store(source, start, end);
    rows[id * STRIDE + SIZE] = end - start;
    rows[id * STRIDE + HASH] = hashBytes(source, start, end);
    this.place(id);
    return id;
  }

  remove(id: number): void {
    const rows = this.rows.rows;
    this.unplace(id);
    this.arenaHoles += rows[id * STRIDE + SIZE] as number;
    this.numbers.give(id);
    if (this.arenaHoles * 2 > this.arenaUsed && this.arena.length > SMALL_ARENA_BYTES) this.squeeze();
    if (this.slots.length > 64 && this.count * 8 < this.slots.length) this.resize(this.slots.length / 2);
  }

  /** Takes all keys out; the next ids begin at 0 again. */
  clear(): void {
    if (this.slots.length > 1024) this.slots = new Int32Array(64);
    else this.slots.fill(0);
    if (this.arena.length > KEPT_BYTES) this.arena = new Uint8Array(SMALL_ARENA_BYTES);
    if (this.rows.sizeBytes > KEPT_BYTES) this.rows.trim(0);
    this.arenaUsed = 0;
    this.arenaHoles = 0;
    this.numbers.clear();
  }

  has(id: number): boolean {
    return id >= 0 && id < this.limit && this.rows.rows[id * STRIDE + HASH] !== FREE;
  }

  /** Whether source[start, start+size) is the key of an id. */
  isKey(id: number, source: Uint8Array, start: number, size: number): boolean {
    const rows = this.rows.rows;
    if (rows[id * STRIDE + SIZE] !== size) return false;
    return sameBytes(this.arena, rows[id * STRIDE + AT] as number, source, start, size);
  }

  /** The key of an id: borrowed, valid until the next `add` or `remove`. */
  key(id: number): Uint8Array {
    const at = this.rows.rows[id * STRIDE + AT] as number;
    return this.arena.subarray(at, at + (this.rows.rows[id * STRIDE + SIZE] as number));
  }

  /** The size of the key of an id. */
  size(id: number): number {
    return this.rows.rows[id * STRIDE + SIZE] as number;
  }

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.slots.byteLength + this.rows.sizeBytes + this.arena.byteLength;
  }

  private store(source: Uint8Array, start: number, end: number): number {
    const size = end - start;
    if (this.arenaUsed + size > this.arena.length) this.growArena(this.arenaUsed + size);
    const at = this.arenaUsed;
    this.arena.set(source.subarray(start, end), at);
    this.arenaUsed += size;
    return at;
  }

  private growArena(neededBytes: number): void {
    const grown = new Uint8Array(Math.max(neededBytes, this.arena.length * 2));
    grown.set(this.arena.subarray(0, this.arenaUsed));
    this.arena = grown;
  }

  private place(id: number): void {
    const mask = this.slots.length - 1;
    let slot = (this.rows.rows[id * STRIDE + HASH] as number) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = id + 1;
  }

  /** Frees the slot of an id and moves back whatever its probes would no longer reach. */
  private unplace(id: number): void {
    const { slots } = this;
    const rows = this.rows.rows;
    const mask = slots.length - 1;
    let hole = (rows[id * STRIDE + HASH] as number) & mask;
    while (slots[hole] !== id + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (rows[((slots[slot] as number) - 1) * STRIDE + HASH] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot] as number;
      hole = slot;
    }
    slots[hole] = 0;
  }

  private resize(slotCount: number): void {
    this.slots = new Int32Array(slotCount);
    for (let id = 0; id < this.limit; id++) if (this.has(id)) this.place(id);
  }

  /** Copies the living keys to a new arena, end to end. */
  private squeeze(): void {
    const rows = this.rows.rows;
    const old = this.arena;
    const living = this.arenaUsed - this.arenaHoles;
    this.arena = new Uint8Array(Math.max(SMALL_ARENA_BYTES, living + (living >> 1)));
    this.arenaUsed = 0;
    this.arenaHoles = 0;
    for (let id = 0; id < this.limit; id++) {
      if (!this.has(id)) continue;
      const at = rows[id * STRIDE + AT] as number;
      const size = rows[id * STRIDE + SIZE] as number;
      this.arena.set(old.subarray(at, at + size), this.arenaUsed);
      rows[id * STRIDE + AT] = this.arenaUsed;
      this.arenaUsed += size;
    }
  }

  /** Throws where rows, slots and the arena differ. */
  verify(what: string): void {
    this.numbers.verify(what);
    let [placed, keyBytes] = [0, 0];
    for (const slot of this.slots) if (slot !== 0) placed++;
    mustBe(placed, this.count, `${what}: slots in use`);
    mustHold(this.count * 3 <= this.slots.length * 2, `${what}: more than two thirds of the slots are in use`);
    for (let id = 0; id < this.limit; id++) {
      if (!this.has(id)) continue;
      const key = this.key(id);
      keyBytes += key.length;
      mustBe(this.find(key, 0, key.length), id, `${what}: the number of key ${id} as it is found`);
    }
    mustBe(keyBytes + this.arenaHoles, this.arenaUsed, `${what}: bytes of keys and of holes`);
  }
}
