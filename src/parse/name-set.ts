import { intAt } from "../bytes/at.ts";
import { hashBytes, sameBytes } from "../bytes/hash.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";
import { MAX_KEPT_SLOTS } from "./family-table.ts";

/** Of a slot: the place and the size of a name, and its hash; size -1 is free. */
const AT = 0;
const SIZE = 1;
const HASH = 2;
const STRIDE = 3;
const SMALL_SLOTS = 64;
const FREE = -1;

/** Names of a push, by their places: open addressing, at most half full. FamilyTable says why it is one of its own. */
export class NameSet {
  private slots = emptySlots(SMALL_SLOTS);
  private used = 0;

  clear(): void {
    if (this.slots.length > STRIDE * MAX_KEPT_SLOTS) this.slots = emptySlots(SMALL_SLOTS);
    else if (this.used > 0) this.slots.fill(FREE);
    this.used = 0;
  }

  /** Puts a name in; false: it was there. */
  add(columns: PushColumns, at: number, size: number): boolean {
    if (++this.used * 2 * STRIDE > this.slots.length) this.grow();
    const { slots } = this;
    const bytes = columns.bytesOf(at);
    const start = offsetOf(at);
    const hash = hashBytes(bytes, start, start + size);
    const mask = slots.length / STRIDE - 1;
    let slot = (hash & mask) * STRIDE;
    while (slots[slot + SIZE] !== FREE) {
      const known = intAt(slots, slot + AT);
      const isAlike = slots[slot + HASH] === hash && slots[slot + SIZE] === size;
      if (isAlike && sameBytes(columns.bytesOf(known), offsetOf(known), bytes, start, size)) return false;
      slot = (slot + STRIDE) % slots.length;
    }
    slots[slot + AT] = at;
    slots[slot + SIZE] = size;
    slots[slot + HASH] = hash;
    return true;
  }

  private grow(): void {
    const old = this.slots;
    const slots = emptySlots((old.length / STRIDE) * 2);
    const mask = slots.length / STRIDE - 1;
    for (let from = 0; from < old.length; from += STRIDE) {
      if (old[from + SIZE] === FREE) continue;
      let slot = (intAt(old, from + HASH) & mask) * STRIDE;
      while (slots[slot + SIZE] !== FREE) slot = (slot + STRIDE) % slots.length;
      slots.set(old.subarray(from, from + STRIDE), slot);
    }
    this.slots = slots;
  }
}

const emptySlots = (count: number): Int32Array => new Int32Array(STRIDE * count).fill(FREE);
