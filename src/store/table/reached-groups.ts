import { intAt } from "../../bytes/at.ts";
import { mustBe, mustHold } from "../../bytes/broken.ts";
import type { KeyTable } from "../../bytes/key-table.ts";
import type { GroupReach } from "../../model/principal.ts";

/** Groups that are judged before a turn of the loop may be taken, and bytes of their keys. */
const JUDGED_A_STEP = 64;
const KEY_BYTES_A_STEP = 8192;

const WORD_BITS = 32;
const ALL_BITS = -1;

/** Groups by their ids, a bit each. */
export type GroupBits = Int32Array;

export const hasBit = (bits: GroupBits, group: number): boolean =>
  ((intAt(bits, group >>> 5) >>> (group & 31)) & 1) === 1;

/** The bits of some groups, whose ids are all below the limit. */
export function bitsOf(groups: Int32Array, limit: number): GroupBits {
  const bits = new Int32Array(wordsOf(limit));
  for (let i = 0; i < groups.length; i++) setBit(bits, intAt(groups, i));
  return bits;
}

const wordsOf = (limit: number): number => Math.ceil(limit / WORD_BITS);

function setBit(bits: GroupBits, group: number): void {
  bits[group >>> 5] = intAt(bits, group >>> 5) | (1 << (group & 31));
}

function clearBit(bits: GroupBits, group: number): void {
  bits[group >>> 5] = intAt(bits, group >>> 5) & ~(1 << (group & 31));
}

/**
 * The groups that a reach covers. Each is judged once in its life: when somebody asks for it, or step by step. What
 * comes and goes costs a bit.
 */
export class ReachedGroups {
  /** Of groups that were judged, or are not there. */
  private known: GroupBits = new Int32Array(0);
  private covered: GroupBits = new Int32Array(0);
  /** All groups below it are known. */
  private firstUnknown = 0;
  /** Whether all groups were judged at some moment. */
  private wasWhole = false;
  /** False: it is told of no change any more, and remembers nothing. */
  private isKept = true;
  /** How many of those that were judged are covered. */
  count = 0;
  /** Grows with whatever may have changed a group that is covered; and with pushes to one. */
  changes = 0;
  pushes = 0;

  constructor(
    private readonly keys: KeyTable,
    private readonly reach: GroupReach,
  ) {
    this.ensure(keys.limit);
  }

  get sizeBytes(): number {
    return this.known.byteLength + this.covered.byteLength;
  }

  /** Whether a group that is there is covered. */
  has(group: number): boolean {
    if (!this.isKept) return this.reach.covers(this.keys.key(group));
    return hasBit(this.known, group) ? hasBit(this.covered, group) : this.judge(group);
  }

  private judge(group: number): boolean {
    const isCovered = this.reach.covers(this.keys.key(group));
    setBit(this.known, group);
    if (!isCovered) return false;
    setBit(this.covered, group);
    this.count++;
    this.changes++;
    // It came by a push since then.
    if (this.wasWhole) this.pushes++;
    return true;
  }

  /** Judges some more groups; false: all that are there have been. */
  judgeOn(): boolean {
    const { keys } = this;
    let [judged, keyBytes] = [0, 0];
    for (let group = this.unknownFrom(this.firstUnknown); group < keys.limit; group = this.unknownFrom(group + 1)) {
      this.firstUnknown = group;
      if (judged >= JUDGED_A_STEP || keyBytes >= KEY_BYTES_A_STEP) return true;
      if (keys.has(group)) {
        judged++;
        keyBytes += keys.size(group);
        this.judge(group);
      } else setBit(this.known, group);
    }
    this.firstUnknown = keys.limit;
    this.wasWhole = true;
    return false;
  }

  /** The first one from a group on that was not judged; the limit of ids, or more, where all have been. */
  private unknownFrom(first: number): number {
    const { known } = this;
    const { limit } = this.keys;
    for (let group = first; group < limit; group++) {
      const word = intAt(known, group >>> 5);
      if (word === ALL_BITS) group |= WORD_BITS - 1;
      else if (((word >>> (group & 31)) & 1) === 0) return group;
    }
    return limit;
  }

  /** Those that are covered at this moment, for who goes on later; all must have been judged. */
  bits(): GroupBits {
    return this.covered.slice(0, wordsOf(this.keys.limit));
  }

  /** The ids of those that are covered; all must have been judged. */
  ids(): Int32Array {
    const ids = new Int32Array(this.count);
    const { covered } = this;
    for (let group = 0, found = 0; found < ids.length; group++) {
      if (covered[group >>> 5] === 0) group |= WORD_BITS - 1;
      else if (hasBit(covered, group)) ids[found++] = group;
    }
    return ids;
  }

  /** A group came: it has the id of none that is there. */
  added(group: number): void {
    this.ensure(group + 1);
    clearBit(this.known, group);
    this.firstUnknown = Math.min(this.firstUnknown, group);
  }

  removed(group: number): void {
    if (hasBit(this.covered, group)) {
      clearBit(this.covered, group);
      this.count--;
      this.changes++;
    }
    setBit(this.known, group);
  }

  /** A group was changed, by a push or otherwise. */
  changed(group: number, byPush: boolean): void {
    if (!hasBit(this.covered, group)) return;
    this.changes++;
    if (byPush) this.pushes++;
  }

  /** From now on nothing is told. */
  leave(): void {
    this.isKept = false;
  }

  private ensure(limit: number): void {
    const words = wordsOf(limit);
    if (words <= this.known.length) return;
    this.known = grownTo(words, this.known);
    this.covered = grownTo(words, this.covered);
  }

  /** Throws where it remembers something else than the reach says. */
  verify(): void {
    const { keys, reach, known, covered } = this;
    let count = 0;
    for (let group = 0; group < known.length * WORD_BITS; group++) {
      const isCovered = hasBit(covered, group);
      if (isCovered) count++;
      mustHold(!isCovered || (hasBit(known, group) && keys.has(group)), `reach: group ${group} is not there`);
      mustHold(group >= this.firstUnknown || hasBit(known, group), `reach: group ${group} was passed over`);
      if (keys.has(group) && hasBit(known, group))
        mustHold(isCovered === reach.covers(keys.key(group)), `reach: group ${group} is remembered as ${isCovered}`);
    }
    mustBe(this.count, count, "reach: groups that are covered");
  }
}

/** With room for more: what is behind is not known. */
function grownTo(words: number, bits: GroupBits): GroupBits {
  const grown = new Int32Array(Math.max(words, 2 * bits.length));
  grown.set(bits);
  return grown;
}
