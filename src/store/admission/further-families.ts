import { mustBe, mustHold } from "../../bytes/broken.ts";
import { KeyTable } from "../../bytes/key-table.ts";
import type { Family } from "../table/families.ts";

/** A list of families and its places: measured. */
const LIST_BYTES = 120;

const NONE: readonly Family[] = [];

/** The families that a name has besides the one that is found by it. */
export class FurtherFamilies {
  private readonly names = new KeyTable();
  /** By the number of a name; there are some types, so no list is long. */
  private readonly lists: Family[][] = [];
  count = 0;

  get sizeBytes(): number {
    return this.names.sizeBytes + this.names.count * LIST_BYTES;
  }

  of(name: Uint8Array): readonly Family[] {
    if (this.count === 0) return NONE;
    const id = this.names.find(name, 0, name.length);
    return id < 0 ? NONE : (this.lists[id] ?? NONE);
  }

  add(family: Family): void {
    const { names, lists } = this;
    const { nameBytes } = family;
    const known = names.find(nameBytes, 0, nameBytes.length);
    if (known >= 0) lists[known]?.push(family);
    else lists[names.add(nameBytes, 0, nameBytes.length)] = [family];
    this.count++;
  }

  /** Takes out a family that is in it. */
  remove(family: Family): void {
    const { names, lists } = this;
    const id = names.find(family.nameBytes, 0, family.nameBytes.length);
    const others = lists[id]?.filter((other) => other !== family) ?? [];
    lists[id] = others;
    if (others.length === 0) names.remove(id);
    lists.length = names.limit;
    this.count--;
  }

  /** Throws unless it has all of these, and no others. */
  verify(families: readonly Family[]): void {
    const further = families.filter(({ isFurther }) => isFurther);
    mustBe(this.count, further.length, "further families of names");
    for (const family of further)
      mustHold(this.of(family.nameBytes).includes(family), `further families: ${family.name} is not in its list`);
  }
}
