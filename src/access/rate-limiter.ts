/** A token bucket, full at first: `burst` requests at once, and one more each interval. */
export class RateLimiter {
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

  /** Whether one more request may pass now; if so it takes its token. */
  allows(): boolean {
    const nowMs = this.nowMs();
    this.tokens = Math.min(this.burst, this.tokens + (nowMs - this.filledMs) / this.intervalMs);
    this.filledMs = nowMs;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }

  /** After how long one would be allowed, as it was when one was not. */
  get waitMs(): number {
    return (1 - this.tokens) * this.intervalMs;
  }
}
