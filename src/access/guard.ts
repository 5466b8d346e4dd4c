import type { WebConfig } from "../config/web-config.ts";
import { Rejection } from "../model/rejection.ts";
import {
  type Answer,
  type Answers,
  canonicalName,
  type Exchange,
  type Handler,
  textError,
  withHeaders,
} from "../server/exchange.ts";
import type { BasicAuth, Verdict } from "./basic-auth.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** Stands before everything that answers requests: `next` is what it guards. */
export type Guard = (exchange: Exchange, next: Handler) => Answers;

/** Where no web-config file is given. */
export const UNGUARDED: Guard = (exchange, next) => next(exchange);

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
  return (exchange, next) => {
    const config = current();
    if (config instanceof Rejection) return textError(500, "Internal Server Error");
    if (limiter !== null && !limiter.allows()) return textError(429, "Too Many Requests");
    const { headers, users } = config;
    if (users.size === 0) return withOwn(next(exchange), headers);
    const verdict = auth.check(exchange.header("authorization"), users);
    if (verdict === "accepted") return withOwn(next(exchange), headers);
    if (verdict instanceof Promise) {
      return withOwn(
        verdict.then((settled) => (settled === "accepted" ? next(exchange) : turnedAway(settled))),
        headers,
      );
    }
    return withOwn(turnedAway(verdict), headers);
  };
}

function turnedAway(verdict: Exclude<Verdict, "accepted">): Answer {
  return verdict === "busy"
    ? textError(503, "Service Unavailable: too many passwords to verify", { "Retry-After": "1" })
    : textError(401, "Unauthorized", { "WWW-Authenticate": "Basic" });
}

/** What the app has set itself stays. */
function withOwn(answers: Answers, headers: WebConfig["headers"]): Answers {
  if (headers.length === 0) return answers;
  return withHeaders(answers, Object.fromEntries(headers.map(([name, value]) => [canonicalName(name), value])), false);
}
