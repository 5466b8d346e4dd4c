import { intAt } from "../../bytes/at.ts";
import type { ExposedPage } from "../../model/exposition.ts";
import type { FamilySnapshot } from "./families.ts";
import { MAX_SLOTS, type Page } from "./page.ts";
import { type PartFamily, partFamily, type StorePart } from "./part.ts";
import { partOfPage } from "./part-page.ts";
import { Snapshot } from "./snapshot.ts";
import type { Table } from "./table.ts";

/** Slots and families that are looked at before a turn of the loop may be taken. */
const SLOTS_A_TURN = 4096;
const FAMILIES_A_TURN = 256;

/**
 * What many groups hold: all pages of a snapshot are gone through, and the group of each of their chunks is asked for.
 * Until that is done, no chunk that goes makes room for another one, so that each says of which group it was.
 */
export class ScannedPart implements StorePart {
  private readonly snapshot: Snapshot;
  private readonly isOf: Uint8Array;
  private isScanning = true;
  private readonly places = new Uint16Array(MAX_SLOTS);
  private looked = 0;

  constructor(
    private readonly table: Table,
    groups: Int32Array,
  ) {
    this.snapshot = new Snapshot(table);
    this.isOf = new Uint8Array(table.groups.table.limit);
    for (let i = 0; i < groups.length; i++) this.isOf[intAt(groups, i)] = 1;
    table.chunks.keepRows();
  }

  *prepare(): Generator<null, readonly PartFamily[]> {
    const families: PartFamily[] = [];
    let passed = 0;
    for (const family of this.snapshot.eachFamily()) {
      if (++passed % FAMILIES_A_TURN === 0) yield null;
      const pages = family.filled ? yield* this.pagesOf(family) : [];
      if (pages.length > 0) families.push(partFamily(family, pages));
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
  }

  private *pagesOf({ pages }: FamilySnapshot): Generator<null, ExposedPage[]> {
    const parts: ExposedPage[] = [];
    for (const page of pages) {
      const places = this.placesOn(page);
      if (places.length > 0) parts.push(partOfPage(page, places));
      this.looked += page.count;
      if (this.looked < SLOTS_A_TURN) continue;
      this.looked = 0;
      yield null;
    }
    return parts;
  }

  /** The slots of the groups' chunks that have a series. */
  private placesOn(page: Page): Uint16Array {
    const { places, isOf, table } = this;
    const { chunks } = table;
    const { slots, sizes, count } = page;
    let found = 0;
    for (let slot = 0; slot < count; slot++) {
      const chunk = intAt(slots, slot);
      // A large chunk, whose size 16 bits cannot hold, is alone on its page.
      const isEmpty = sizes[slot] === 0 && page.sizeOf(slot) === 0;
      if (chunk >= 0 && !isEmpty && isOf[chunks.group(chunk)] === 1) places[found++] = slot;
    }
    return places.slice(0, found);
  }
}
