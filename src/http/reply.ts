import type { Rejection, RejectionKind } from "../model/rejection.ts";

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
  return textError(503, reason, { "retry-after": "1" });
}

export function text(status: number, message: string): Response {
  return new Response(message, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
