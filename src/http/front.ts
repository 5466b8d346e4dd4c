import { guardOrigins } from "../access/cross-origin.ts";
import type { Guard } from "../access/guard.ts";
import { telemetryRoute } from "../config/prefix.ts";
import { decodePath } from "../decode/path.ts";
import { type Answer, type Answers, type Exchange, emptyAnswer, type Handler, textError } from "../server/exchange.ts";
import { encodePath, isClean, redirectTo } from "./canonical.ts";
import type { App, HttpContext } from "./deps.ts";
import { createFallback } from "./fallback.ts";
import { type LifecycleHandlers, lifecycleHandlers } from "./lifecycle.ts";
import { PushSurface } from "./push.ts";
import { scrape } from "./scrape.ts";
import { answerOf, requestOf } from "./web.ts";

/** What answers without the web app, and the web app with. */
export interface Handlers extends LifecycleHandlers {
  readonly push: Handler;
  readonly scrape: Handler;
  /** What no route takes. */
  readonly fallback: (exchange: Exchange) => Answer;
  /** A push, or null where the path is none that is pushed to. */
  readonly pushOrNull: (exchange: Exchange) => Answers | null;
}

const ASTERISK = 0x2a;
/** Of routes; a request of the web might change others. */
const METHODS: ReadonlySet<string> = new Set(["GET", "PUT", "POST", "DELETE", "OPTIONS"]);

export function createHandlers(context: HttpContext): Handlers {
  const surface = new PushSurface(context);
  const unknown = createFallback(context.settings);
  const fallback = (exchange: Exchange) => atCleanPath(exchange, (path) => unknown(exchange, path));
  return {
    ...lifecycleHandlers(context),
    push: (exchange) => surface.answer(exchange) ?? fallback(exchange),
    pushOrNull: (exchange) => surface.answer(exchange),
    scrape: (exchange) => scrape(context, exchange),
    fallback,
  };
}

/**
 * The whole server as a handler. Pushes, scrapes and probes are answered at once; all else by the web app, which
 * `loadApp` gives when it is first needed. The guard stands before all of it, null being none.
 */
export function createFront(
  { settings, refusals }: HttpContext,
  handlers: Handlers,
  guard: Guard | null,
  loadApp: () => Promise<App>,
): Handler {
  const prefix = settings.routePrefix;
  const gets: ReadonlyMap<string, Handler> = new Map([
    [telemetryRoute(prefix, settings.telemetryPath), handlers.scrape],
    [`${prefix}/-/healthy`, handlers.healthy],
    [`${prefix}/-/ready`, handlers.ready],
  ]);
  const byApp = async (exchange: Exchange, path: string): Promise<Answer> => {
    const app = await loadApp();
    return answerOf(await app(requestOf(exchange, encodePath(path))));
  };
  const route = (exchange: Exchange): Answers => {
    const { method, path } = exchange;
    const isPush = method === "PUT" || method === "POST" || method === "DELETE";
    const pushed = isPush ? handlers.pushOrNull(exchange) : null;
    if (pushed !== null) return pushed;
    if (path[0] === ASTERISK) return asterisk(method);
    if (!METHODS.has(method)) return handlers.fallback(exchange);
    return atCleanPath<Answers>(exchange, (clean) => {
      const handler = method === "GET" ? gets.get(clean) : undefined;
      return handler === undefined ? byApp(exchange, clean) : handler(exchange);
    });
  };
  const checked = guardOrigins(settings, route, refusals);
  return guard === null ? checked : (exchange) => guard(exchange, checked, refusals);
}

/** `next` with the decoded path, or a redirect to where it is clean. */
function atCleanPath<T>(exchange: Exchange, next: (path: string) => T): T | Answer {
  const path = decodePath(exchange.path);
  if (path === null) return textError(400, "400 Bad Request", { Connection: "close" });
  return isClean(path.text) ? next(path.text) : redirectTo(exchange, path.text);
}

/** OPTIONS * asks the server as a whole; nothing else does (RFC 9112, section 3.2.4). */
function asterisk(method: string): Answer {
  return method === "OPTIONS" ? emptyAnswer(200) : textError(400, "400 Bad Request", { Connection: "close" });
}
