/** A token bucket, full at first: `burst` at once, of requests or of bytes, and one more each interval. */
export class TokenBucket {
  private tokens: number;
  private filledMs: number;

  /** `nowMs` is monotonic. */
  constructor(
    private readonly intervalMs: number,
    private readonly burst: number,
    private readonly nowMs: () => number,
  ) {
    this.tokens = burst;
    this.filledMs = nowMs();
  }

  /** Takes so many tokens; false: they are not there, and none is taken. */
  take(count = 1): boolean {
    const nowMs = this.nowMs();
    this.tokens = Math.min(this.burst, this.tokens + (nowMs - this.filledMs) / this.intervalMs);
    this.filledMs = nowMs;
    if (this.tokens < count) return false;
    this.tokens -= count;
    return true;
  }

  /** After how long one could be taken, as it was when one could not. */
  get waitMs(): number {
    return (1 - this.tokens) * this.intervalMs;
  }
}
