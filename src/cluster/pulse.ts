/** What the log is asked for all the time. */
export type Awaited = "head" | "append";

export interface PulseEvents {
  readonly lost: (reason: string) => void;
  readonly found: (seconds: number) => void;
}

/** Knows whether the log answers: it is lost where one of what is asked for has not been answered for some time. */
export class Pulse {
  private readonly failing = new Map<Awaited, { readonly sinceMs: number; readonly reason: string }>();
  private lostSinceMs: number | null = null;
  private reason = "it does not answer";

  constructor(
    private readonly patienceMs: number,
    private readonly events: PulseEvents,
  ) {}

  /** Why the connection is gone, or cannot be made: the reason of whatever is not answered. */
  explain(reason: string): void {
    this.reason = reason;
  }

  /** What was asked at `sinceMs`, or before, has not been answered; `reason` null: nobody said why. */
  failed(asked: Awaited, sinceMs: number, reason: string | null = null): void {
    const before = this.failing.get(asked);
    this.failing.set(asked, { sinceMs: before?.sinceMs ?? sinceMs, reason: reason ?? before?.reason ?? this.reason });
  }

  answered(asked: Awaited, nowMs: number): void {
    this.failing.delete(asked);
    if (this.failing.size > 0 || this.lostSinceMs === null) return;
    this.events.found((nowMs - this.lostSinceMs) / 1000);
    this.lostSinceMs = null;
  }

  /** Tells that the log is lost, where it is. */
  look(nowMs: number): void {
    if (this.lostSinceMs !== null) return;
    for (const { sinceMs, reason } of this.failing.values())
      if (nowMs - sinceMs >= this.patienceMs) return this.lose(sinceMs, reason);
  }

  private lose(sinceMs: number, reason: string): void {
    this.lostSinceMs = sinceMs;
    this.events.lost(reason);
  }
}
