import { intAt } from "../../bytes/at.ts";
import type { ExposedPage } from "../../model/exposition.ts";
import type { FamilySnapshot } from "./families.ts";
import { MAX_SLOTS, type Page } from "./page.ts";
import type { PartOwner } from "./page-parts.ts";
import { type HelpOf, helpOnPage, type PartFamily, partFamily, type StorePart } from "./part.ts";
import { PartPage, partOfPage } from "./part-page.ts";
import { bitsOf, type GroupBits, hasBit } from "./reached-groups.ts";
import { Snapshot } from "./snapshot.ts";
import type { Table } from "./table.ts";

/** Slots, pages and families that are looked at before a turn of the loop may be taken. */
const SLOTS_A_TURN = 4096;
const PAGE_SLOTS = 8;
const FAMILIES_A_TURN = 256;

/** Which groups a part has, and how it is shown. */
export interface PartTerms {
  /** As they are when the part is made. */
  readonly groups: GroupBits;
  readonly helpOf: HelpOf;
  /** What is found on a page is kept there for the next part of this owner, which has the same groups; null: not. */
  readonly owner: PartOwner | null;
}

/**
 * What many groups hold: all pages of a snapshot are gone through, and the group of each of their chunks is asked for.
 * Until that is done, no chunk that goes makes room for another one, so that each says of which group it was; nor does
 * a help text.
 */
export class ScannedPart implements StorePart {
  readonly isKept: boolean;
  private readonly snapshot: Snapshot;
  private isScanning = true;
  private readonly places = new Uint16Array(MAX_SLOTS);
  private looked = 0;

  constructor(
    private readonly table: Table,
    private readonly terms: PartTerms,
  ) {
    this.isKept = terms.owner !== null;
    this.snapshot = new Snapshot(table);
    table.chunks.keepRows();
    table.helps.keepTexts();
  }

  *prepare(): Generator<null, readonly PartFamily[]> {
    const families: PartFamily[] = [];
    let passed = 0;
    for (const family of this.snapshot.eachFamily()) {
      if (++passed % FAMILIES_A_TURN === 0) yield null;
      const pages = family.filled ? yield* this.pagesOf(family) : [];
      if (pages.length > 0) families.push(partFamily(yield* this.headOf(family, pages), pages));
    }
    this.endScan();
    return families;
  }

  release(): void {
    this.endScan();
    this.snapshot.release();
  }

  private endScan(): void {
    if (!this.isScanning) return;
    this.isScanning = false;
    this.table.chunks.giveRows();
    this.table.helps.giveTexts();
  }

  /** A help text of groups that are shown may be newer than the lines: it is the one that the group has by now. */
  private *headOf(family: FamilySnapshot, pages: readonly ExposedPage[]): Generator<null, FamilySnapshot> {
    if (this.terms.helpOf === "all" || family.help === null) return family;
    for (const page of pages) {
      const help = helpOnPage(this.table, page);
      if (help !== null) return { ...family, help };
      if (this.isTurnOver(page.count)) yield null;
    }
    return { ...family, help: null };
  }

  private isTurnOver(slots: number): boolean {
    this.looked += slots;
    if (this.looked < SLOTS_A_TURN) return false;
    this.looked = 0;
    return true;
  }

  private *pagesOf({ pages }: FamilySnapshot): Generator<null, ExposedPage[]> {
    const { owner } = this.terms;
    const parts: ExposedPage[] = [];
    for (const page of pages) {
      const seen = owner === null ? undefined : page.partFor(owner);
      const part = seen === undefined ? this.lookAt(page) : seen === "all" ? page : seen;
      if (part !== "none") parts.push(part);
      if (this.isTurnOver(seen === undefined ? page.count : PAGE_SLOTS)) yield null;
    }
    return parts;
  }

  private lookAt(page: Page): ExposedPage | "none" {
    const places = this.placesOn(page);
    const part = places.length === 0 ? "none" : partOfPage(page, places);
    const { owner } = this.terms;
    if (owner !== null) page.keepPart(owner, part === "none" || part instanceof PartPage ? part : "all");
    return part;
  }

  /** The slots of the groups' chunks that have a series. */
  private placesOn(page: Page): Uint16Array {
    const { places, table, terms } = this;
    const { chunks } = table;
    const { groups } = terms;
    const { slots, sizes, count } = page;
    let found = 0;
    for (let slot = 0; slot < count; slot++) {
      const chunk = intAt(slots, slot);
      // A large chunk, whose size 16 bits cannot hold, is alone on its page.
      const isEmpty = sizes[slot] === 0 && page.sizeOf(slot) === 0;
      if (chunk >= 0 && !isEmpty && hasBit(groups, chunks.group(chunk))) places[found++] = slot;
    }
    return places.slice(0, found);
  }
}

/** The terms of a part that somebody selects. */
export const selectedTerms = (table: Table, groups: Int32Array, helpOf: HelpOf): PartTerms => ({
  groups: bitsOf(groups, table.groups.table.limit),
  helpOf,
  owner: null,
});
