import { BRACE_CLOSE, LINE_FEED, SPACE } from "../../bytes/characters.ts";
import { sameBytes } from "../../bytes/hash.ts";
import { Writer } from "../../bytes/writer.ts";
import { isComposite } from "../../model/metric-type.ts";
import { PAGE_BYTES } from "../table/page.ts";
import type { Table } from "../table/table.ts";

/** Of Buffer's methods: finds a run of bytes, where an array finds one byte. */
const findRun = Buffer.prototype.indexOf;

/** Finds the lines of single metrics in the chunk of a group, at the cost of the metric. */
export class StoredSeries {
  /** Some look-up needs an index that is not whole yet: what was found is not all. */
  isIncomplete = false;
  private readonly line = new Writer(1024);

  constructor(private readonly table: Table) {}

  /**
   * Where in the lines of a chunk those of a metric begin, or -1: `head` and `label` are what stands before and between
   * the braces of its last line. It is looked for from `at` on first.
   */
  find(chunk: number, lines: Uint8Array, head: Writer, label: Writer, at: number): number {
    const line = this.lineOf(chunk, lines, head, label, at);
    return line < 0 || !isComposite(this.table.typeOf(chunk)) ? line : firstLine(lines, line, head);
  }

  private lineOf(chunk: number, lines: Uint8Array, head: Writer, label: Writer, at: number): number {
    const { table } = this;
    const page = table.pageOf(chunk);
    if (page.bytes.length <= PAGE_BYTES) return this.search(lines, head, label, at);
    const index = table.indexing.of(page, table.lineCountOf(chunk), isComposite(table.typeOf(chunk)));
    if (!index.isWhole) this.isIncomplete = true;
    if (!index.isWhole) return -1;
    const labels = index.find(label.bytes, 0, label.length);
    return labels < 0 ? -1 : labels - head.length;
  }

  /** Of a chunk on a small page all lines are looked through. */
  private search(lines: Uint8Array, head: Writer, label: Writer, at: number): number {
    const { line } = this;
    line.reset();
    line.copy(head.bytes, 0, head.length);
    line.copy(label.bytes, 0, label.length);
    line.byte(BRACE_CLOSE);
    line.byte(SPACE);
    const found = searchFrom(lines, line.view(), at);
    return found >= 0 || at === 0 ? found : searchFrom(lines, line.view(), 0);
  }
}

/** A value of a label may hold what a line begins with. */
function searchFrom(lines: Uint8Array, line: Uint8Array, at: number): number {
  let found = findRun.call(lines as Buffer, line, at);
  while (found > 0 && lines[found - 1] !== LINE_FEED) found = findRun.call(lines as Buffer, line, found + 1);
  return found;
}

/** The first line of the metric whose last one begins at `line`: the one before it ends with such a line, too. */
function firstLine(lines: Uint8Array, line: number, head: Writer): number {
  let first = line;
  while (first > 0) {
    const before = lines.lastIndexOf(LINE_FEED, first - 2) + 1;
    if (sameBytes(lines, before, head.bytes, 0, head.length)) break;
    first = before;
  }
  return first;
}
