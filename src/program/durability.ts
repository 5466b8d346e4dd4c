import type { Settings } from "../config/command-line.ts";
import type { Durability } from "../http/deps.ts";
import { DurableCopy } from "../persist/durable-copy.ts";
import type { Report, Request } from "../persist/messages.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { PersistenceStats } from "../telemetry/own-metrics.ts";

/** What pushes are durable by, with its figures and its end. */
export interface Keeping extends Durability {
  readonly stats: () => PersistenceStats | null;
  /** Writes what waits. False: it could not be written. */
  readonly close: () => Promise<boolean>;
}

/** Memory only: nothing outlives the process and nobody waits. */
export const MEMORY_ONLY: Keeping = {
  notReady: () => null,
  fault: () => null,
  settled: () => null,
  stats: () => null,
  close: async () => true,
};

export interface KeepingDeps {
  readonly settings: Settings;
  readonly store: Store;
  readonly log: Log;
  readonly now: () => number;
  readonly nowMs: () => number;
  readonly turn: () => Promise<void>;
  readonly after: (ms: number, run: () => void) => void;
  /** Called where the file cannot be used at all; the reason has been logged. */
  readonly giveUp: () => void;
}

/** Keeps the store in the file of the settings; restoring it has begun when this returns. */
export function keepStore(deps: KeepingDeps, worker: Worker): Keeping {
  const { settings, store, log, now } = deps;
  const file = settings.persistenceFile;
  const stats = { commits: 0, errors: 0, commitSeconds: 0, lastCommitSeconds: 0 };
  const copy = new DurableCopy(
    writingOf(worker),
    store,
    {
      restoring: (groups) => log.info("restoring metrics", { file, groups }),
      restored: (groups) => log.info("metrics restored", { file, groups }),
      unusable: (reason) => {
        log.error("the persistence file cannot be used", { file, err: reason });
        deps.giveUp();
      },
      committed: (durationSeconds) => {
        stats.commits++;
        stats.commitSeconds += durationSeconds;
        stats.lastCommitSeconds = now() / 1000;
      },
      failed: (reason) => {
        stats.errors++;
        log.error("error persisting metrics", { file, err: reason });
      },
    },
    {
      file,
      intervalMs: settings.persistenceSync === "interval" ? settings.persistenceIntervalMs : null,
      nowMs: deps.nowMs,
      after: deps.after,
      turn: deps.turn,
    },
  );
  store.watch(copy);
  return {
    notReady: () => copy.notReady,
    fault: () => copy.fault,
    settled: () => copy.settled(),
    stats: () => ({ ...stats, waitingGroups: copy.waitingGroups, healthy: copy.fault === null }),
    close: () => copy.close(),
  };
}

function writingOf(worker: Worker) {
  return {
    send: (request: Request, transfer: ArrayBuffer[] = []) => worker.postMessage(request, transfer),
    listen: (receive: (report: Report) => void) => {
      worker.onmessage = ({ data }: MessageEvent<Report>) => receive(data);
    },
  };
}
