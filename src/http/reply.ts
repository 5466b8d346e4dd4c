import { Rejection, type RejectionKind } from "../model/rejection.ts";
import { htmlText } from "../serialise/html-text.ts";

import { negotiateEncoding } from "../serialise/negotiate.ts";
import type { HttpContext } from "./deps.ts";

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
};

/** Seconds after which a client that had to give way to others may try again. */
const RETRY_SECONDS = "1";

export const statusOf = (rejection: Rejection): number => STATUS[rejection.kind];

/** An error in plain text, as Go's http.Error sends it. */
export function textError(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
  });
}

/** A redirect with the page that Go's http.Redirect sends along with one to GET; `location` is an escaped URL. */
export function redirected(method: string, location: string, status: 301 | 307): Response {
  const headers: Record<string, string> = { location };
  if (method === "GET" || method === "HEAD") headers["content-type"] = "text/html; charset=utf-8";
  const words = status === 301 ? "Moved Permanently" : "Temporary Redirect";
  const page = method === "GET" ? `<a href="${htmlText(location)}">${words}</a>.\n\n` : null;
  return new Response(page, { status, headers });
}

/** The answer while what was kept is still being restored: whatever is asked now would see or change only a part of it. */
export function notYet(reason: string): Response {
  return rejected(new Rejection("unavailable", reason));
}

/** The answer to a DELETE or a wipe once it is durable, or to one that is not. */
export function accepted(fault: Rejection | null): Response {
  return fault === null ? new Response(null, { status: 202 }) : rejected(fault);
}

/**
 * The answer to a request that was refused. Where a limit was reached, the rest of the body is not waited for: the connection
 * ends, and with it whatever could be taken for a next request.
 */
export function rejected(rejection: Rejection): Response {
  const { kind, limit } = rejection;
  const headers: Record<string, string> =
    kind === "unavailable" || kind === "busy" ? { "retry-after": RETRY_SECONDS } : {};
  if (limit !== null && kind !== "full") headers.connection = "close";
  return textError(statusOf(rejection), rejection.message, headers);
}

export function text(status: number, message: string): Response {
  return new Response(message, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** An answer of 200 of any length, gzipped where the client prefers that. */
export function longAnswer(
  { gzip, longAnswers }: Pick<HttpContext, "gzip" | "longAnswers">,
  request: Request,
  pieces: Iterable<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Response {
  const varied = { ...headers, vary: "Accept-Encoding" };
  if (negotiateEncoding(request.headers.get("accept-encoding")) === "identity")
    return longAnswers.answer(request, pieces, varied);
  return longAnswers.answer(request, gzip.compress(pieces), { ...varied, "content-encoding": "gzip" });
}
