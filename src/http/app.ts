import { Elysia } from "elysia";
import { apiHandlers } from "./api.ts";
import type { HttpContext } from "./context.ts";
import type { Surfaces } from "./front.ts";
import { groupsHandlers } from "./groups.ts";
import { summaryOf } from "./openapi.ts";
import { pageSources } from "./page-sources.ts";
import { refusedHandlers } from "./refused.ts";
import type { Handlers } from "./routes.ts";
import { runtimeHandlers } from "./runtime-status.ts";
import { uiHandlers } from "./ui.ts";
import { type App, exchangeOf, responseOf, web } from "./web.ts";

/** All surfaces as a function from a web request to its answer. It never listens and has no guard: see front.ts. */
export function createApp(context: HttpContext, { routes, direct, rights, fallback }: Surfaces): App {
  const handlers: Handlers = {
    ...direct,
    ...apiHandlers(context),
    ...groupsHandlers(context),
    ...refusedHandlers(context),
    ...runtimeHandlers(context),
    ...uiHandlers(context, pageSources(context)),
  };
  const app = new Elysia({ name: "pushgateway", normalize: false, strictPath: true }).onError(
    ({ code, error, request }) => {
      if (code === "NOT_FOUND") return responseOf(fallback(exchangeOf(request)));
      return responseOf(context.failures.answer(exchangeOf(request), error));
    },
  );
  for (const route of routes) {
    const { name, methods, path, below } = route;
    for (const method of methods)
      app.route(method, below ? `${path}*` : path, web(rights.guarded(route, method, handlers[name])), {
        parse: "none",
        detail: { summary: summaryOf(name, method) ?? "" },
      });
  }
  // A GET route would answer HEAD as well, unlike the reference (docs/workarounds.md, `elysia-head`).
  return (request) => (request.method === "HEAD" ? responseOf(fallback(exchangeOf(request))) : app.fetch(request));
}
