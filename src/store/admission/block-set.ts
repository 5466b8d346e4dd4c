import { intAt } from "../../bytes/at.ts";
import { hashBytes, sameBytes } from "../../bytes/hash.ts";

/**
 * A set of label blocks of one buffer, emptied in no time: a slot counts only with the newest round. As a KeyTable,
 * which has a copy of each key and numbers them, it takes three times as long: 1.2 us and not 0.4 for the 10 series of
 * a push, 31 ms and not 10 for 100,000.
 */
export class BlockSet {
  /** Three integers a slot: round, start, end. */
  private slots = new Int32Array(3 * 64);
  private round = 0;
  private count = 0;
  private source: Uint8Array = new Uint8Array(0);

  /** Of a set that will have about so many entries the table is made at once: to make a large one anew takes long. */
  begin(source: Uint8Array, expected = 0): void {
    this.source = source;
    this.count = 0;
    if (this.slots.length > 3 << 18) this.slots = new Int32Array(3 * 64);
    if (expected * 6 > this.slots.length) this.slots = new Int32Array(3 * 2 ** Math.ceil(Math.log2(expected * 2)));
    this.round++;
  }

  /** Adds source[start, end) of the buffer; false where such bytes are in already. */
  add(start: number, end: number): boolean {
    if (this.count * 6 >= this.slots.length) this.grow();
    const slot = this.slotOf(this.source, start, end);
    if (this.slots[slot * 3] === this.round) return false;
    this.place(slot, start, end);
    return true;
  }

  /** Whether bytes[start, end) are in. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.slots[this.slotOf(bytes, start, end) * 3] === this.round;
  }

  /** The slot of bytes[start, end), or the free one where they belong. */
  private slotOf(bytes: Uint8Array, start: number, end: number): number {
    const { slots, source, round } = this;
    const mask = slots.length / 3 - 1;
    let slot = hashBytes(bytes, start, end) & mask;
    for (; slots[slot * 3] === round; slot = (slot + 1) & mask) {
      const other = intAt(slots, slot * 3 + 1);
      const size = intAt(slots, slot * 3 + 2) - other;
      if (size === end - start && sameBytes(source, other, bytes, start, size)) break;
    }
    return slot;
  }

  private place(slot: number, start: number, end: number): void {
    this.slots[slot * 3] = this.round;
    this.slots[slot * 3 + 1] = start;
    this.slots[slot * 3 + 2] = end;
    this.count++;
  }

  private grow(): void {
    const old = this.slots;
    const round = this.round;
    this.slots = new Int32Array(old.length * 2);
    this.count = 0;
    const mask = this.slots.length / 3 - 1;
    for (let at = 0; at < old.length; at += 3) {
      if (old[at] !== round) continue;
      const start = intAt(old, at + 1);
      const end = intAt(old, at + 2);
      let slot = hashBytes(this.source, start, end) & mask;
      while (this.slots[slot * 3] === round) slot = (slot + 1) & mask;
      this.place(slot, start, end);
    }
  }
}
