import { QuotaRejection } from "../model/quota.ts";
import { REFUSAL_OF_REJECTION } from "../model/refusals.ts";
import { Rejection, type RejectionKind } from "../model/rejection.ts";
import { htmlText } from "../serialise/html-text.ts";
import { type Answer, type Exchange, emptyAnswer, textError } from "../server/exchange.ts";
import type { Refusals } from "../server/refusals.ts";
import { Refusal } from "../server/request-line.ts";

/** The status of each kind of rejection: the only place that knows. */
const STATUS: Record<RejectionKind, number> = {
  malformed: 400,
  inconsistent: 400,
  "too-large": 413,
  unavailable: 503,
  // The client did nothing wrong and may succeed later: no 4xx. Nor is it asked to come back soon, as with 503.
  full: 507,
  busy: 503,
  "too-slow": 408,
  "rate-limit": 429,
  absent: 404,
  gone: 410,
  changed: 412,
  "key-reused": 422,
  forbidden: 403,
  unauthorized: 401,
};

/** Seconds after which a client that had to give way to others may try again. */
const RETRY_SECONDS = "1";

export const statusOf = (rejection: Rejection): number => STATUS[rejection.kind];

/** A redirect with the page that Go's http.Redirect sends along with one to GET; `location` is an escaped URL. */
export function redirected(method: string, location: string, status: 301 | 307): Answer {
  const headers: Record<string, string> = { Location: location };
  if (method === "GET" || method === "HEAD") headers["Content-Type"] = "text/html; charset=utf-8";
  const words = status === 301 ? "Moved Permanently" : "Temporary Redirect";
  const page = method === "GET" ? `<a href="${htmlText(location)}">${words}</a>.\n\n` : null;
  return { status, headers, body: page };
}

/**
 * The answer while what was kept is still being restored: whatever is asked now would see or change only a part of it.
 */
export function notYet(refusals: Refusals, reason: string, exchange: Exchange): Answer {
  return rejected(refusals, new Rejection("unavailable", reason), exchange);
}

/** The answer to a DELETE or a wipe once it is durable, or to one that is not. */
export function accepted(refusals: Refusals, fault: Rejection | null, exchange: Exchange): Answer {
  return fault === null ? emptyAnswer(202) : rejected(refusals, fault, exchange);
}

/** The answer to a request that was refused. One that is refused for another reason than its content is noted. */
export function rejected(refusals: Refusals, rejection: Rejection, exchange: Exchange): Answer {
  const reason = REFUSAL_OF_REJECTION[rejection.kind];
  if (reason !== null) refusals.note(new Refusal(statusOf(rejection), reason, rejection.message), exchange);
  return refusedAnswer(rejection);
}

/** The answer to a push that was refused; it is noted elsewhere, with its group. */
export function rejectedPush(refusals: Refusals, rejection: Rejection): Answer {
  const reason = REFUSAL_OF_REJECTION[rejection.kind];
  if (reason !== null) refusals.count(reason);
  return refusedAnswer(rejection);
}

/**
 * Where a limit was reached, the rest of the body is not waited for: the connection ends, and with it whatever could be
 * taken for a next request.
 */
function refusedAnswer(rejection: Rejection): Answer {
  const { kind, limit } = rejection;
  const isQuota = rejection instanceof QuotaRejection;
  const headers: Record<string, string> =
    kind === "unavailable" || kind === "busy" ? { "Retry-After": RETRY_SECONDS } : {};
  if (isQuota && rejection.retrySeconds !== null) headers["Retry-After"] = String(rejection.retrySeconds);
  if ((limit !== null && kind !== "full") || (isQuota && kind === "too-large")) headers.Connection = "close";
  return textError(statusOf(rejection), rejection.message, headers);
}

/** Answers of the JSON API are of the moment. */
export const API_HEADERS = { "Cache-Control": "no-cache, no-store, must-revalidate" };

/** Of an answer of the JSON API that no page of another origin may read. */
export const PRIVATE_JSON_HEADERS = { "Content-Type": "application/json", ...API_HEADERS };

export function privateJson(status: number, body: string): Answer {
  return { status, headers: PRIVATE_JSON_HEADERS, body };
}

export function text(status: number, message: string): Answer {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8" }, body: message };
}
