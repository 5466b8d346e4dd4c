import { intAt } from "../../bytes/at.ts";
import { mustBe } from "../../bytes/broken.ts";
import { Int32Column } from "../../bytes/columns.ts";

/** Of an entry: the list, the family, the chunk + 1 (0 is free). */
const FIELDS = 3;

/**
 * Finds the chunks of large groups by their family: open addressing over (list, family, chunk), at most 2/3 full;
 * removal moves back the rest of the cluster. A list is a large group's until all its chunks go; another one of the
 * same group is another list.
 */
export class LargeGroups {
  private slots = new Int32Array(FIELDS * 64);
  private count = 0;
  private lastList = 0;
  /** The list of each group, 0 where it is not large. */
  private readonly lists = new Int32Column();
  /** Another one in each process, so that nobody can choose where chunks are. */
  private readonly key = crypto.getRandomValues(new Int32Array(1))[0] ?? 0;

  get sizeBytes(): number {
    return this.slots.byteLength + this.lists.sizeBytes;
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
    return intAt(this.slots, this.slotOf(list, family) * FIELDS + 2) - 1;
  }

  set(list: number, family: number, chunk: number): void {
    if ((this.count + 1) * FIELDS * 3 > this.slots.length * 2) this.resize(this.slots.length * 2);
    const at = this.slotOf(list, family) * FIELDS;
    if (this.slots[at + 2] === 0) this.count++;
    this.slots[at] = list;
    this.slots[at + 1] = family;
    this.slots[at + 2] = chunk + 1;
  }

  /** Takes an entry out, if it is there. */
  remove(list: number, family: number): void {
    const { slots } = this;
    const mask = slots.length / FIELDS - 1;
    let hole = this.slotOf(list, family);
    if (slots[hole * FIELDS + 2] === 0) return;
    for (let slot = (hole + 1) & mask; slots[slot * FIELDS + 2] !== 0; slot = (slot + 1) & mask) {
      const home = this.hash(intAt(slots, slot * FIELDS), intAt(slots, slot * FIELDS + 1)) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots.copyWithin(hole * FIELDS, slot * FIELDS, (slot + 1) * FIELDS);
      hole = slot;
    }
    slots[hole * FIELDS + 2] = 0;
    this.count--;
    if (slots.length > FIELDS * 64 && this.count * FIELDS * 8 < slots.length) this.resize(slots.length / 2);
  }

  private hash(list: number, family: number): number {
    let hash = Math.imul(family ^ this.key, 0x9e3779b1) ^ Math.imul(list, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (hash ^ (hash >>> 13)) & 0x7fffffff;
  }

  /** The slot of an entry, or the free one where it belongs. */
  private slotOf(list: number, family: number): number {
    const { slots } = this;
    const mask = slots.length / FIELDS - 1;
    let slot = this.hash(list, family) & mask;
    while (slots[slot * FIELDS + 2] !== 0 && (slots[slot * FIELDS] !== list || slots[slot * FIELDS + 1] !== family))
      slot = (slot + 1) & mask;
    return slot;
  }

  private resize(length: number): void {
    const old = this.slots;
    this.slots = new Int32Array(length);
    for (let at = 0; at < old.length; at += FIELDS) {
      if (old[at + 2] === 0) continue;
      const to = this.slotOf(intAt(old, at), intAt(old, at + 1)) * FIELDS;
      this.slots.set(old.subarray(at, at + FIELDS), to);
    }
  }

  /** Throws unless so many entries are there and each is found. */
  verify(count: number): void {
    let found = 0;
    for (let at = 0; at < this.slots.length; at += FIELDS) {
      if (this.slots[at + 2] === 0) continue;
      found++;
      const slot = this.slotOf(intAt(this.slots, at), intAt(this.slots, at + 1));
      mustBe(slot * FIELDS, at, "large groups: the place of an entry as it is found");
    }
    mustBe(found, this.count, "large groups: entries");
    mustBe(found, count, "large groups: chunks of large groups");
  }
}
