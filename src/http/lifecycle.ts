import type { Exchange } from "../server/exchange.ts";
import type { Refusals } from "../server/refusals.ts";
import { Refusal } from "../server/request-line.ts";
import type { LogFields } from "../telemetry/log.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { askerFields } from "./removal-log.ts";
import { text } from "./reply.ts";
import type { Handlers } from "./routes.ts";

const NOT_ENABLED = new Refusal(403, "not-enabled", "Lifecycle API is not enabled.");

export interface LifecycleDeps {
  readonly settings: { readonly enableLifecycle: boolean };
  readonly refusals: Refusals;
  readonly auditTrail: AuditTrail;
  readonly userOf: (exchange: Exchange) => string | null;
  readonly quit: (asker: LogFields) => void;
}

/** PUT and POST /-/quit, and the answer to GET there. */
export function lifecycleHandlers(deps: LifecycleDeps): Handlers<"quit" | "quitByGet"> {
  const { auditTrail, settings, refusals, userOf, quit } = deps;
  return {
    quit: (exchange) => {
      if (!settings.enableLifecycle) {
        refusals.add(NOT_ENABLED, exchange);
        return text(NOT_ENABLED.status, NOT_ENABLED.words);
      }
      auditTrail.quitAsked(exchange);
      quit(askerFields(exchange, userOf));
      return text(200, "Requesting termination... Goodbye!");
    },
    quitByGet: () => text(405, "Only POST or PUT requests allowed."),
  };
}
