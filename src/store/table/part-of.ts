import { intAt } from "../../bytes/at.ts";
import { NotedPart } from "./noted-part.ts";
import type { StorePart } from "./part.ts";
import { ScannedPart } from "./scanned-part.ts";
import type { Table } from "./table.ts";

/** So many chunks are noted within one turn of the loop; of more, all pages are gone through. */
const NOTED_CHUNKS = 4096;

/** What these groups hold now. Nothing may be on its way into or out of the table. */
export function partOf(table: Table, groups: Int32Array): StorePart {
  let chunkCount = 0;
  for (let i = 0; i < groups.length && chunkCount <= NOTED_CHUNKS; i++)
    chunkCount += table.groups.chunkCount(intAt(groups, i));
  return chunkCount <= NOTED_CHUNKS ? new NotedPart(table, groups) : new ScannedPart(table, groups);
}
