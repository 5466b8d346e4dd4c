import type { RefusalReason } from "../model/refusals.ts";
import type { Log } from "../telemetry/log.ts";
import type { Refusal } from "./request-line.ts";

/** So many refusals a minute are logged one by one; the others are counted. */
const LOGGED_PER_MINUTE = 20;
const MINUTE_SECONDS = 60;

export interface RefusalDeps {
  readonly count: (reason: RefusalReason) => void;
  readonly log: Log;
  /** Whole seconds on a monotonic clock. */
  readonly second: () => number;
}

/** Counts what is refused before a handler sees it, and logs it within bounds. */
export class Refusals {
  private minute = 0;
  private logged = 0;
  private unlogged = 0;

  constructor(private readonly deps: RefusalDeps) {}

  add({ status, reason, words }: Refusal, client: string): void {
    const { count, log, second } = this.deps;
    count(reason);
    const minute = Math.floor(second() / MINUTE_SECONDS);
    if (minute !== this.minute) this.beginMinute(minute);
    if (this.logged++ < LOGGED_PER_MINUTE)
      log.warn("refused a request", { source: client, status, reason, err: words });
    else this.unlogged++;
  }

  private beginMinute(minute: number): void {
    if (this.unlogged > 0) this.deps.log.warn("refused more requests", { count: this.unlogged });
    this.minute = minute;
    this.logged = 0;
    this.unlogged = 0;
  }
}
