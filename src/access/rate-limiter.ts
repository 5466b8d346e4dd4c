import type { RateLimit } from "./web-config.ts";

/** A token bucket, full at first: `burst` requests at once, and one more each interval. */
export class RateLimiter {
  private readonly intervalMs: number;
  private readonly burst: number;
  private tokens: number;
  private filledMs: number;

  /** `nowMs` is monotonic. */
  constructor(
    limit: RateLimit,
    private readonly nowMs: () => number,
  ) {
    this.intervalMs = Number(limit.intervalNs) / 1e6;
    this.burst = limit.burst;
    this.tokens = limit.burst;
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
}
