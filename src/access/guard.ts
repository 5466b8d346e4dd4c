import { Fault } from "../model/fault.ts";
import type { TokenBucket } from "../model/token-bucket.ts";
import {
  type Answer,
  type Answers,
  canonicalName,
  type Exchange,
  type Handler,
  type HeaderFields,
  textError,
  withHeaders,
} from "../server/exchange.ts";
import type { Refusals } from "../server/refusals.ts";
import { Refusal } from "../server/request-line.ts";
import { type BasicAuth, userOf, type Verdict } from "./basic-auth.ts";
import type { Identities } from "./identities.ts";
import type { WebConfig } from "./web-config.ts";

/** Every request passes it first. `next` is what it guards; requests that do not pass are reported to `refusals`. */
export type Guard = (exchange: Exchange, next: Handler, refusals: Refusals) => Answers;

const BROKEN_CONFIG = new Refusal(500, "web-config", "Internal Server Error");
const TOO_MANY = new Refusal(429, "rate-limit", "Too Many Requests");
const BUSY = new Refusal(503, "password-queue", "Service Unavailable: too many passwords to verify");
const UNAUTHORIZED = new Refusal(401, "unauthorized", "Unauthorized");
const RETRY_SOON: HeaderFields = { "Retry-After": "1" };
const ASK_PASSWORD: HeaderFields = { "WWW-Authenticate": "Basic" };
/** RFC 6750, section 3. */
const ASK_TOKEN: HeaderFields = { "WWW-Authenticate": "Bearer" };
const ASK_OTHER_TOKEN: HeaderFields = { "WWW-Authenticate": 'Bearer error="invalid_token"' };

export interface GuardDeps {
  /** The configuration of this moment; a fault while its file is broken. */
  readonly config: () => WebConfig | Fault;
  readonly auth: BasicAuth;
  /** null: no limit. */
  readonly limiter: TokenBucket | null;
  /** null: nobody is told from others but by a password. */
  readonly identities: Identities | null;
}

/**
 * Puts every request to the web-config file, in the reference's order: 500 while the file is broken, 429 over the rate
 * limit, then the headers for whatever is answered, 401 without a user's password, and last the app. No path and no
 * method goes around it.
 *
 * With an access file a right token will do as well, and who shows nothing passes: what is done in nobody's name is for
 * the routes to say (http/rights.ts). Whatever is shown and is not right is refused.
 */
export function createGuard({ config: current, auth, limiter, identities }: GuardDeps): Guard {
  return (exchange, next, refusals) => {
    const turnedAway = (refusal: Refusal, headers?: HeaderFields): Answer => {
      refusals.add(refusal, exchange);
      return textError(refusal.status, refusal.words, headers);
    };
    const config = current();
    if (config instanceof Fault) return turnedAway(BROKEN_CONFIG);
    if (limiter !== null && !limiter.take()) return turnedAway(TOO_MANY);
    const { headers, users } = config;
    if (users.size === 0 && identities === null) return withOwn(next(exchange), headers);
    const credentials = exchange.header("authorization");
    const isRight = identities?.settleWithoutPassword(exchange, credentials) ?? null;
    if (isRight !== null) return withOwn(isRight ? next(exchange) : turnedAway(UNAUTHORIZED, ASK_OTHER_TOKEN), headers);
    if (users.size === 0) return withOwn(turnedAway(UNAUTHORIZED, ASK_TOKEN), headers);
    const verdict = auth.check(credentials, users, exchange);
    const decided = (settled: Verdict): Answers => {
      if (settled === "accepted") {
        identities?.settleUser(exchange, userOf(credentials) ?? "");
        return next(exchange);
      }
      if (settled === "busy") return turnedAway(BUSY, RETRY_SOON);
      if (credentials !== null) return turnedAway(UNAUTHORIZED, ASK_PASSWORD);
      // Probes do not know a password: every few seconds, all day.
      refusals.note(UNAUTHORIZED, exchange);
      return textError(UNAUTHORIZED.status, UNAUTHORIZED.words, ASK_PASSWORD);
    };
    return withOwn(verdict instanceof Promise ? verdict.then(decided) : decided(verdict), headers);
  };
}

/** What who shows nothing is asked for. */
export const challengeOf = (config: WebConfig | Fault): string =>
  !(config instanceof Fault) && config.users.size > 0 ? "Basic" : "Bearer";

/** What the app has set itself stays. */
function withOwn(answers: Answers, headers: WebConfig["headers"]): Answers {
  if (headers.length === 0) return answers;
  return withHeaders(answers, Object.fromEntries(headers.map(([name, value]) => [canonicalName(name), value])), false);
}
