import type { ListenAddress } from "../config/address.ts";
import { encodePath, isClean, pathStart, rawPathRoutes, redirectTo } from "./canonical.ts";
import type { App } from "./deps.ts";
import { type Guard, UNGUARDED } from "./guard.ts";
import { PlainServer } from "./plain-server.ts";
import { textError } from "./reply.ts";

/** Seconds without a byte after which a connection is closed; the most that Bun allows. */
export const IDLE_SECONDS = 255;
/** No limit: bodies are counted as they come in (body-intake.ts), and nothing else reads one. */
export const MAX_REQUEST_BYTES = Number.MAX_SAFE_INTEGER;

/** A host that is put in the place of one that would move the path about in a URL. */
export const PLAIN_HOST = "http://localhost";

type Answer = Response | Promise<Response>;

/** What stands between the sockets and the app. */
export interface Edge {
  /** Answers a request whose URL has the path as it was sent. */
  readonly plain: (request: Request) => Answer;
  /** Answers one whose URL was normalised; `path` is the decoded path that was sent. */
  readonly rewritten: (request: Request, path: string) => Answer;
  /** Lets `next` answer what the guard lets through. */
  readonly guarded: (request: Request, next: () => Answer) => Answer;
}

/**
 * Deals with what a URL hides: paths that were sent with `.` or `..` in them are redirected, and hosts that would be read as part
 * of the path are refused or replaced. The guard stands before all of it.
 */
export function edgeOf(app: App, guard: Guard): Edge {
  const plain = (request: Request) => {
    const host = request.headers.get("host");
    if (host !== null && host !== "" && !/^[^/?#\\@\s]+$/.test(host))
      return textError(400, "400 Bad Request: malformed Host header");
    return app(needsHost(request.url) ? moved(request, request.url.slice(pathStart(request.url))) : request);
  };
  const rewritten = (request: Request, path: string) =>
    isClean(path) ? plain(moved(request, encodePath(path))) : redirectTo(request, path);
  if (guard === UNGUARDED) return { plain, rewritten, guarded: (_, next) => next() };
  return {
    guarded: guard,
    plain: (request) => guard(request, plain),
    rewritten: (request, path) => guard(request, () => rewritten(request, path)),
  };
}

/** A server that listens: the part of Bun's that all of ours have. */
export interface Listener {
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  /** Where a request comes from, null if it did not come by this server. */
  requestIP(request: Request): { readonly address: string; readonly port: number } | null;
  /** Takes no more connections; resolves when the requests under way are answered, or with `force` ends them. */
  stop(force?: boolean): Promise<void>;
  /** Sets after how many seconds without a byte the connection of a request is closed; 0 is never. */
  setIdleSeconds(request: Request, seconds: number): void;
  /** Closes the connections that no request is under way on, and goes on listening. */
  shedIdle(): void;
  /** To be called every so often: closes what `shedIdle` could not. */
  endRetired(): void;
  /** Has somebody see to it, each time that it listens anew, that it does so at another place than its address. */
  whenReopened?(adopt: () => boolean): void;
}

/** Serves in plain HTTP on one address. */
export function listen({ plain, rewritten }: Edge, address: ListenAddress): Listener {
  const routes = rawPathRoutes(plain, rewritten);
  const serve = ({ hostname, port }: ListenAddress) =>
    Bun.serve({
      hostname,
      port,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      routes,
      fetch: plain,
    });
  return new PlainServer(serve, address);
}

/** Routers look for the path behind the eleventh character: a shorter host, or none, makes them miss its start. */
function needsHost(url: string): boolean {
  return url.charCodeAt(0) === 0x2f || url.indexOf("/", 8) < 11;
}

function moved(request: Request, path: string): Request {
  return new Request(PLAIN_HOST + path, request);
}
