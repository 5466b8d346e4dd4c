import type { Persistence } from "../model/persistence.ts";
import { type Answer, textError } from "../server/exchange.ts";
import type { OwnMetrics } from "../telemetry/own-metrics.ts";
import type { Cluster } from "./cluster.ts";
import { text } from "./reply.ts";
import type { Handlers } from "./routes.ts";

export interface HealthDeps {
  readonly persistence: Persistence;
  readonly ownMetrics: OwnMetrics;
  readonly cluster: Pick<Cluster, "fault"> | null;
}

/** GET /-/healthy and /-/ready. */
export function healthHandlers({ persistence, ownMetrics, cluster }: HealthDeps): Handlers<"healthy" | "ready"> {
  const state = (handler: "healthy" | "ready", status: number, fault: string | null): Answer => {
    ownMetrics.countRequest(handler, fault === null ? 200 : status, "GET");
    return fault === null ? text(200, "OK") : textError(status, fault);
  };
  return {
    healthy: () => state("healthy", 500, persistence.fault()),
    ready: () => state("ready", 503, persistence.notReady() ?? persistence.fault() ?? cluster?.fault() ?? null),
  };
}
