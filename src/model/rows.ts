/**
 * Rows of integers that grow up to a number of rows. Where they may grow no more `whenFull` is called, and what is
 * written to further rows is lost.
 */
export class Rows {
  protected rows: Int32Array;
  count = 0;

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

  /** Rows are counted where they grow: that costs a few pushes, not each row. */
  protected grow(): void {
    const rowCount = Math.min((this.rows.length / this.stride) * 2, this.mostRows);
    if (rowCount * this.stride <= this.rows.length) return this.whenFull();
    const grown = new Int32Array(rowCount * this.stride);
    grown.set(this.rows);
    this.rows = grown;
  }
}
