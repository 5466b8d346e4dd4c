import { Elysia } from "elysia";
import { telemetryRoute } from "../config/prefix.ts";
import { apiRoutes } from "./api.ts";
import type { App, HttpContext } from "./deps.ts";
import type { Handlers } from "./front.ts";
import { text } from "./reply.ts";
import { uiRoutes } from "./ui.ts";
import { exchangeOf, responseOf, web } from "./web.ts";

/**
 * All surfaces as a function from a request of the web to its answer, to be embedded. It never listens, and no guard
 * stands before it: see http/front.ts.
 */
export function createApp(context: HttpContext, handlers: Handlers): App {
  const { settings } = context;
  const { routePrefix: prefix, telemetryPath } = settings;
  const unread = { parse: "none" } as const;
  const app = new Elysia({ name: "pushgateway", normalize: false, strictPath: true })
    .onError(({ code, error, request }) => {
      if (code === "NOT_FOUND") return responseOf(handlers.fallback(exchangeOf(request)));
      return responseOf(context.failures.answer(exchangeOf(request), error));
    })
    .put(`${prefix}/metrics/*`, web(handlers.push), unread)
    .post(`${prefix}/metrics/*`, web(handlers.push), unread)
    .delete(`${prefix}/metrics/*`, web(handlers.push), unread)
    .get(telemetryRoute(prefix, telemetryPath), web(handlers.scrape))
    .get(`${prefix}/-/healthy`, web(handlers.healthy))
    .get(`${prefix}/-/ready`, web(handlers.ready))
    .put(`${prefix}/-/quit`, web(handlers.quit), unread)
    .post(`${prefix}/-/quit`, web(handlers.quit), unread)
    // As in the reference, this one stays where it is whatever the route prefix.
    .get(
      "/-/quit",
      web(() => text(405, "Only POST or PUT requests allowed.")),
    )
    .use(apiRoutes(context))
    .use(uiRoutes(context));
  // A GET route would answer HEAD as well, unlike the reference (docs/workarounds.md, `elysia-head`).
  return (request) =>
    request.method === "HEAD" ? responseOf(handlers.fallback(exchangeOf(request))) : app.fetch(request);
}
