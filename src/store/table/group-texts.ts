import { copyFolded } from "../../bytes/ascii.ts";
import { LINE_FEED } from "../../bytes/characters.ts";
import { Int32Column } from "../../bytes/columns.ts";
import { GrowingBytes } from "../../bytes/growing-bytes.ts";
import { KeyTable } from "../../bytes/key-table.ts";
import { unescapeBytes } from "../../exposition/escape.ts";
import { LabelWalk } from "../../exposition/label-block.ts";

const decoder = new TextDecoder();

/** Ends each key in the text. No key has one: a line end in a value is escaped. */
const LINE_END = LINE_FEED;
const START_BYTES = 64 * 1024;
/** A row whose group is gone. */
const GONE = -1;
/** A row without the label job. */
export const NO_JOB = -1;
export const NO_ROW = -1;
/** Rows that are gone are left where they are until they are so many, and more than the others. */
const LEAST_GONE = 1024;

/**
 * The keys of all groups as one text in which words are looked for, with A to Z as a to z.
 *
 *     text    instance="a",job="backup"\n instance="b",job="backup"\n ...      (no blanks)
 *     rows    id of the group, start in the text, number of the job, and the next row of that job; in the order in which
 *             they were added
 *     jobs    values of the label job as they are written in keys, numbered; they stay as long as the text
 */
export class GroupTexts {
  readonly jobs = new KeyTable();
  private readonly text = new GrowingBytes(START_BYTES);
  private readonly ids = new Int32Column();
  private readonly starts = new Int32Column();
  private readonly jobNumbers = new Int32Column();
  /** By row, the next one of its job plus one; by job, its first and last row plus one. 0: none. */
  private readonly nextRows = new Int32Column();
  private readonly firstRows = new Int32Column();
  private readonly lastRows = new Int32Column();
  /** The row of a group by its id, plus one; 0: none. */
  private readonly rowOf = new Int32Column();
  private rowCount = 0;
  private goneCount = 0;
  private readonly walk = new LabelWalk();

  /** All rows are below this; those of groups that are gone are among them. */
  get limit(): number {
    return this.rowCount;
  }

  /** How many groups there are in it. */
  get count(): number {
    return this.rowCount - this.goneCount;
  }

  has(id: number): boolean {
    return (this.rowOf.rows[id] ?? 0) > 0;
  }

  /** Adds a group that has no row yet, by its key. */
  add(id: number, key: Uint8Array): void {
    const row = this.rowCount++;
    for (const column of [this.ids, this.starts, this.jobNumbers, this.nextRows]) column.ensure(row + 1);
    this.rowOf.ensure(id + 1);
    this.rowOf.rows[id] = row + 1;
    this.ids.rows[row] = id;
    this.starts.rows[row] = this.text.size;
    this.nextRows.rows[row] = 0;
    this.setJob(row, this.jobOf(key));
    this.addText(key);
  }

  private setJob(row: number, job: number): void {
    this.jobNumbers.rows[row] = job;
    if (job === NO_JOB) return;
    this.firstRows.ensure(job + 1);
    this.lastRows.ensure(job + 1);
    const last = this.lastRows.at(job);
    if (last === 0) this.firstRows.rows[job] = row + 1;
    else this.nextRows.rows[last - 1] = row + 1;
    this.lastRows.rows[job] = row + 1;
  }

  /** Takes out a group, if it has a row. */
  remove(id: number): void {
    const row = (this.rowOf.rows[id] ?? 0) - 1;
    if (row < 0) return;
    this.rowOf.rows[id] = 0;
    this.ids.rows[row] = GONE;
    this.goneCount++;
  }

  /** More rows are of groups that are gone than of others: it is to be made anew. */
  get isWorn(): boolean {
    return this.goneCount > LEAST_GONE && this.goneCount * 2 > this.rowCount;
  }

  /** The group of a row; below 0 where it is gone. */
  idAt(row: number): number {
    return this.ids.at(row);
  }

  /** The number of a row's job, or NO_JOB. */
  jobAt(row: number): number {
    return this.jobNumbers.at(row);
  }

  /** The first row of a job, or NO_ROW; of no job is none. */
  firstOfJob(job: number): number {
    return job < 0 ? NO_ROW : this.firstRows.at(job) - 1;
  }

  /** The next row of the same job, or NO_ROW. */
  nextOfJob(row: number): number {
    return this.nextRows.at(row) - 1;
  }

  /** The value of a job. */
  jobText(job: number): string {
    return decoder.decode(unescapeBytes(this.jobs.key(job)));
  }

  /** The text: the keys end to end, each ended by a line feed. */
  get bytes(): Uint8Array {
    return this.text.bytes;
  }

  /** How much of it there is. */
  get usedSize(): number {
    return this.text.size;
  }

  /** Where the key of a row begins in the text, and ends. */
  startOf(row: number): number {
    return this.starts.at(row);
  }

  endOf(row: number): number {
    return (row + 1 < this.rowCount ? this.starts.at(row + 1) : this.text.size) - 1;
  }

  /** The row in which a place in the text is, which is `from` or a later one: near ones are found first. */
  rowAt(at: number, from: number): number {
    const { starts } = this;
    const last = this.rowCount - 1;
    let low = from;
    let step = 1;
    while (low + step <= last && starts.at(low + step) <= at) {
      low += step;
      step *= 2;
    }
    let high = Math.min(last, low + step - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts.at(middle) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  get sizeBytes(): number {
    const { ids, starts, jobNumbers, nextRows, firstRows, lastRows, rowOf } = this;
    let sizeBytes = this.text.sizeBytes + this.jobs.sizeBytes;
    for (const column of [ids, starts, jobNumbers, nextRows, firstRows, lastRows, rowOf]) sizeBytes += column.sizeBytes;
    return sizeBytes;
  }

  private jobOf(key: Uint8Array): number {
    const { walk, jobs } = this;
    walk.open(key, 0, key.length);
    while (walk.step()) {
      if (!isJob(key, walk.start, walk.nameEnd)) continue;
      const known = jobs.find(key, walk.valueStart, walk.valueEnd);
      return known < 0 ? jobs.add(key, walk.valueStart, walk.valueEnd) : known;
    }
    return NO_JOB;
  }

  private addText(key: Uint8Array): void {
    const { text } = this;
    text.reserve(key.length + 1);
    copyFolded(key, 0, key.length, text.bytes, text.size);
    text.bytes[text.size + key.length] = LINE_END;
    text.size += key.length + 1;
  }
}

/** Whether source[start, end) is `job`. */
function isJob(source: Uint8Array, start: number, end: number): boolean {
  return end - start === 3 && source[start] === 0x6a && source[start + 1] === 0x6f && source[start + 2] === 0x62;
}
