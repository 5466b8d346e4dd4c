import { addWhole, type NativeHalf, type Whole } from "./native-fields.ts";

/** One of the runs of buckets that begins before the run before it ends. */
export interface MisplacedRun {
  readonly number: number;
  readonly offset: number;
}

/**
 * Goes through the buckets of one half of a native histogram, step by step, and adds up what there is: the half must
 * have as many counts as its spans need. A run is a number of adjacent buckets, none of them empty: what Prometheus
 * makes of spans before it checks them.
 */
export class HalfWalk {
  private half: NativeHalf = { spans: [], deltas: [], counts: [] };
  private isFloat = false;
  private spanAt = 0;
  private left = 0;
  private at = 0;
  private index = 0;
  private end = 0;
  private isInRun = false;
  private count: Whole = 0;
  private filled = 0;
  runCount = 0;
  /** The first misplaced run, and the first behind the first run. */
  misplaced: MisplacedRun | null = null;
  misplacedLater: MisplacedRun | null = null;
  /** Of all runs with what lies before each. */
  length = 0;
  /** The first count below zero, and its number among those that are not empty. */
  below: { readonly number: number; readonly count: Whole } | null = null;
  /** All counts, as an unsigned number of 64 bits; only where they are whole and none is below zero. */
  total: Whole = 0;

  begin(half: NativeHalf, isFloat: boolean): void {
    this.half = half;
    this.isFloat = isFloat;
    this.spanAt = this.left = this.at = this.index = this.end = this.filled = this.runCount = this.length = 0;
    this.isInRun = false;
    this.count = this.total = 0;
    this.misplaced = this.misplacedLater = this.below = null;
  }

  /** Goes on for so many spans and buckets; false: there are more. */
  walkOn(most: number): boolean {
    const { spans, deltas, counts } = this.half;
    for (let steps = most; steps > 0; steps--) {
      if (this.left === 0) {
        if (this.spanAt >= spans.length) return true;
        this.enterSpan(spans[this.spanAt] as number, spans[this.spanAt + 1] as number);
        continue;
      }
      this.left--;
      const number = (this.isFloat ? counts : deltas)[this.at++] as Whole;
      this.count = this.isFloat ? number : addWhole(this.count, number, BigInt.asIntN);
      this.look(this.count);
      this.index = (this.index + 1) | 0;
    }
    return false;
  }

  private enterSpan(offset: number, length: number): void {
    this.index = (this.index + offset) | 0;
    this.isInRun = this.spanAt > 0 && offset === 0 && this.end === this.index && this.runCount > 0;
    this.left = length;
    this.spanAt += 2;
  }

  private look(count: Whole): void {
    if (count === 0 || count === 0n) {
      this.isInRun = false;
      return;
    }
    this.filled++;
    if (count < 0) this.below ??= { number: this.filled, count };
    if (!this.isFloat) this.total = addWhole(this.total, count, BigInt.asUintN);
    if (!this.isInRun) this.enterRun((this.index - this.end) | 0);
    this.length++;
    this.end = (this.index + 1) | 0;
  }

  private enterRun(offset: number): void {
    this.isInRun = true;
    this.runCount++;
    this.length += offset;
    if (offset >= 0) return;
    const run = { number: this.runCount, offset };
    this.misplaced ??= run;
    if (this.runCount > 1) this.misplacedLater ??= run;
  }
}
