import { isComposite } from "../../model/metric-type.ts";
import type { Family } from "./families.ts";
import { PAGE_BYTES } from "./page.ts";
import type { SeriesIndex } from "./series-index.ts";
import type { Table } from "./table.ts";

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
