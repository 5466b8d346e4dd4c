import { type Answer, type Handler, textError } from "../server/exchange.ts";
import type { HttpContext } from "./deps.ts";
import { text } from "./reply.ts";

/** GET /-/healthy and /-/ready, and PUT or POST /-/quit. */
export interface LifecycleHandlers {
  readonly healthy: Handler;
  readonly ready: Handler;
  readonly quit: Handler;
}

export function lifecycleHandlers({ durability, ownMetrics, settings, quit }: HttpContext): LifecycleHandlers {
  const state = (handler: "healthy" | "ready", status: number, fault: string | null): Answer => {
    ownMetrics.countRequest(handler, fault === null ? 200 : status, "GET");
    return fault === null ? text(200, "OK") : textError(status, fault);
  };
  return {
    healthy: () => state("healthy", 500, durability.fault()),
    ready: () => state("ready", 503, durability.notReady() ?? durability.fault()),
    quit: () => {
      if (!settings.enableLifecycle) return text(403, "Lifecycle API is not enabled.");
      quit();
      return text(200, "Requesting termination... Goodbye!");
    },
  };
}
