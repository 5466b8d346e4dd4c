import type { Clock } from "../model/clock.ts";
import type { Persistence } from "../model/persistence.ts";
import { type Activity, type ActivityCounts, BEAT_MS } from "../telemetry/activity.ts";
import type { OwnMetrics } from "../telemetry/own-metrics.ts";
import type { RefusedRequests } from "../telemetry/refused-requests.ts";
import type { Events } from "./events.ts";
import type { ProgramState } from "./program-state.ts";

export interface PulseDeps {
  readonly activity: Activity;
  readonly clock: Pick<Clock, "now" | "nowMs" | "every">;
  readonly events: Events;
  readonly ownMetrics: OwnMetrics;
  readonly persistence: Pick<Persistence, "state">;
  readonly program: Pick<ProgramState, "cpuSeconds">;
  readonly refused: RefusedRequests;
}

/** Looks at the counters now and once a second, and tells those who listen. */
export function startPulse({ activity, clock, events, persistence, ...counted }: PulseDeps): void {
  const look = () => activity.beat(countsOf(counted, clock.nowMs()), persistence.state()?.status ?? null, clock.now());
  look();
  clock.every(BEAT_MS, () => {
    look();
    events.beat();
  });
}

type Counters = Pick<PulseDeps, "ownMetrics" | "program" | "refused">;

function countsOf({ ownMetrics, program, refused }: Counters, monotonicMs: number): ActivityCounts {
  const { commits = 0, commitSeconds = 0 } = ownMetrics.persistenceStats() ?? {};
  const { pushes } = ownMetrics;
  return { pushes, refused: refused.total, cpuSeconds: program.cpuSeconds(), commits, commitSeconds, monotonicMs };
}
