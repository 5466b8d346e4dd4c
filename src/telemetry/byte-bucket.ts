/** How much may be written: so many bytes a second on the average, and so many at once after a rest. */
export interface Allowance {
  readonly bytesPerSecond: number;
  readonly mostBytes: number;
}

/** Says whether there is an allowance left. */
export class ByteBucket {
  private leftBytes: number;
  private lastMs: number;

  constructor(
    private readonly allowance: Allowance,
    /** Of a clock that never goes back. */
    private readonly nowMs: () => number,
  ) {
    this.leftBytes = allowance.mostBytes;
    this.lastMs = nowMs();
  }

  /** Takes so many bytes; false: they are not left, and nothing is taken. */
  take(sizeBytes: number): boolean {
    const { bytesPerSecond, mostBytes } = this.allowance;
    const nowMs = this.nowMs();
    this.leftBytes = Math.min(mostBytes, this.leftBytes + ((nowMs - this.lastMs) / 1000) * bytesPerSecond);
    this.lastMs = nowMs;
    if (sizeBytes > this.leftBytes) return false;
    this.leftBytes -= sizeBytes;
    return true;
  }
}
