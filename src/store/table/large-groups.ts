import { intAt } from "../../bytes/at.ts";
import { mustBe } from "../../bytes/broken.ts";
import { Int32Column } from "../../bytes/columns.ts";

/** Of an entry: the list, the family, the chunk + 1 (0 is free). */
const FIELDS = 3;
/** So many tables share the entries, so that none is large when it grows: one of a million has some thousands. */
const PARTS = 256;
const PART_BITS = 8;
const LEAST_SLOTS = 16;
/** The objects of a part: measured. */
const PART_BYTES = 160;

/**
 * Finds the chunks of large groups by their family. A list is a large group's until all its chunks go; another one of
 * the same group is another list.
 */
export class LargeGroups {
  private readonly parts: (Entries | null)[] = new Array<Entries | null>(PARTS).fill(null);
  private partBytes = 0;
  private lastList = 0;
  /** The list of each group, 0 where it is not large. */
  private readonly lists = new Int32Column();
  /** Another one in each process, so that nobody can choose where chunks are. */
  private readonly key = crypto.getRandomValues(new Int32Array(1))[0] ?? 0;

  get sizeBytes(): number {
    return this.partBytes + this.lists.sizeBytes;
  }

  /** The list of a group; 0: it is not large. */
  listOf(group: number): number {
    return this.lastList === 0 ? 0 : (this.lists.rows[group] ?? 0);
  }

  /** A new list for a group that has become large. */
  begin(group: number): number {
    this.lists.ensure(group + 1);
    this.lists.rows[group] = ++this.lastList;
    return this.lastList;
  }

  /** The group is not large any more; the entries of its list are to be removed. */
  end(group: number): void {
    if (this.listOf(group) !== 0) this.lists.rows[group] = 0;
  }

  find(list: number, family: number): number {
    const hash = hashOf(this.key, list, family);
    return this.parts[hash & (PARTS - 1)]?.find(hash, list, family) ?? -1;
  }

  set(list: number, family: number, chunk: number): void {
    const hash = hashOf(this.key, list, family);
    const part = this.parts[hash & (PARTS - 1)] ?? this.addPart(hash & (PARTS - 1));
    const before = part.sizeBytes;
    part.set(hash, list, family, chunk);
    this.partBytes += part.sizeBytes - before;
  }

  private addPart(index: number): Entries {
    const part = new Entries(this.key);
    this.parts[index] = part;
    this.partBytes += part.sizeBytes;
    return part;
  }

  /** Takes an entry out, if it is there. */
  remove(list: number, family: number): void {
    const hash = hashOf(this.key, list, family);
    const index = hash & (PARTS - 1);
    const part = this.parts[index] ?? null;
    if (part === null) return;
    const before = part.sizeBytes;
    part.remove(hash, list, family);
    if (part.count === 0) this.parts[index] = null;
    this.partBytes += (part.count === 0 ? 0 : part.sizeBytes) - before;
  }

  /** Throws unless so many entries are there and each is found. */
  verify(count: number): void {
    let [found, sizeBytes] = [0, 0];
    for (const [index, part] of this.parts.entries()) {
      if (part === null) continue;
      found += part.verify(index);
      sizeBytes += part.sizeBytes;
    }
    mustBe(found, count, "large groups: chunks of large groups");
    mustBe(this.partBytes, sizeBytes, "large groups: bytes of tables");
  }
}

/** Its lowest bits choose the part, those above the slot. */
function hashOf(key: number, list: number, family: number): number {
  let hash = Math.imul(family ^ key, 0x9e3779b1) ^ Math.imul(list, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) & 0x7fffffff;
}

/**
 * A part of the entries: open addressing over (list, family, chunk), at most 2/3 full; removal moves back the rest of
 * the cluster.
 */
class Entries {
  private slots = new Int32Array(FIELDS * LEAST_SLOTS);
  count = 0;

  constructor(private readonly key: number) {}

  get sizeBytes(): number {
    return this.slots.byteLength + PART_BYTES;
  }

  find(hash: number, list: number, family: number): number {
    return intAt(this.slots, this.slotOf(hash, list, family) * FIELDS + 2) - 1;
  }

  set(hash: number, list: number, family: number, chunk: number): void {
    if ((this.count + 1) * FIELDS * 3 > this.slots.length * 2) this.resize(this.slots.length * 2);
    const at = this.slotOf(hash, list, family) * FIELDS;
    if (this.slots[at + 2] === 0) this.count++;
    this.slots[at] = list;
    this.slots[at + 1] = family;
    this.slots[at + 2] = chunk + 1;
  }

  remove(hash: number, list: number, family: number): void {
    const { slots } = this;
    const mask = slots.length / FIELDS - 1;
    let hole = this.slotOf(hash, list, family);
    if (slots[hole * FIELDS + 2] === 0) return;
    for (let slot = (hole + 1) & mask; slots[slot * FIELDS + 2] !== 0; slot = (slot + 1) & mask) {
      const home = (this.hashAt(slots, slot * FIELDS) >>> PART_BITS) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots.copyWithin(hole * FIELDS, slot * FIELDS, (slot + 1) * FIELDS);
      hole = slot;
    }
    slots[hole * FIELDS + 2] = 0;
    this.count--;
    if (slots.length > FIELDS * LEAST_SLOTS && this.count * FIELDS * 8 < slots.length) this.resize(slots.length / 2);
  }

  private hashAt(slots: Int32Array, at: number): number {
    return hashOf(this.key, intAt(slots, at), intAt(slots, at + 1));
  }

  /** The slot of an entry, or the free one where it belongs. */
  private slotOf(hash: number, list: number, family: number): number {
    const { slots } = this;
    const mask = slots.length / FIELDS - 1;
    let slot = (hash >>> PART_BITS) & mask;
    while (slots[slot * FIELDS + 2] !== 0 && (slots[slot * FIELDS] !== list || slots[slot * FIELDS + 1] !== family))
      slot = (slot + 1) & mask;
    return slot;
  }

  private resize(length: number): void {
    const old = this.slots;
    const slots = new Int32Array(length);
    this.slots = slots;
    for (let at = 0; at < old.length; at += FIELDS) {
      if (old[at + 2] === 0) continue;
      const [list, family] = [intAt(old, at), intAt(old, at + 1)];
      const to = this.slotOf(this.hashAt(old, at), list, family) * FIELDS;
      slots[to] = list;
      slots[to + 1] = family;
      slots[to + 2] = intAt(old, at + 2);
    }
  }

  /** Throws unless each entry is found and belongs to the part of this number; returns how many there are. */
  verify(part: number): number {
    let found = 0;
    for (let at = 0; at < this.slots.length; at += FIELDS) {
      if (this.slots[at + 2] === 0) continue;
      found++;
      const hash = this.hashAt(this.slots, at);
      mustBe(hash & (PARTS - 1), part, "large groups: the part of an entry");
      const slot = this.slotOf(hash, intAt(this.slots, at), intAt(this.slots, at + 1));
      mustBe(slot * FIELDS, at, "large groups: the place of an entry as it is found");
    }
    mustBe(found, this.count, "large groups: entries");
    return found;
  }
}
