import type { Settings } from "../config/command-line.ts";
import { type Answers, type Exchange, emptyAnswer, type Handler, textError, withHeaders } from "../server/exchange.ts";
import type { Refusals } from "../server/refusals.ts";
import { Refusal } from "../server/request-line.ts";

/** No origin is longer than a host's name and a port. */
const MAX_ORIGIN_CHARACTERS = 300;

const CORS_HEADERS = {
  "Access-Control-Allow-Headers":
    "Accept, Authorization, Content-Encoding, Content-Type, Idempotency-Key, Origin, Pushgateway-TTL",
  "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
  "Access-Control-Expose-Headers": "Date",
};

/** A page of our own is taken for another's where a proxy changes the Host header and the browser says no more. */
const ADVICE =
  "(see --web.cors.origin; if this is the server's own page behind a proxy: --web.external-url has to name it)";

const VARY = { Vary: "Origin" };

/**
 * Pages of other origins may only read the JSON API. With --web.cors.origin, the origins it matches may also push, and
 * all others may not even read. Requests without an Origin header pass: browsers send one with every request that
 * changes something, other programs do not.
 *
 * `next` answers what passes; what does not is reported to `refusals`.
 */
export function guardOrigins(settings: Settings, next: Handler, refusals: Refusals): Handler {
  const { corsOrigin } = settings;
  const told = (answers: Answers) => (corsOrigin === null ? answers : withHeaders(answers, VARY, true));
  const external = settings.externalUrl === "" ? null : hostOf(settings.externalUrl);
  const isAllowed = (origin: string): boolean =>
    corsOrigin !== null && origin.length <= MAX_ORIGIN_CHARACTERS && corsOrigin(origin);
  return (exchange) => {
    const { method } = exchange;
    const isSafe = method === "GET" || method === "HEAD" || method === "OPTIONS";
    if (isSafe && corsOrigin === null) return next(exchange);
    const origin = exchange.header("origin");
    if (origin === null) return told(next(exchange));
    if (!isAllowed(origin)) {
      if (isSafe || isOwnPage(exchange, origin, external)) return told(next(exchange));
      const refusal = new Refusal(
        403,
        "foreign-origin",
        `cross-origin request from ${printable(origin)} refused ${ADVICE}`,
      );
      refusals.add(refusal, exchange);
      return textError(refusal.status, refusal.words);
    }
    const headers = { ...CORS_HEADERS, ...VARY, "Access-Control-Allow-Origin": origin };
    const isPreflight = method === "OPTIONS" && exchange.header("access-control-request-method") !== null;
    return isPreflight ? emptyAnswer(200, headers) : withHeaders(next(exchange), headers, true);
  };
}

/**
 * Whether a request comes from a page of this very server. A proxy may have changed the Host header: then the browser's
 * own word counts, the name that the proxy hands on, or the external URL. None of these can be set by a page of another
 * site.
 */
function isOwnPage(exchange: Exchange, origin: string, external: string | null): boolean {
  const site = exchange.header("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const host = hostOf(origin);
  if (host === null) return false;
  return (
    host === exchange.header("host")?.toLowerCase() || host === external || host === exchange.header("x-forwarded-host")
  );
}

/** The host and port of a URL or an origin; null where it has none, as the origin "null". */
function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host || null : null;
}

function printable(origin: string): string {
  return JSON.stringify(origin.slice(0, MAX_ORIGIN_CHARACTERS));
}
