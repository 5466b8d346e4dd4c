import { ROW_UNITS, type Work } from "../../model/work.ts";
import { type GroupTexts, NO_ROW } from "../table/group-texts.ts";

/** Rows that may be found; all others are not. */
export interface RowSource {
  /** The first of them from `row` on; the limit where there is none. Rows asked for must rise. */
  from(row: number): number;
}

export const EVERY_ROW: RowSource = { from: (row) => row };

/** The rows with a word, which is folded, in their keys. */
export class RowsWithWord implements RowSource {
  private next = -1;
  /** The limit when the next one was looked for. */
  private limit = 0;

  constructor(
    private readonly word: Uint8Array,
    private readonly texts: GroupTexts,
    private readonly work: Work,
  ) {}

  from(row: number): number {
    const { texts, work } = this;
    const isKnown = this.next >= row && (this.next < this.limit || this.limit === texts.limit);
    if (isKnown) return this.next;
    this.limit = texts.limit;
    this.next = texts.findWord(this.word, row);
    work.charge((this.next - row) * ROW_UNITS);
    return this.next;
  }
}

/** The rows of one job, by its value as keys have it. No others are looked at. */
export class RowsOfJob implements RowSource {
  /** The last one that was looked at, or NO_ROW. */
  private row = NO_ROW;

  constructor(
    private readonly job: Uint8Array,
    private readonly texts: GroupTexts,
    private readonly work: Work,
  ) {}

  from(row: number): number {
    const { texts, job } = this;
    let next = this.row === NO_ROW ? texts.firstOfJob(texts.jobs.find(job, 0, job.length)) : this.row;
    while (next !== NO_ROW && next < row) {
      this.row = next;
      this.work.charge(ROW_UNITS);
      next = texts.nextOfJob(next);
    }
    return next === NO_ROW ? texts.limit : next;
  }
}
