import { sortInTurns } from "../../bytes/sort-in-turns.ts";
import type { ExposedPage } from "../../model/exposition.ts";
import { MAX_SLOTS, type Page } from "./page.ts";
import { type HelpOf, helpOnPage, type PartFamily, partFamily, type StorePart } from "./part.ts";
import { partOfPage } from "./part-page.ts";
import type { Table } from "./table.ts";

/** A place of a chunk is one number: the family's id, the page's index in it, and the slot. */
const PAGES_A_FAMILY = 2 ** 20;
const PLACES_A_FAMILY = PAGES_A_FAMILY * MAX_SLOTS;
/** More families than this are sorted by name step by step. */
const SORTED_AT_ONCE = 256;

/** What few groups hold: the place of each of their chunks is noted at once, and only the pages of these are held. */
export class NotedPart implements StorePart {
  readonly isKept = false;
  private readonly families: readonly PartFamily[];
  private readonly held: Page[] = [];
  private isHeld = true;

  constructor(
    private readonly table: Table,
    groups: Int32Array,
    helpOf: HelpOf = "all",
  ) {
    this.families = familiesAt(table, placesOf(table, groups), this.held, helpOf);
    table.pages.beginReading(this.held);
  }

  *prepare(): Generator<null, readonly PartFamily[]> {
    const { families } = this;
    const order = Int32Array.from(families, (_, i) => i);
    const nameOf = (i: number) => (families[i] as PartFamily).nameBytes;
    const compare = (a: number, b: number) => Buffer.compare(nameOf(a), nameOf(b));
    if (families.length <= SORTED_AT_ONCE) order.sort(compare);
    else yield* sortInTurns(order, families.length, compare);
    return Array.from(order, (i) => families[i] as PartFamily);
  }

  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.table.pages.endReading(this.held);
  }
}

/** The places of all chunks with a series whose family is shown, in order. */
function placesOf(table: Table, groups: Int32Array): Float64Array {
  const { chunks } = table;
  const places: number[] = [];
  for (const group of groups)
    for (let chunk = table.groups.firstChunk(group); chunk >= 0; chunk = chunks.next(chunk)) {
      const family = chunks.familyId(chunk);
      if (chunks.metricCount(chunk) === 0 || !table.family(family).isShown) continue;
      places.push(family * PLACES_A_FAMILY + table.pageOf(chunk).index * MAX_SLOTS + chunks.slot(chunk));
    }
  return Float64Array.from(places).sort();
}

/** The families with the chunks at these places; their pages are added to `held`. */
function familiesAt(table: Table, places: Float64Array, held: Page[], helpOf: HelpOf): PartFamily[] {
  const families: PartFamily[] = [];
  for (let at = 0; at < places.length; ) {
    const id = Math.floor((places[at] as number) / PLACES_A_FAMILY);
    const family = table.family(id);
    const end = endOf(places, at, (id + 1) * PLACES_A_FAMILY);
    const pages = pagesAt(family.pages, places.subarray(at, end), held);
    const help = helpOf === "all" ? table.helpText(family.help) : helpOn(table, pages);
    families.push(partFamily(family.head(help), pages));
    at = end;
  }
  return families;
}

function helpOn(table: Table, pages: readonly ExposedPage[]): Uint8Array | null {
  for (const page of pages) {
    const help = helpOnPage(table, page);
    if (help !== null) return help;
  }
  return null;
}

/** The parts of a family's pages at these places, which are of that family. */
function pagesAt(pages: readonly Page[], places: Float64Array, held: Page[]): ExposedPage[] {
  const parts: ExposedPage[] = [];
  for (let at = 0; at < places.length; ) {
    const number = Math.floor((places[at] as number) / MAX_SLOTS);
    const page = pages[number % PAGES_A_FAMILY] as Page;
    const end = endOf(places, at, (number + 1) * MAX_SLOTS);
    parts.push(
      partOfPage(
        page,
        Uint16Array.from(places.subarray(at, end), (place) => place % MAX_SLOTS),
      ),
    );
    held.push(page);
    at = end;
  }
  return parts;
}

/** Where the places from `start` on that are below `limit` end. */
function endOf(places: Float64Array, start: number, limit: number): number {
  let end = start;
  while (end < places.length && (places[end] as number) < limit) end++;
  return end;
}
