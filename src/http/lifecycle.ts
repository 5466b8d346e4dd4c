import { Elysia } from "elysia";
import type { HttpContext } from "./deps.ts";
import { text } from "./reply.ts";

/** /-/healthy, /-/ready and /-/quit. As in the reference, GET /-/quit stays where it is whatever the route prefix. */
export function lifecycleRoutes(context: HttpContext) {
  const { ownMetrics, settings, quit } = context;
  const prefix = settings.routePrefix;
  const state = (handler: "healthy" | "ready") => () => {
    ownMetrics.countRequest(handler, 200, "GET");
    return text(200, "OK");
  };
  const end = () => {
    if (!settings.enableLifecycle) return text(403, "Lifecycle API is not enabled.");
    quit();
    return text(200, "Requesting termination... Goodbye!");
  };
  return new Elysia({ name: "lifecycle", strictPath: true })
    .get(`${prefix}/-/healthy`, state("healthy"))
    .get(`${prefix}/-/ready`, state("ready"))
    .put(`${prefix}/-/quit`, end, { parse: "none" })
    .post(`${prefix}/-/quit`, end, { parse: "none" })
    .get("/-/quit", () => text(405, "Only POST or PUT requests allowed."));
}
