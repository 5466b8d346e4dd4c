import { ROW_UNITS, type Work } from "../../model/work.ts";
import { type GroupTexts, NO_ROW } from "../table/group-texts.ts";
import type { Needle } from "./needle.ts";

/** Rows that may be found; all others are not. */
export interface RowSource {
  /** The first of them from `row` on, or one up to which none is; the limit where there is none. Rows must rise. */
  from(row: number): number;
  /** Whether a row, which `from` returned for itself, is one of them. */
  has(row: number): boolean;
}

export const EVERY_ROW: RowSource = { from: (row) => row, has: () => true };

/** The rows with a word in their keys. */
export class RowsWithWord implements RowSource {
  private next = -1;
  /** The limit when the next one was looked for. */
  private limit = 0;

  constructor(
    private readonly needle: Needle,
    private readonly texts: GroupTexts,
    private readonly work: Work,
  ) {}

  from(row: number): number {
    const { texts } = this;
    if (this.next > row && (this.next < this.limit || this.limit === texts.limit)) return this.next;
    if (this.next === row && this.needle.wasFound) return row;
    this.limit = texts.limit;
    this.next = this.needle.from(row);
    this.work.charge((this.next - row) * ROW_UNITS);
    return this.next;
  }

  has(row: number): boolean {
    return this.next === row && this.needle.wasFound;
  }
}

/** The rows of one job, by its value as keys have it. No others are looked at. */
export class RowsOfJob implements RowSource {
  /** The last one that was looked at, or NO_ROW. */
  private row = NO_ROW;
  private next = NO_ROW;

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
    this.next = next;
    return next === NO_ROW ? texts.limit : next;
  }

  has(row: number): boolean {
    return this.next === row;
  }
}
