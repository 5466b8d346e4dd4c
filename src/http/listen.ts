import type { Server } from "bun";
import type { ListenAddress } from "../config/address.ts";
import { encodePath, isClean, pathStart, rawPathRoutes, redirectTo } from "./canonical.ts";
import type { App } from "./deps.ts";
import { textError } from "./reply.ts";

/** Seconds without a byte after which a connection is closed; the most that Bun allows. */
const IDLE_SECONDS = 255;
/** The size of a body as sent; what it may grow to is decided where it is decoded. */
const MAX_REQUEST_BYTES = 1024 * 1024 * 1024;

/** A host that is put in the place of one that would move the path about in a URL. */
const PLAIN_HOST = "http://localhost";

/**
 * Serves the app on one address. Between the socket and the app stands what a URL hides: paths that were sent with `.` or `..`
 * in them are redirected, and hosts that would be read as part of the path are refused or replaced.
 */
export function listen(app: App, address: ListenAddress): Server<undefined> {
  const plain = (request: Request) => {
    const host = request.headers.get("host");
    if (host !== null && host !== "" && !/^[^/?#\\@\s]+$/.test(host))
      return textError(400, "400 Bad Request: malformed Host header");
    return app(needsHost(request.url) ? moved(request, request.url.slice(pathStart(request.url))) : request);
  };
  const rewritten = (request: Request, path: string) =>
    isClean(path) ? plain(moved(request, encodePath(path))) : redirectTo(request, path);
  return Bun.serve({
    hostname: address.hostname,
    port: address.port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: MAX_REQUEST_BYTES,
    routes: rawPathRoutes(plain, rewritten),
    fetch: plain,
  });
}

/** Routers look for the path behind the eleventh character: a shorter host, or none, makes them miss its start. */
function needsHost(url: string): boolean {
  return url.charCodeAt(0) === 0x2f || url.indexOf("/", 8) < 11;
}

function moved(request: Request, path: string): Request {
  return new Request(PLAIN_HOST + path, request);
}
