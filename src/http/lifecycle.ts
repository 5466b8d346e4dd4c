import { Elysia } from "elysia";
import type { HttpContext } from "./deps.ts";
import { text, textError } from "./reply.ts";

/** /-/healthy, /-/ready and /-/quit. As in the reference, GET /-/quit stays where it is whatever the route prefix. */
export function lifecycleRoutes(context: HttpContext) {
  const { durability, ownMetrics, settings, quit } = context;
  const prefix = settings.routePrefix;
  const state = (handler: "healthy" | "ready", status: number, fault: string | null) => {
    ownMetrics.countRequest(handler, fault === null ? 200 : status, "GET");
    return fault === null ? text(200, "OK") : textError(status, fault);
  };
  const healthy = () => state("healthy", 500, durability.fault());
  const ready = () => state("ready", 503, durability.notReady() ?? durability.fault());
  const end = () => {
    if (!settings.enableLifecycle) return text(403, "Lifecycle API is not enabled.");
    quit();
    return text(200, "Requesting termination... Goodbye!");
  };
  return new Elysia({ name: "lifecycle", strictPath: true })
    .get(`${prefix}/-/healthy`, healthy)
    .get(`${prefix}/-/ready`, ready)
    .put(`${prefix}/-/quit`, end, { parse: "none" })
    .post(`${prefix}/-/quit`, end, { parse: "none" })
    .get("/-/quit", () => text(405, "Only POST or PUT requests allowed."));
}
