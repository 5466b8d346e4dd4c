import { isComposite } from "../../model/metric-type.ts";
import { STEP_UNITS } from "../../model/work.ts";
import type { Family } from "./families.ts";
import { PAGE_BYTES, type Page, type Pages } from "./pages.ts";
import { SeriesIndex } from "./series-index.ts";
import type { Table } from "./table.ts";

/**
 * The indexes of large chunks that are being made, because a push has a series that may be in them. One is made no more
 * than once for each time that its chunk is written: so they cost what was sent.
 */
export class Indexing {
  private queue: SeriesIndex[] = [];

  constructor(private readonly pages: Pages) {}

  get isUnderWay(): boolean {
    return this.queue.length > 0;
  }

  /** The index of the one chunk of a large page, whole or not. */
  of(page: Page, lineCount: number, composite: boolean): SeriesIndex {
    if (page.series !== null) return page.series;
    const index = new SeriesIndex(page.bytes.subarray(0, page.used), lineCount, composite);
    this.pages.setSeries(page, index);
    this.queue.push(index);
    return index;
  }

  /** Goes on for a moment; false: all are whole. */
  step(): boolean {
    const index = this.queue[0];
    if (index === undefined) return false;
    if (!index.isStale) index.step(STEP_UNITS);
    if (index.isStale || index.isWhole) this.queue.shift();
    return this.isUnderWay;
  }

  finish(): void {
    while (this.step());
  }
}

/** What the search for duplicates needs from the store. */
export interface SeriesSource {
  /** The lines of a family in a group, borrowed, or null where the group has none of it. */
  lines(group: number, family: Family): Uint8Array | null;
  /** Finds series in them where they are many, once it is whole; null where they are few. */
  index(group: number, family: Family): SeriesIndex | null;
}

/** What the search for duplicates reads of a table; with `atOnce` it waits for no index. */
export function seriesOf(table: Table, atOnce: boolean): SeriesSource {
  return {
    lines: (group, family) => {
      const chunk = table.chunkOf(group, family.id);
      return chunk < 0 ? null : table.linesOf(chunk);
    },
    index: (group, family) => {
      const index = indexOf(table, group, family);
      if (index !== null && atOnce) table.indexing.finish();
      return index;
    },
  };
}

function indexOf(table: Table, group: number, family: Family): SeriesIndex | null {
  const chunk = table.chunkOf(group, family.id);
  if (chunk < 0) return null;
  const page = table.pageOf(chunk);
  if (page.bytes.length <= PAGE_BYTES) return null;
  return table.indexing.of(page, table.lineCountOf(chunk), isComposite(family.type));
}
