import { intAt } from "../bytes/at.ts";
import { hashBytes } from "../bytes/hash.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";

/** A table that grew larger for a push is not kept: each later push would have to clear it. */
export const MAX_KEPT_SLOTS = 1024;

/** Of a slot: the row + 1 (0 is free), and the hash of its name. */
const FAMILY = 0;
const HASH = 1;
const STRIDE = 2;
const SMALL_SLOTS = 64;

/**
 * Finds the families of one push by name: open addressing with linear probing over family rows, at most half full.
 * LabelSet and SeriesTable have probing of their own: with one table for the three, which asks back whether a row is
 * the one (a function made for each look-up), 2,000 families took 653 us to parse and not 569, and ten gauges 2.9 and
 * not 2.6.
 */
export class FamilyTable {
  private slots = new Int32Array(STRIDE * SMALL_SLOTS);
  private used = 0;

  clear(): void {
    if (this.slots.length > STRIDE * MAX_KEPT_SLOTS) this.slots = new Int32Array(STRIDE * SMALL_SLOTS);
    else if (this.used > 0) this.slots.fill(0);
    this.used = 0;
  }

  /** The row of the family named source[start, start+size), or -1. */
  find(columns: PushColumns, source: Uint8Array, start: number, size: number): number {
    const slots = this.slots;
    const mask = slots.length / STRIDE - 1;
    const hash = hashBytes(source, start, start + size);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = intAt(slots, slot * STRIDE + FAMILY);
      if (entry === 0) return -1;
      if (slots[slot * STRIDE + HASH] !== hash) continue;
      if (columns.isFamilyName(entry - 1, source, start, size)) return entry - 1;
    }
  }

  /** Adds a family row whose name is not in the table yet. */
  add(columns: PushColumns, family: number): void {
    const nameAt = columns.families.nameAt(family);
    const start = offsetOf(nameAt);
    if (++this.used * 2 * STRIDE > this.slots.length) this.grow();
    place(this.slots, family + 1, hashBytes(columns.bytesOf(nameAt), start, start + columns.families.nameSize(family)));
  }

  /** Names may be long: they are not looked at again. */
  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += STRIDE) {
      const entry = intAt(old, at + FAMILY);
      if (entry !== 0) place(this.slots, entry, intAt(old, at + HASH));
    }
  }
}

function place(slots: Int32Array, entry: number, hash: number): void {
  const mask = slots.length / STRIDE - 1;
  let slot = hash & mask;
  while (slots[slot * STRIDE + FAMILY] !== 0) slot = (slot + 1) & mask;
  slots[slot * STRIDE + FAMILY] = entry;
  slots[slot * STRIDE + HASH] = hash;
}
