/** What the log is asked for all the time. */
export type Awaited = "head" | "append";

export interface PulseEvents {
  readonly lost: (reason: string) => void;
  readonly found: (seconds: number) => void;
}

const UNEXPLAINED = "it does not answer";

/** Knows whether the log answers: it is lost where one of what is asked for has not been answered for some time. */
export class Pulse {
  /** Since when each of what is not answered was asked for. */
  private readonly failing = new Map<Awaited, number>();
  private lostSinceMs: number | null = null;
  /** What was said last. */
  private reason = UNEXPLAINED;

  constructor(
    private readonly patienceMs: number,
    private readonly events: PulseEvents,
  ) {}

  /** Says why something is not answered, or will not be. */
  explain(reason: string): void {
    this.reason = reason;
  }

  /** What was asked for at `sinceMs`, or before, has not been answered; null: nobody has said why. */
  failed(what: Awaited, sinceMs: number, reason: string | null = null): void {
    this.reason = reason ?? this.reason;
    if (!this.failing.has(what)) this.failing.set(what, sinceMs);
  }

  answered(what: Awaited, nowMs: number): void {
    this.failing.delete(what);
    if (this.failing.size > 0) return;
    this.reason = UNEXPLAINED;
    if (this.lostSinceMs === null) return;
    this.events.found((nowMs - this.lostSinceMs) / 1000);
    this.lostSinceMs = null;
  }

  /** Tells that the log is lost, where it is. */
  look(nowMs: number): void {
    if (this.lostSinceMs !== null || this.failing.size === 0) return;
    const sinceMs = Math.min(...this.failing.values());
    if (nowMs - sinceMs < this.patienceMs) return;
    this.lostSinceMs = sinceMs;
    this.events.lost(this.reason);
  }
}
