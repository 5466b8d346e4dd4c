import type { Settings } from "../config/command-line.ts";
import { textError } from "./reply.ts";

/** No origin is longer than a host's name and a port. */
const MAX_ORIGIN_CHARACTERS = 300;

const CORS_HEADERS = {
  "access-control-allow-headers": "Accept, Authorization, Content-Encoding, Content-Type, Origin",
  "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
  "access-control-expose-headers": "Date",
};

const VARY = { vary: "Origin" };

type Answer = Response | Promise<Response>;

/**
 * What pages of other sites may do through the browser of somebody who reaches this server. They may not change anything, and
 * read nothing but the JSON API, unless their origin is one of `--web.cors.origin`; with that flag no other reads the API either. Whatever is no browser sends no Origin header and is not
 * concerned; browsers send one with every request that changes something.
 *
 * `next` answers what is let through.
 */
export function guardOrigins(settings: Settings, next: (request: Request) => Answer): (request: Request) => Answer {
  const { corsOrigin } = settings;
  const told = (answer: Answer) => (corsOrigin === null ? answer : withHeaders(answer, VARY));
  const external = settings.externalUrl === "" ? null : hostOf(settings.externalUrl);
  const isAllowed = (origin: string): boolean =>
    corsOrigin !== null && origin.length <= MAX_ORIGIN_CHARACTERS && corsOrigin.test(origin);
  return (request) => {
    const { method } = request;
    const isSafe = method === "GET" || method === "HEAD" || method === "OPTIONS";
    if (isSafe && corsOrigin === null) return next(request);
    const origin = request.headers.get("origin");
    if (origin === null) return told(next(request));
    if (!isAllowed(origin)) {
      if (isSafe || isOwnPage(request, origin, external)) return told(next(request));
      return textError(403, `cross-origin request from ${printable(origin)} refused (see --web.cors.origin)`);
    }
    const headers = { ...CORS_HEADERS, ...VARY, "access-control-allow-origin": origin };
    const isPreflight = method === "OPTIONS" && request.headers.has("access-control-request-method");
    return isPreflight ? new Response(null, { headers }) : withHeaders(next(request), headers);
  };
}

/**
 * Whether a request comes from a page of this very server. A proxy may have changed the Host header: then the browser's own
 * word counts, the name that the proxy hands on, or the external URL. None of these can be set by a page of another site.
 */
function isOwnPage({ headers }: Request, origin: string, external: string | null): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const host = hostOf(origin);
  if (host === null) return false;
  return host === headers.get("host")?.toLowerCase() || host === external || host === headers.get("x-forwarded-host");
}

/** The host and port of a URL or an origin; null where it has none, as the origin "null". */
function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host || null : null;
}

function withHeaders(answer: Answer, headers: Record<string, string>): Answer {
  if (answer instanceof Promise) return answer.then((response) => withHeaders(response, headers));
  for (const name in headers) answer.headers.set(name, headers[name] ?? "");
  return answer;
}

function printable(origin: string): string {
  return JSON.stringify(origin.slice(0, MAX_ORIGIN_CHARACTERS));
}
