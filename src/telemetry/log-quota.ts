const WINDOW_MS = 60_000;

/** Limits the lines a minute in the log, because clients must not be able to fill it. */
export class LogQuota {
  private windowMs = Number.NEGATIVE_INFINITY;
  private taken = 0;
  private refused = 0;

  constructor(
    private readonly linesPerMinute: number,
    /** Milliseconds since 1970. */
    private readonly now: () => number,
  ) {}

  /** Whether there is room for a line at the moment. */
  get hasRoom(): boolean {
    const nowMs = this.now();
    if (nowMs - this.windowMs >= WINDOW_MS || nowMs < this.windowMs) {
      this.windowMs = nowMs;
      this.taken = 0;
    }
    return this.taken < this.linesPerMinute;
  }

  /** Takes the room of a line. Returns how many found none since the last one that did, or null if there is none. */
  take(): number | null {
    if (!this.hasRoom) {
      this.refused++;
      return null;
    }
    const { refused } = this;
    this.taken++;
    this.refused = 0;
    return refused;
  }
}
