import { intAt } from "./at.ts";
import { mustBe, mustHold } from "./broken.ts";

/** A part has so many slots when it is made, and at most; one that would need more is split into two. */
const LEAST_SLOTS = 64;
const MOST_SLOTS = 4096;
const HASH_BITS = 31;

/** Open addressing, linear probing: id + 1, 0 is free; at most 2/3 full; removal shifts the cluster back. */
export interface SlotsPart {
  slots: Int32Array<ArrayBuffer>;
  count: number;
  /** How many first bits of a hash are the same for all of its ids. */
  depth: number;
}

/**
 * Ids by the hashes of their keys, so that no addition moves more than some thousand of them, however many there are
 * (extendible hashing): the first bits of a hash choose a part, the last ones the slot in it.
 *
 *     parts   2^bits of them; one that tells fewer bits apart is there several times, side by side
 */
export class KeySlots {
  private parts: SlotsPart[] = [newPart(LEAST_SLOTS, 0)];
  private bits = 0;
  private slotCount = LEAST_SLOTS;
  /** Ids that were put into other slots so far, for tests. */
  moved = 0;

  constructor(private readonly hashOf: (id: number) => number) {}

  /** The part for a hash. */
  partOf(hash: number): SlotsPart {
    return this.parts[hash >>> (HASH_BITS - this.bits)] as SlotsPart;
  }

  get sizeBytes(): number {
    return (this.slotCount + 2 * this.parts.length) * 4;
  }

  add(id: number, hash: number): void {
    let part = this.partOf(hash);
    while ((part.count + 1) * 3 > part.slots.length * 2) {
      if (part.slots.length < MOST_SLOTS) this.resize(part, part.slots.length * 2);
      else this.split(part, hash);
      part = this.partOf(hash);
    }
    place(part, id, hash);
  }

  /** Frees the slot of an id and moves back whatever its probes would no longer reach. */
  remove(id: number, hash: number): void {
    const part = this.partOf(hash);
    const { slots } = part;
    const mask = slots.length - 1;
    let hole = hash & mask;
    while (slots[hole] !== id + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = intAt(slots, slot);
      const home = this.hashOf(entry - 1) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = entry;
      hole = slot;
    }
    slots[hole] = 0;
    part.count--;
    if (part.count * 8 < slots.length) this.shrink(part, hash);
  }

  clear(): void {
    const [first] = this.parts;
    if (this.parts.length > 1 || first === undefined || first.slots.length > 1024) {
      this.parts = [newPart(LEAST_SLOTS, 0)];
      this.slotCount = LEAST_SLOTS;
    } else if (first.count > 0) {
      first.slots.fill(0);
      first.count = 0;
    }
    this.bits = 0;
  }

  private resize(part: SlotsPart, slotCount: number): void {
    const old = part.slots;
    part.slots = new Int32Array(slotCount);
    part.count = 0;
    this.slotCount += slotCount - old.length;
    this.placeAll(old, () => part);
  }

  private placeAll(slots: Int32Array, partOf: (hash: number) => SlotsPart): void {
    for (const entry of slots) {
      if (entry === 0) continue;
      this.moved++;
      const hash = this.hashOf(entry - 1);
      place(partOf(hash), entry - 1, hash);
    }
  }

  /** Puts two parts in place of the one for a hash, which differ in the bit behind those that all of its ids share. */
  private split({ slots, depth }: SlotsPart, hash: number): void {
    if (depth === this.bits) this.doubleParts();
    const first = newPart(MOST_SLOTS, depth + 1);
    const second = newPart(MOST_SLOTS, depth + 1);
    this.slotCount += MOST_SLOTS;
    const size = 2 ** (this.bits - depth);
    const start = this.firstOf(hash, depth);
    this.parts.fill(first, start, start + size / 2);
    this.parts.fill(second, start + size / 2, start + size);
    this.placeAll(slots, (other) => this.partOf(other));
  }

  private doubleParts(): void {
    this.parts = this.parts.flatMap((part) => [part, part]);
    this.bits++;
  }

  /** The first place of the part for a hash, which tells `depth` bits apart. */
  private firstOf(hash: number, depth: number): number {
    return (hash >>> (HASH_BITS - depth)) * 2 ** (this.bits - depth);
  }

  /** Joins a part that is nearly empty with its fellow, or makes it smaller where it has none. */
  private shrink(part: SlotsPart, hash: number): void {
    const { depth, slots } = part;
    if (depth === 0) {
      if (slots.length > LEAST_SLOTS) this.resize(part, slots.length / 2);
      return;
    }
    const fellow = this.partOf(hash ^ (1 << (HASH_BITS - depth)));
    if (fellow.depth !== depth || (part.count + fellow.count) * 4 > MOST_SLOTS) return;
    const joined = newPart(MOST_SLOTS, depth - 1);
    this.slotCount -= MOST_SLOTS;
    const start = this.firstOf(hash, depth - 1);
    this.parts.fill(joined, start, start + 2 ** (this.bits - depth + 1));
    this.placeAll(slots, () => joined);
    this.placeAll(fellow.slots, () => joined);
    if (depth === 1) {
      this.parts = [joined];
      this.bits = 0;
    }
  }

  /** Throws where parts and what is counted of them differ. */
  verify(what: string, count: number): void {
    let [placed, slotCount] = [0, 0];
    for (const part of new Set(this.parts)) {
      let used = 0;
      for (const slot of part.slots) if (slot !== 0) used++;
      mustBe(used, part.count, `${what}: slots in use of a part`);
      mustHold(part.count * 3 <= part.slots.length * 2, `${what}: more than two thirds of the slots are in use`);
      placed += used;
      slotCount += part.slots.length;
    }
    mustBe(placed, count, `${what}: slots in use`);
    mustBe(slotCount, this.slotCount, `${what}: slots`);
    mustBe(this.parts.length, 2 ** this.bits, `${what}: parts`);
  }
}

const newPart = (slotCount: number, depth: number): SlotsPart => ({
  slots: new Int32Array(slotCount),
  count: 0,
  depth,
});

function place(part: SlotsPart, id: number, hash: number): void {
  const { slots } = part;
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = id + 1;
  part.count++;
}
