import type { Clock } from "../model/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { LogQuota } from "../telemetry/log-quota.ts";
import { type Answer, textError } from "./exchange.ts";

/** Failures that are logged one by one in a minute; the next line says how many were not. */
const LOGGED_PER_MINUTE = 20;

export interface FailureDeps extends Pick<Clock, "now"> {
  readonly count: () => void;
  readonly log: Log;
}

/** What of a request is named where it failed. */
export interface FailedRequest {
  readonly method: string;
  readonly path: Uint8Array;
  readonly client: string;
}

/**
 * Requests that failed by a fault of the server's own: each is counted once, and logged with what it was, within
 * bounds.
 */
export class Failures {
  private readonly quota: LogQuota;

  constructor(private readonly deps: FailureDeps) {
    this.quota = new LogQuota(LOGGED_PER_MINUTE, deps.now);
  }

  /** The text of the answer. */
  answer(request: FailedRequest, fault: unknown): Answer {
    this.note(request, fault);
    return textError(500, "internal error");
  }

  /** For failures after which no answer can be sent. */
  note({ method, path, client }: FailedRequest, fault: unknown): void {
    this.deps.count();
    const unlogged = this.quota.take();
    if (unlogged === null) return;
    const fields = { method, url: Buffer.from(path).toString(), source: client, ...faultFields(fault) };
    this.deps.log.error("answering a request failed", unlogged === 0 ? fields : { ...fields, unlogged });
  }
}

/** What was thrown, and where; whatever it is, this does not throw. */
function faultFields(fault: unknown): { readonly err: string; readonly at: string } {
  try {
    const stack = fault instanceof Error ? String(fault.stack) : "";
    return { err: String(fault), at: /^\s*at (.+)$/m.exec(stack)?.[1] ?? "unknown" };
  } catch {
    return { err: "a fault that cannot be shown", at: "unknown" };
  }
}
