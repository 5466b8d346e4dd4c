import { SlicedCopy } from "../bytes/sliced-copy.ts";

const INTEGER_BYTES = 4;

/**
 * Rows of integers that grow up to a number of rows. Where they may grow no more `whenFull` is called, and what is
 * written to further rows is lost.
 */
export class Rows {
  protected rows: Int32Array;
  count = 0;
  /** The larger rows that are being filled, if any. */
  private growing: SlicedCopy | null = null;

  constructor(
    private readonly stride: number,
    private readonly startRows: number,
    private readonly mostRows: number,
    private readonly whenFull: () => void,
  ) {
    this.rows = new Int32Array(stride * startRows);
  }

  /** How many integers it has room for. */
  get capacity(): number {
    return this.rows.length;
  }

  clear(): void {
    this.count = 0;
    this.growing = null;
  }

  /** Frees the memory; there are no rows then. */
  giveBack(): void {
    this.count = 0;
    this.rows = new Int32Array(this.stride * this.startRows);
  }

  /** Makes the rows those of `other`, which has the same stride; there is no room for more. */
  copyFrom(other: Rows): void {
    this.count = other.count;
    this.rows = other.rows.slice(0, other.count * this.stride);
  }

  /**
   * Makes room for so many more rows, as far as there may be, over several turns: at most `mostBytes` are copied in
   * this one. False: it is to be asked again before any row is added.
   */
  reserveOn(rowCount: number, mostBytes: number): boolean {
    const { rows, stride, mostRows } = this;
    const needed = Math.min(this.count + rowCount, mostRows) * stride;
    if (needed <= rows.length) return true;
    const size = Math.max(needed, Math.min((rows.length / stride) * 2, mostRows) * stride);
    this.growing ??= new SlicedCopy(size * INTEGER_BYTES);
    const { target } = this.growing;
    const source = new Uint8Array(rows.buffer, rows.byteOffset, this.count * stride * INTEGER_BYTES);
    if (!this.growing.copyOn(source, 0, source.length, mostBytes)) return false;
    this.rows = new Int32Array(target.buffer, target.byteOffset, target.length / INTEGER_BYTES);
    this.growing = null;
    return true;
  }

  /** Rows are counted where they grow: that costs a few pushes, not each row. */
  protected grow(): void {
    const rowCount = Math.min((this.rows.length / this.stride) * 2, this.mostRows);
    if (rowCount * this.stride <= this.rows.length) return this.whenFull();
    const grown = new Int32Array(rowCount * this.stride);
    grown.set(this.rows);
    this.rows = grown;
  }
}
