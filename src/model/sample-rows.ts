import { intAt } from "../bytes/at.ts";
import { SlicedCopy } from "../bytes/sliced-copy.ts";
import { Rows } from "./rows.ts";

const NEXT = 0;
const TOKEN_AT = 1;
const TOKEN_SIZE = 2;
const STRIDE = 3;
const NUMBER_BYTES = 8;

/**
 * The samples of a push; see PushColumns. Where a sample has a token, that is the value just as it must be printed, and
 * the number is not looked at. A summary's count below 0 stands for the unsigned number of 64 bits that is so far
 * below 2^64.
 */
export class SampleRows extends Rows {
  /** Two a sample: the bound (of a bucket or quantile) and the value. */
  private numbers = new Float64Array((2 * this.rows.length) / STRIDE);

  private growingNumbers: SlicedCopy | null = null;

  constructor(mostSeries: number, whenFull: () => void) {
    super(STRIDE, Math.min(64, mostSeries), mostSeries, whenFull);
  }

  add(bound: number, value: number, tokenAt: number, tokenSize: number): number {
    const at = this.count++ * STRIDE;
    if (at + STRIDE > this.rows.length) this.grow();
    const row = this.count - 1;
    const { rows } = this;
    if (row * 2 >= this.numbers.length) this.growNumbers();
    rows[at + NEXT] = -1;
    rows[at + TOKEN_AT] = tokenAt;
    rows[at + TOKEN_SIZE] = tokenSize;
    this.numbers[row * 2] = bound;
    this.numbers[row * 2 + 1] = value;
    return row;
  }

  override reserveOn(rowCount: number, mostBytes: number): boolean {
    if (!super.reserveOn(rowCount, mostBytes)) return false;
    const size = (2 * this.rows.length) / STRIDE;
    if (size <= this.numbers.length) return true;
    this.growingNumbers ??= new SlicedCopy(size * NUMBER_BYTES);
    const { target } = this.growingNumbers;
    const source = new Uint8Array(this.numbers.buffer, this.numbers.byteOffset, this.count * 2 * NUMBER_BYTES);
    if (!this.growingNumbers.copyOn(source, 0, source.length, mostBytes)) return false;
    this.numbers = new Float64Array(target.buffer, target.byteOffset, target.length / NUMBER_BYTES);
    this.growingNumbers = null;
    return true;
  }

  override clear(): void {
    super.clear();
    this.growingNumbers = null;
  }

  private growNumbers(): void {
    const size = (2 * this.rows.length) / STRIDE;
    if (size === this.numbers.length) return;
    const numbers = new Float64Array(size);
    numbers.set(this.numbers);
    this.numbers = numbers;
  }

  override giveBack(): void {
    super.giveBack();
    this.numbers = new Float64Array((2 * this.rows.length) / STRIDE);
  }

  override copyFrom(other: SampleRows): void {
    super.copyFrom(other);
    this.numbers = other.numbers.slice(0, other.count * 2);
  }

  /** The next point of the metric, or -1. */
  next(sample: number): number {
    return intAt(this.rows, sample * STRIDE + NEXT);
  }

  setNext(sample: number, next: number): void {
    this.rows[sample * STRIDE + NEXT] = next;
  }

  /** NaN where it is neither a bucket nor a quantile. */
  bound(sample: number): number {
    return this.number(sample * 2);
  }

  /** The value where there is no token. */
  value(sample: number): number {
    return this.number(sample * 2 + 1);
  }

  setValue(sample: number, value: number): void {
    this.numbers[sample * 2 + 1] = value;
  }

  /** Where the token is in `tokens`. */
  tokenAt(sample: number): number {
    return intAt(this.rows, sample * STRIDE + TOKEN_AT);
  }

  /** 0: there is no token. */
  tokenSize(sample: number): number {
    return intAt(this.rows, sample * STRIDE + TOKEN_SIZE);
  }

  setToken(sample: number, at: number, size: number): void {
    this.rows[sample * STRIDE + TOKEN_AT] = at;
    this.rows[sample * STRIDE + TOKEN_SIZE] = size;
  }

  private number(index: number): number {
    return this.numbers[index] as number;
  }
}
