import { type Answer, type Exchange, emptyAnswer, textError } from "../server/exchange.ts";
import { withQuery } from "./canonical.ts";
import { redirected } from "./reply.ts";
import type { Route } from "./routes.ts";

/**
 * Answers what no route takes, as the reference's routers do (Go's ServeMux before httprouter): a redirect to the clean
 * path, to the one without a trailing slash, or to the one in the right case; 200 to OPTIONS and 405 where other
 * methods are known; else 404. `path` is the decoded path, and clean.
 */
export function createFallback(prefix: string, routes: readonly Route[]): (exchange: Exchange, path: string) => Answer {
  // Every path answers to OPTIONS: that makes none known.
  const known = routes.filter(({ methods }) => !methods.includes("OPTIONS"));
  const api = `${prefix}/api/v1`;
  return (exchange, path) => {
    const { method } = exchange;
    if (path === api) return redirected(method, withQuery(exchange, `${api}/`), 301);
    const methods = methodsOf(known, path);
    if (methods.includes(method)) return notFound();
    const better = method === "OPTIONS" ? null : betterPath(known, method, path);
    if (better !== null) return moved(exchange, better);
    if (methods.length === 0) return notFound();
    const allow = { Allow: [...methods, "OPTIONS"].sort().join(", ") };
    return method === "OPTIONS" ? emptyAnswer(200, allow) : textError(405, "Method Not Allowed", allow);
  };
}

function moved(exchange: Exchange, path: string): Answer {
  return redirected(exchange.method, withQuery(exchange, path), exchange.method === "GET" ? 301 : 307);
}

function notFound(): Answer {
  return textError(404, "404 page not found");
}

function isAt(known: Route, path: string): boolean {
  return known.below ? path.length > known.path.length && path.startsWith(known.path) : path === known.path;
}

function methodsOf(known: readonly Route[], path: string): readonly string[] {
  return known.filter((entry) => isAt(entry, path)).flatMap((entry) => entry.methods);
}

/**
 * Where a client that uses this method is sent instead, or null: a slash less or more, or another case. `path` is
 * clean.
 */
function betterPath(known: readonly Route[], method: string, path: string): string | null {
  const usable = known.filter(({ methods }) => methods.some((one) => one === method));
  const base = usable.find(({ name, path: start }) => name === "push" && path === start && start.endsWith("/job/"));
  if (base !== undefined) return path.slice(0, -1);
  const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
  for (const entry of usable) {
    const isCatchAll = entry.name === "staticFile";
    const fixed = inItsCase(entry, path) ?? (entry.below ? null : inItsCase(entry, other));
    if (fixed !== null && fixed !== path) return fixed;
    if (isCatchAll && sameInAnyCase(other, entry.path)) return entry.path;
  }
  return null;
}

/**
 * The candidate with the known part of the path in its own case, where it is one of this entry's paths but for case.
 */
function inItsCase({ path, below }: Route, candidate: string): string | null {
  if (!sameInAnyCase(candidate.slice(0, path.length), path)) return null;
  if (!below) return candidate.length === path.length ? path : null;
  return candidate.length > path.length ? path + candidate.slice(path.length) : null;
}

const sameInAnyCase = (a: string, b: string): boolean => a.length === b.length && a.toLowerCase() === b.toLowerCase();
