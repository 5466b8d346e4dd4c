import { eachRecord } from "../../add/find-records.ts";
import { SlicedCopy } from "../../bytes/sliced-copy.ts";
import { uninitialized } from "../../bytes/uninitialized.ts";
import type { Writer } from "../../bytes/writer.ts";
import { STEP_UNITS } from "../../model/work.ts";
import type { ChunkContent } from "../table/chunk-content.ts";
import { PAGE_BYTES, pageSizeFor } from "../table/page.ts";
import { fits } from "../table/rewriting.ts";
import { SplicedCopy } from "../table/splice.ts";
import type { Table } from "../table/table.ts";
import { isPartial, type JudgedFamilies, type JudgedFamily, linesBytesOf } from "./judged-family.ts";

/** Lines of a chunk that move on their page in one turn: a millisecond. */
const MOST_MOVED_BYTES = 64 * STEP_UNITS;

/** Stored lines that are copied in one turn: half a millisecond. */
const MOST_COPIED_BYTES = 16 * STEP_UNITS;

/** Whether so many lines that are there are copied, or move, that it takes more than a turn to store a push. */
export function movesMuch(table: Table, families: JudgedFamilies): boolean {
  for (let i = 0; i < families.count; i++) {
    const item = families.at(i);
    if (isPartial(item) && linesBytesOf(item) > MOST_COPIED_BYTES && !isInPlace(table, item)) return true;
  }
  return false;
}

/** Whether a family is written into the large page that its chunk has, in one turn. */
function isInPlace(table: Table, item: JudgedFamily): boolean {
  const { chunk, splice } = item;
  if (splice === null || !isPartial(item)) return false;
  const page = table.pageOf(chunk);
  if (page.bytes.length <= PAGE_BYTES || table.pages.isHeld(page)) return false;
  return fits(page, splice) && splice.movedBytes <= MOST_MOVED_BYTES;
}

/** Copies the lines of a family, as they are to be, to a page of their own. */
export function copyOf(item: JudgedFamily): SlicedCopy | SplicedCopy {
  const { splice } = item;
  const pageBytes = pageSizeFor(0, linesBytesOf(item));
  if (splice === null || !isPartial(item)) return new SlicedCopy(pageBytes);
  return new SplicedCopy(splice, uninitialized(pageBytes));
}

/**
 * Sets what a chunk becomes of which some series get other lines; the new ones are in `content.source`. Few lines are
 * put together in `out`.
 */
export function setSpliced(table: Table, item: JudgedFamily, content: ChunkContent, out: Writer): void {
  const { chunk, splice, page } = item;
  if (splice === null || !isPartial(item)) return;
  content.start = 0;
  content.end = linesBytesOf(item);
  content.metricCount = table.metricCountOf(chunk) + splice.newMetrics;
  content.lineCount = table.lineCountOf(chunk) + splice.moreLines;
  content.side = splicedSide(sideOf(table, chunk), splice.records, item.side);
  content.quoted ||= table.isQuoted(chunk);
  if (table.pageOf(chunk).bytes.length > PAGE_BYTES) content.splice = splice;
  else if (page === null) {
    out.reset();
    out.reserve(content.end);
    splice.writeTo(out.bytes, 0, table.linesOf(chunk), content.source);
    content.source = out.bytes;
  }
}

const sideOf = (table: Table, chunk: number): Uint8Array | null => table.pageOf(chunk).sides?.get(chunk) ?? null;

/** The size of what stands beside the lines of a chunk once a family is stored. */
export function sideBytesOf(table: Table, item: JudgedFamily): number {
  const { chunk, side, splice } = item;
  let sizeBytes = side?.length ?? 0;
  if (splice === null || splice.records === null || !isPartial(item)) return sizeBytes;
  sizeBytes += sideOf(table, chunk)?.length ?? 0;
  for (let record = 0; record < splice.records.length; record += 2)
    sizeBytes -= (splice.records[record + 1] ?? 0) - (splice.records[record] ?? 0);
  return sizeBytes;
}

/** The records of a chunk with new ones in place of those in `replaced`, and the others of the new ones behind. */
function splicedSide(
  stored: Uint8Array | null,
  replaced: readonly number[] | null,
  fresh: Uint8Array | null,
): Uint8Array | null {
  if (stored === null || replaced === null) return fresh;
  if (fresh === null) return stored;
  const records = [...eachRecord(fresh)].map(({ tagStart, end }) => fresh.subarray(tagStart, end));
  const places = records.map((record, i) => ({ record, start: replaced[2 * i] ?? -1, end: replaced[2 * i + 1] ?? -1 }));
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { record, start, end } of places.filter(({ start }) => start >= 0).sort((a, b) => a.start - b.start)) {
    parts.push(stored.subarray(at, start), record);
    at = end;
  }
  parts.push(stored.subarray(at), ...records.slice(replaced.length / 2));
  return Buffer.concat(parts);
}
