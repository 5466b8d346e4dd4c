import type { WebConfig } from "../config/web-config.ts";
import { Rejection } from "../model/rejection.ts";
import type { BasicAuth, Verdict } from "./basic-auth.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { textError } from "./reply.ts";

type Answer = Response | Promise<Response>;

/** Stands before everything that answers requests: `next` is what it guards. */
export type Guard = (request: Request, next: (request: Request) => Answer) => Answer;

/** Where no web-config file is given. */
export const UNGUARDED: Guard = (request, next) => next(request);

export interface GuardDeps {
  /** The configuration of this moment; a rejection while its file is broken. */
  readonly config: () => WebConfig | Rejection;
  readonly auth: BasicAuth;
  /** null: no limit. */
  readonly limiter: RateLimiter | null;
}

/**
 * Puts every request to the web-config file, in the reference's order: 500 while the file is broken, 429 over the rate limit, then
 * the headers for whatever is answered, 401 without a user's password, and last the app. No path and no method goes around it.
 */
export function createGuard({ config: current, auth, limiter }: GuardDeps): Guard {
  return (request, next) => {
    const config = current();
    if (config instanceof Rejection) return textError(500, "Internal Server Error");
    if (limiter !== null && !limiter.allows()) return textError(429, "Too Many Requests");
    const { headers, users } = config;
    if (users.size === 0) return withHeaders(next(request), headers);
    const verdict = auth.check(request.headers.get("authorization"), users);
    if (verdict === "accepted") return withHeaders(next(request), headers);
    if (verdict instanceof Promise) {
      return withHeaders(
        verdict.then((settled) => (settled === "accepted" ? next(request) : turnedAway(settled))),
        headers,
      );
    }
    return withHeaders(turnedAway(verdict), headers);
  };
}

function turnedAway(verdict: Exclude<Verdict, "accepted">): Response {
  return verdict === "busy"
    ? textError(503, "Service Unavailable: too many passwords to verify", { "retry-after": "1" })
    : textError(401, "Unauthorized", { "www-authenticate": "Basic" });
}

/** What the app has set itself stays. */
function withHeaders(answer: Answer, headers: WebConfig["headers"]): Answer {
  if (headers.length === 0) return answer;
  if (answer instanceof Promise) return answer.then((response) => withHeaders(response, headers));
  for (const [name, value] of headers) if (!answer.headers.has(name)) answer.headers.set(name, value);
  return answer;
}
