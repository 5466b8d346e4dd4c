import type { Clock } from "../model/clock.ts";
import type { RefusalReason } from "../model/refusals.ts";
import type { Log } from "../telemetry/log.ts";
import { LogQuota } from "../telemetry/log-quota.ts";
import { statusText } from "./answer-head.ts";
import type { Answer } from "./exchange.ts";
import type { Refusal } from "./request-line.ts";

/** Refusals of each reason that are logged one by one in a minute; the next line says how many were not. */
const LOGGED_PER_MINUTE = 20;

export interface RefusalDeps extends Pick<Clock, "now"> {
  readonly count: (reason: RefusalReason) => void;
  readonly log: Log;
}

/** The answer to a refused request. */
export function refusalAnswer({ status, words }: Refusal): Answer {
  const headers = { "Content-Type": "text/plain; charset=utf-8" };
  return { status, headers, body: `${status} ${statusText(status)}: ${words}` };
}

/** Counts what is refused, and logs within bounds what nobody else does. */
export class Refusals {
  private readonly quotas = new Map<RefusalReason, LogQuota>();

  constructor(private readonly deps: RefusalDeps) {}

  /** A refusal that is not logged here. */
  count(reason: RefusalReason): void {
    this.deps.count(reason);
  }

  add({ status, reason, words }: Refusal, client: string): void {
    this.deps.count(reason);
    const unlogged = this.quotaOf(reason).take();
    if (unlogged === null) return;
    const fields = { source: client, status, reason, err: words };
    this.deps.log.warn("refused a request", unlogged === 0 ? fields : { ...fields, unlogged });
  }

  private quotaOf(reason: RefusalReason): LogQuota {
    const quota = this.quotas.get(reason) ?? new LogQuota(LOGGED_PER_MINUTE, this.deps.now);
    this.quotas.set(reason, quota);
    return quota;
  }
}
