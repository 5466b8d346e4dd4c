import type { Family, FamilySnapshot } from "./families.ts";
import type { Pages } from "./pages.ts";

/** What is kept of a family that changed, and each page of it: measured. */
const KEPT_BYTES = 250;
const REFERENCE_BYTES = 8;

/** A reader that goes on to see the table as it was: a snapshot. */
export interface Reader {
  /** Changes of the epoch before this are seen, later ones are not. */
  readonly epoch: number;
  /** Keeps a family as it is before it changes. */
  keep(family: Family, before: FamilySnapshot): void;
}

/**
 * The readers of the table that take several turns. Their pages are held. Everything else that they must see as it was
 * is kept for them before it changes, by the change itself.
 */
export class Readers {
  private readonly snapshots = new Set<Reader>();

  constructor(private readonly pages: Pages) {}

  /** A snapshot is taken: no page that exists now is written until `endSnapshot`. Returns its epoch. */
  beginSnapshot(snapshot: Reader): number {
    this.snapshots.add(snapshot);
    return this.pages.hold();
  }

  endSnapshot(snapshot: Reader): void {
    this.snapshots.delete(snapshot);
    this.pages.release(snapshot.epoch);
  }

  /** To be called before a family or the list of its pages changes; `now` makes what it is. */
  beforeFamilyChanges(family: Family, now: (family: Family) => FamilySnapshot): void {
    const { epoch } = this.pages;
    if (family.epoch === epoch) return;
    let before: FamilySnapshot | null = null;
    for (const snapshot of this.snapshots) {
      if (snapshot.epoch <= family.epoch) continue;
      before ??= now(family);
      snapshot.keep(family, before);
    }
    if (before !== null) this.pages.keepMore(family.epoch, keptBytes(before));
    family.epoch = epoch;
  }
}

function keptBytes({ pages, help }: FamilySnapshot): number {
  return KEPT_BYTES + pages.length * REFERENCE_BYTES + (help?.length ?? 0);
}
