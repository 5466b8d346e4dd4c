import { type Answer, type Handler, textError } from "../server/exchange.ts";
import { Refusal } from "../server/request-line.ts";
import type { HttpContext } from "./deps.ts";
import { askerFields } from "./removal-log.ts";
import { text } from "./reply.ts";

const NOT_ENABLED = new Refusal(403, "not-enabled", "Lifecycle API is not enabled.");

/** GET /-/healthy and /-/ready, and PUT or POST /-/quit. */
export interface LifecycleHandlers {
  readonly healthy: Handler;
  readonly ready: Handler;
  readonly quit: Handler;
}

export function lifecycleHandlers(context: HttpContext): LifecycleHandlers {
  const { durability, ownMetrics, settings, refusals, userOf } = context;
  const state = (handler: "healthy" | "ready", status: number, fault: string | null): Answer => {
    ownMetrics.countRequest(handler, fault === null ? 200 : status, "GET");
    return fault === null ? text(200, "OK") : textError(status, fault);
  };
  return {
    healthy: () => state("healthy", 500, durability.fault()),
    ready: () => state("ready", 503, durability.notReady() ?? durability.fault()),
    quit: (exchange) => {
      if (!settings.enableLifecycle) {
        refusals.add(NOT_ENABLED, exchange.client);
        return text(NOT_ENABLED.status, NOT_ENABLED.words);
      }
      context.quit(askerFields(exchange, userOf));
      return text(200, "Requesting termination... Goodbye!");
    },
  };
}
