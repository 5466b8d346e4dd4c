import { clientAddress } from "../config/address.ts";
import type { Clock } from "../model/clock.ts";
import type { RefusalReason } from "../model/refusals.ts";
import type { RefusedRequest } from "../model/refused.ts";
import type { Log } from "../telemetry/log.ts";
import { LogQuota } from "../telemetry/log-quota.ts";
import { statusText } from "./answer-head.ts";
import type { Answer, Exchange } from "./exchange.ts";
import type { Refusal } from "./request-line.ts";

/** Refusals of each reason that are logged one by one in a minute; the next line says how many were not. */
const LOGGED_PER_MINUTE = 20;

export interface RefusalDeps extends Pick<Clock, "now"> {
  readonly count: (reason: RefusalReason) => void;
  readonly note: (request: RefusedRequest, asker: RefusedAsker) => void;
  readonly log: Log;
}

/** Who was refused, and what of the request could be read. */
export type RefusedAsker = Pick<Exchange, "client"> & Partial<Exchange>;

/** What is known of every request that is refused with these words. */
export function refusedRequest(
  { status, words }: Pick<Refusal, "status" | "words">,
  asker: RefusedAsker,
): Omit<RefusedRequest, "kind"> {
  const { client, method = "", path } = asker;
  return {
    status,
    reason: words,
    method,
    path: path === undefined ? "" : Buffer.from(path).toString(),
    group: null,
    client: clientAddress(client),
    user: null,
    userAgent: asker.header?.("user-agent") ?? null,
    line: null,
    contradicts: null,
    sizeBytes: null,
  };
}

/** The answer to a refused request. */
export function refusalAnswer({ status, words }: Refusal): Answer {
  const headers = { "Content-Type": "text/plain; charset=utf-8" };
  return { status, headers, body: `${status} ${statusText(status)}: ${words}` };
}

/** Counts and notes what is refused, and logs within bounds what nobody else does. */
export class Refusals {
  private readonly quotas = new Map<RefusalReason, LogQuota>();

  constructor(private readonly deps: RefusalDeps) {}

  /** A refusal that is neither logged nor noted here. */
  count(reason: RefusalReason): void {
    this.deps.count(reason);
  }

  /** A refusal that is not logged here. */
  note(refusal: Refusal, asker: RefusedAsker): void {
    this.deps.count(refusal.reason);
    this.deps.note({ ...refusedRequest(refusal, asker), kind: refusal.reason }, asker);
  }

  add(refusal: Refusal, asker: RefusedAsker): void {
    this.note(refusal, asker);
    this.log(refusal, asker);
  }

  /** Logs a refusal that is counted and noted elsewhere. */
  log({ status, reason, words }: Refusal, asker: RefusedAsker): void {
    const unlogged = this.quotaOf(reason).take();
    if (unlogged === null) return;
    const fields = { source: asker.client, status, reason, err: words };
    this.deps.log.warn("refused a request", unlogged === 0 ? fields : { ...fields, unlogged });
  }

  private quotaOf(reason: RefusalReason): LogQuota {
    const quota = this.quotas.get(reason) ?? new LogQuota(LOGGED_PER_MINUTE, this.deps.now);
    this.quotas.set(reason, quota);
    return quota;
  }
}
