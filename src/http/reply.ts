import { Rejection, type RejectionKind } from "../model/rejection.ts";

/** The status of each kind of rejection: the only place that knows. */
const STATUS: Record<RejectionKind, number> = {
  malformed: 400,
  inconsistent: 400,
  "too-large": 413,
  unavailable: 503,
};

export const statusOf = (rejection: Rejection): number => STATUS[rejection.kind];

/** An error in plain text, as Go's http.Error sends it. */
export function textError(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
  });
}

/** The answer while what was kept is still being restored: whatever is asked now would see or change only a part of it. */
export function notYet(reason: string): Response {
  return rejected(new Rejection("unavailable", reason));
}

/** The answer to a DELETE or a wipe once it is durable, or to one that is not. */
export function accepted(fault: Rejection | null): Response {
  return fault === null ? new Response(null, { status: 202 }) : rejected(fault);
}

/** The answer to a request that was refused. */
export function rejected(rejection: Rejection): Response {
  const retry = rejection.kind === "unavailable" ? { "retry-after": "1" } : {};
  return textError(statusOf(rejection), rejection.message, retry);
}

export function text(status: number, message: string): Response {
  return new Response(message, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
