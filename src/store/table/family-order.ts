import { Broken, mustBe, mustHold } from "../../bytes/broken.ts";
import type { Family } from "./families.ts";

/** A block with more families than this is split in two. */
const BLOCK_FAMILIES = 512;

/** Adjacent families of the order; a block that a reader holds is never changed, a copy replaces it. */
export interface FamilyBlock {
  readonly families: readonly Family[];
  /** The number of readings that had begun when the block came into being. */
  readonly reading: number;
}

/**
 * All families, sorted by the bytes of their names, and those of one name by their ids. A family that comes or goes
 * costs a search and the move of some references in one block; a reader gets all of them as they are at one moment for
 * a reference a block.
 */
export class FamilyOrder {
  private readonly blocks: { families: Family[]; reading: number }[] = [];
  private reading = 0;

  /** The families of this moment, block by block. */
  read(): readonly FamilyBlock[] {
    this.reading++;
    return this.blocks.slice();
  }

  add(family: Family): void {
    const at = this.blockOf(family);
    if (at < 0) {
      this.blocks.push({ families: [family], reading: this.reading });
      return;
    }
    const { families } = this.writable(at);
    families.splice(placeIn(families, family), 0, family);
    if (families.length > BLOCK_FAMILIES)
      this.blocks.splice(at + 1, 0, { families: families.splice(families.length >> 1), reading: this.reading });
  }

  /** Takes out a family that is there. */
  remove(family: Family): void {
    const at = this.blockOf(family);
    const place = at < 0 ? -1 : placeIn((this.blocks[at] as FamilyBlock).families, family);
    if (place < 0 || this.blocks[at]?.families[place] !== family)
      throw new Broken(`family ${family.name} has no place`);
    const { families } = this.writable(at);
    families.splice(place, 1);
    if (families.length === 0) this.blocks.splice(at, 1);
  }

  /** The last block whose first family is not behind this one; the first block if all are; -1 without any. */
  private blockOf(family: Family): number {
    const { blocks } = this;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const first = (blocks[middle] as FamilyBlock).families[0] as Family;
      if (compare(first, family) <= 0) low = middle + 1;
      else high = middle;
    }
    return low === 0 && blocks.length > 0 ? 0 : low - 1;
  }

  private writable(at: number): { families: Family[]; reading: number } {
    const block = this.blocks[at];
    if (block === undefined) throw new Broken(`there is no block ${at} of families`);
    if (block.reading === this.reading) return block;
    const copy = { families: block.families.slice(), reading: this.reading };
    this.blocks[at] = copy;
    return copy;
  }

  /** Throws unless it has all of so many families, in order. */
  verify(count: number): void {
    let found = 0;
    let before: Family | null = null;
    for (const { families } of this.blocks) {
      mustHold(families.length > 0, "the order of families: a block is empty");
      for (const family of families) {
        const isBehind = before === null || compare(before, family) < 0;
        mustHold(isBehind, `the order of families: ${family.name} is not behind the one before`);
        before = family;
        found++;
      }
    }
    mustBe(found, count, "the order of families: families");
  }
}

function compare(a: Family, b: Family): number {
  return Buffer.compare(a.nameBytes, b.nameBytes) || a.id - b.id;
}

/** The place of the first family that is not before this one. */
function placeIn(families: readonly Family[], family: Family): number {
  let low = 0;
  let high = families.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(families[middle] as Family, family) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
