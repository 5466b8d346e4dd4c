import { guardOrigins } from "../access/cross-origin.ts";
import type { Guard } from "../access/guard.ts";
import { behindProxies } from "../access/proxied-exchange.ts";
import { ASTERISK } from "../bytes/characters.ts";
import { decodePath } from "../decode/path.ts";
import { type Answer, type Answers, type Exchange, emptyAnswer, type Handler, textError } from "../server/exchange.ts";
import { encodePath, isClean, redirectTo } from "./canonical.ts";
import type { HttpContext } from "./context.ts";
import { createFallback } from "./fallback.ts";
import { healthHandlers } from "./health.ts";
import { lifecycleHandlers } from "./lifecycle.ts";
import { PushHandler } from "./push.ts";
import { Rights } from "./rights.ts";
import { type Handlers, type Route, type RouteName, routesOf } from "./routes.ts";
import { scrape, scrapeAtPath, scrapeOwn } from "./scrape.ts";
import { type App, answerOf, requestOf } from "./web.ts";

/** The surfaces that need nothing of the web app; the web app needs them. */
export interface Surfaces {
  readonly routes: readonly Route[];
  readonly direct: Handlers<DirectName>;
  readonly rights: Rights;
  /** A push, or null if the path is not one that is pushed to. */
  readonly push: (exchange: Exchange) => Answers | null;
  /** What no route takes. */
  readonly fallback: (exchange: Exchange) => Answer;
}

/** What is answered without the web app. */
type DirectName =
  | "push"
  | "pushWithoutJob"
  | "scrape"
  | "scrapeGroup"
  | "scrapeOwn"
  | "healthy"
  | "ready"
  | "apiEvents"
  | "quit"
  | "quitByGet";

/** Of routes; a request of the web might change others. */
const METHODS: ReadonlySet<string> = new Set(["GET", "PUT", "POST", "DELETE", "OPTIONS"]);

export function createSurfaces(context: HttpContext): Surfaces {
  const { settings } = context;
  const routes = routesOf(settings);
  const rights = new Rights(context);
  const pushes = new PushHandler({ ...context, rights });
  const unknown = createFallback(settings.routePrefix, routes);
  const fallback = rights.guardedUnknown((exchange) => atCleanPath(exchange, (path) => unknown(exchange, path)));
  const push = (exchange: Exchange) => pushes.answer(exchange);
  const pushed = (exchange: Exchange) => push(exchange) ?? fallback(exchange);
  const direct = {
    ...healthHandlers(context),
    ...lifecycleHandlers(context),
    apiEvents: (exchange: Exchange) => context.events.answer(exchange),
    push: pushed,
    pushWithoutJob: pushed,
    scrape: (exchange: Exchange) => scrape(context, exchange),
    scrapeOwn: (exchange: Exchange) => scrapeOwn(context, exchange),
    scrapeGroup: async (exchange: Exchange) => (await scrapeAtPath(context, exchange)) ?? fallback(exchange),
  };
  return { routes, direct, rights, push, fallback };
}

/**
 * The whole server as a handler. Pushes, scrapes and probes are answered at once; all else by the web app, which
 * `loadApp` returns when it is first needed. Every request passes the guard first; null is none.
 */
export function createFront(
  { settings, refusals }: Pick<HttpContext, "settings" | "refusals">,
  { routes, direct, rights, push, fallback }: Surfaces,
  guard: Guard | null,
  loadApp: () => Promise<App>,
): Handler {
  const probes = new Map<string, Handler>();
  for (const route of routes) {
    const { name, path } = route;
    if (isProbe(name) && !probes.has(path)) probes.set(path, rights.guarded(route, "GET", direct[name]));
  }
  const ofGroups = routes
    .filter(({ name }) => name === "scrapeGroup")
    .map((route) => ({ base: route.path, handler: rights.guarded(route, "GET", direct.scrapeGroup) }));
  const groupHandler = (path: string) =>
    ofGroups.find(({ base }) => path.length > base.length && path.startsWith(base))?.handler;
  const handlerOf = (path: string) => probes.get(path) ?? groupHandler(path);
  const byApp = async (exchange: Exchange, path: string): Promise<Answer> => {
    const app = await loadApp();
    return answerOf(await app(requestOf(exchange, encodePath(path))));
  };
  const route = (exchange: Exchange): Answers => {
    const { method, path } = exchange;
    const isPush = method === "PUT" || method === "POST" || method === "DELETE";
    const pushed = isPush ? push(exchange) : null;
    if (pushed !== null) return pushed;
    if (path[0] === ASTERISK) return asterisk(method);
    if (!METHODS.has(method)) return fallback(exchange);
    return atCleanPath<Answers>(exchange, (clean) => {
      const handler = method === "GET" ? handlerOf(clean) : undefined;
      return handler === undefined ? byApp(exchange, clean) : handler(exchange);
    });
  };
  const checked = guardOrigins(settings, route, refusals);
  const guarded: Handler = guard === null ? checked : (exchange) => guard(exchange, checked, refusals);
  const { trustedProxies } = settings;
  return trustedProxies === null ? guarded : behindProxies(trustedProxies, guarded);
}

/** What is asked so often, or from so little, that it must not wait for the web app. */
const isProbe = (name: RouteName): name is "scrape" | "scrapeOwn" | "healthy" | "ready" | "apiEvents" =>
  name === "scrape" || name === "scrapeOwn" || name === "healthy" || name === "ready" || name === "apiEvents";

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
