import { intAt } from "../../bytes/at.ts";
import { NotedPart } from "./noted-part.ts";
import type { HelpOf, StorePart } from "./part.ts";
import type { ReachedGroups } from "./reached-groups.ts";
import { ScannedPart, selectedTerms } from "./scanned-part.ts";
import type { Table } from "./table.ts";

/** So many chunks are noted within one turn of the loop; of more, all pages are gone through. */
const NOTED_CHUNKS = 4096;

/** What these groups hold now. Nothing may be on its way into or out of the table. */
export function partOf(table: Table, groups: Int32Array, helpOf: HelpOf): StorePart {
  return isSmall(table, groups)
    ? new NotedPart(table, groups, helpOf)
    : new ScannedPart(table, selectedTerms(table, groups, helpOf));
}

/** What all groups of a reach hold now, as if there were no others; each must have been judged. */
export function reachedPart(table: Table, reached: ReachedGroups): StorePart {
  if (reached.count <= NOTED_CHUNKS) {
    const groups = reached.ids();
    if (isSmall(table, groups)) return new NotedPart(table, groups, "shown");
  }
  return new ScannedPart(table, { groups: reached.bits(), helpOf: "shown", owner: reached });
}

function isSmall({ groups: rows }: Table, groups: Int32Array): boolean {
  let chunkCount = 0;
  for (let i = 0; i < groups.length && chunkCount <= NOTED_CHUNKS; i++) chunkCount += rows.chunkCount(intAt(groups, i));
  return chunkCount <= NOTED_CHUNKS;
}
