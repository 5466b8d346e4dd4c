import { intAt } from "../bytes/at.ts";
import { Rows } from "./rows.ts";

const OWNER = 0;
const AT = 1;
const SIZE = 2;
const STRIDE = 3;

/** Characters of all names and values of an exemplar's labels together (OpenMetrics 1.0, section "Exemplars"). */
export const MOST_EXEMPLAR_CHARACTERS = 128;

/**
 * What few samples or metrics of a push have besides: an exemplar, or the time of their creation. Each is a place in
 * the bytes of the columns, by the number of the sample or metric; numbers rise.
 */
export class AsideRows extends Rows {
  constructor(mostSeries: number, whenFull: () => void) {
    super(STRIDE, Math.min(8, mostSeries), mostSeries, whenFull);
  }

  add(owner: number, at: number, size: number): void {
    const row = this.count++ * STRIDE;
    if (row + STRIDE > this.rows.length) this.grow();
    this.rows[row + OWNER] = owner;
    this.rows[row + AT] = at;
    this.rows[row + SIZE] = size;
  }

  /** The row of a sample or metric, or -1. */
  find(owner: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const row = (low + high) >> 1;
      const found = intAt(this.rows, row * STRIDE + OWNER);
      if (found === owner) return row;
      if (found < owner) low = row + 1;
      else high = row - 1;
    }
    return -1;
  }

  at(row: number): number {
    return intAt(this.rows, row * STRIDE + AT);
  }

  size(row: number): number {
    return intAt(this.rows, row * STRIDE + SIZE);
  }
}
