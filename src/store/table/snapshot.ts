import type { Family, FamilySnapshot } from "./families.ts";
import type { FamilyBlock } from "./family-order.ts";
import type { Reader } from "./readers.ts";
import type { Table } from "./table.ts";

/**
 * Everything that was stored at one moment, families sorted by name. It costs a reference for some hundred families,
 * not a copy: a family that changes while snapshots are held is first kept for them as it was (Readers).
 */
export class Snapshot implements Reader {
  private readonly blocks: readonly FamilyBlock[];
  /** The families that changed since, as they were. */
  private readonly kept = new Map<Family, FamilySnapshot>();
  /** Changes of the epoch before this are seen, later ones are not; see Pages.hold. */
  readonly epoch: number;
  private held = true;

  constructor(private readonly table: Table) {
    this.epoch = table.readers.beginSnapshot(this);
    this.blocks = table.order.read();
  }

  /** The families one by one, to be taken over any number of turns. */
  *eachFamily(): Generator<FamilySnapshot> {
    for (const { families } of this.blocks)
      for (const family of families) yield this.kept.get(family) ?? family.shown(this.table.helpText(family.help));
  }

  /** All families at once. */
  get families(): readonly FamilySnapshot[] {
    return [...this.eachFamily()];
  }

  /** A family is about to change: `before` is how it is. */
  keep(family: Family, before: FamilySnapshot): void {
    this.kept.set(family, before);
  }

  /** Lets the pages go. Every snapshot must be released, once or more, whatever becomes of its reader. */
  release(): void {
    if (!this.held) return;
    this.held = false;
    this.kept.clear();
    this.table.readers.endSnapshot(this);
  }
}
