import type { Answer, Exchange } from "../server/exchange.ts";
import { redirected } from "./reply.ts";

/**
 * A cleaned path as Go's ServeMux makes it before routing: no empty, `.` or `..` segments, a trailing slash kept. A
 * request whose decoded path is not clean is redirected there.
 */
export function cleanPath(path: string): string {
  const clean: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") clean.pop();
    else clean.push(segment);
  }
  const joined = `/${clean.join("/")}`;
  return path.endsWith("/") && joined !== "/" ? `${joined}/` : joined;
}

/** Escapes a decoded path for a Location header or a request line, as Go's net/url escapes paths. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The path of a URL, as written. */
export function pathOf(url: string): string {
  const authority = url.indexOf("://") + 3;
  const start = url.indexOf("/", authority);
  if (start < 0) return "/";
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

/** Whether `cleanPath` would leave a decoded path as it is. */
export function isClean(path: string): boolean {
  return path.startsWith("/") && !path.includes("//") && (!path.includes("/.") || cleanPath(path) === path);
}

/** Sends a client to the clean form of a decoded path, as Go's ServeMux does. */
export function redirectTo(exchange: Exchange, path: string): Answer {
  return redirected(exchange.method, withQuery(exchange, cleanPath(path)), 301);
}

/** A decoded path escaped, with the query of a request behind it. */
export function withQuery(exchange: Exchange, path: string): string {
  return encodePath(path) + exchange.query;
}
