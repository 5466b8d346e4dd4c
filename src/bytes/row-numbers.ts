import { mustBe, mustHold } from "./broken.ts";
import type { Int32Column } from "./columns.ts";

/** Which fields of a free row its list uses. */
export interface FreeFields {
  /** The integers of a row. */
  readonly stride: number;
  /** FREE in a free row, something else in any other. */
  readonly mark: number;
  readonly next: number;
  readonly previous: number;
}

export const FREE = -1;
const NONE = -1;

/**
 * Numbers the rows of a column: a row keeps its number, which is then used again. Free rows are linked in a list. Those
 * behind the last row in use do not exist: the column frees their memory.
 */
export class RowNumbers {
  private firstFree = NONE;
  /** Every number is below this. */
  limit = 0;
  /** How many rows are in use. */
  count = 0;

  constructor(
    private readonly column: Int32Column,
    private readonly fields: FreeFields,
  ) {}

  /** A row to be filled, its mark among the fields. */
  take(): number {
    const { column, fields } = this;
    this.count++;
    const row = this.firstFree;
    if (row !== NONE) {
      this.unlink(row);
      return row;
    }
    column.ensure((this.limit + 1) * fields.stride);
    return this.limit++;
  }

  give(row: number): void {
    const { rows } = this.column;
    const { stride, mark, next, previous } = this.fields;
    this.count--;
    const at = row * stride;
    rows[at + mark] = FREE;
    rows[at + next] = this.firstFree;
    rows[at + previous] = NONE;
    if (this.firstFree !== NONE) rows[this.firstFree * stride + previous] = row;
    this.firstFree = row;
    if (row === this.limit - 1) this.lowerLimit();
  }

  isFree(row: number): boolean {
    return this.column.rows[row * this.fields.stride + this.fields.mark] === FREE;
  }

  /** Makes all rows free; the column stays as large as it is. */
  clear(): void {
    this.firstFree = NONE;
    this.limit = 0;
    this.count = 0;
  }

  private lowerLimit(): void {
    while (this.limit > 0 && this.isFree(this.limit - 1)) this.unlink(--this.limit);
    this.column.trim(this.limit * this.fields.stride);
  }

  /** Takes a row out of the list of free ones. */
  private unlink(row: number): void {
    const { rows } = this.column;
    const { stride, next, previous } = this.fields;
    const after = this.column.at(row * stride + next);
    const before = this.column.at(row * stride + previous);
    if (before === NONE) this.firstFree = after;
    else rows[before * stride + next] = after;
    if (after !== NONE) rows[after * stride + previous] = before;
  }

  /** Throws where counts and the list of free rows differ. */
  verify(what: string): void {
    const { column } = this;
    const { stride, next, previous } = this.fields;
    let free = 0;
    let before = NONE;
    for (let row = this.firstFree; row !== NONE; row = column.at(row * stride + next)) {
      mustHold(row < this.limit && this.isFree(row), `${what}: row ${row} is in the list of free ones and in use`);
      mustBe(column.at(row * stride + previous), before, `${what}: the free row before row ${row}`);
      mustHold(++free <= this.limit, `${what}: the list of free rows has no end`);
      before = row;
    }
    mustBe(this.count + free, this.limit, `${what}: rows in use and free ones`);
    mustHold(this.limit === 0 || !this.isFree(this.limit - 1), `${what}: the last row is free`);
  }
}
