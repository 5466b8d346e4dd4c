import { LINE_FEED } from "../../bytes/characters.ts";
import { sameBytes } from "../../bytes/hash.ts";
import { isComposite } from "../../model/metric-type.ts";
import { PAGE_BYTES } from "../table/page.ts";
import type { Table } from "../table/table.ts";

/** Of Buffer's methods: finds a run of bytes, where an array finds one byte. */
const findRun = Buffer.prototype.indexOf;

/** Finds the lines of single metrics in the chunk of a group, at the cost of the metric. */
export class StoredSeries {
  /** Some look-up needs an index that is not whole yet: what was found is not all. */
  isIncomplete = false;
  constructor(private readonly table: Table) {}

  /**
   * Where in the lines of a chunk those of a metric begin, or -1. `line` is its last line up to the value, of which
   * `headSize` bytes stand before the labels. It is looked for from `at` on first.
   */
  find(chunk: number, lines: Uint8Array, line: Uint8Array, headSize: number, at: number): number {
    const last = this.lastLine(chunk, lines, line, headSize, at);
    return last < 0 || !isComposite(this.table.typeOf(chunk)) ? last : firstLine(lines, last, line, headSize);
  }

  private lastLine(chunk: number, lines: Uint8Array, line: Uint8Array, headSize: number, at: number): number {
    const { table } = this;
    const page = table.pageOf(chunk);
    if (page.bytes.length <= PAGE_BYTES) return search(lines, line, at);
    const index = table.indexing.of(page, table.lineCountOf(chunk), isComposite(table.typeOf(chunk)));
    if (!index.isWhole) this.isIncomplete = true;
    if (!index.isWhole) return -1;
    const labels = index.find(line, headSize, line.length - BEHIND_LABELS);
    return labels < 0 ? -1 : labels - headSize;
  }
}

/** A brace and a blank. */
export const BEHIND_LABELS = 2;

/** Of a chunk on a small page all lines are looked through. */
function search(lines: Uint8Array, line: Uint8Array, at: number): number {
  const found = searchFrom(lines, line, at);
  return found >= 0 || at === 0 ? found : searchFrom(lines, line, 0);
}

/** A value of a label may hold what a line begins with. */
function searchFrom(lines: Uint8Array, line: Uint8Array, at: number): number {
  let found = findRun.call(lines as Buffer, line, at);
  while (found > 0 && lines[found - 1] !== LINE_FEED) found = findRun.call(lines as Buffer, line, found + 1);
  return found;
}

/** The first line of the metric whose last one begins at `last`: the one before it ends with such a line, too. */
function firstLine(lines: Uint8Array, last: number, line: Uint8Array, headSize: number): number {
  let first = last;
  while (first > 0) {
    const before = lines.lastIndexOf(LINE_FEED, first - 2) + 1;
    if (sameBytes(lines, before, line, 0, headSize)) break;
    first = before;
  }
  return first;
}
