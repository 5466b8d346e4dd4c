import type { Settings } from "../config/command-line.ts";
import type { Clock } from "../model/clock.ts";
import type { StoreLimits } from "../model/limits.ts";
import type { Persistence } from "../model/persistence.ts";
import type { PersistenceState } from "../model/persistence-state.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { PersistenceStats } from "../telemetry/own-metrics.ts";
import type { Report, WriterRequest } from "./messages.ts";
import { Persister } from "./persister.ts";
import type { PersisterEvents } from "./persister-deps.ts";
import type { Place } from "./place.ts";
import type { LeftOutRow } from "./reading.ts";

/** Interval between log lines while nothing is kept. */
const NOT_KEPT_MS = 60_000;

/** Persistence as the program sees it: with its statistics and its shutdown. */
export interface RunningPersistence extends Persistence {
  readonly stats: () => PersistenceStats | null;
  /** Writes what waits. False: it could not be written. */
  readonly close: () => Promise<boolean>;
}

/** A group of so many bytes can be read back: a family of it is one run of bytes then, at most twice that long. */
const MOST_GROUP_BYTES = 1_000_000_000;

/** The limits of a store that is kept in the file of the settings, if it is. */
export function limitsOf({ limits: { store }, persistenceFile }: Settings): StoreLimits {
  if (persistenceFile === "") return store;
  return { ...store, maxGroupBytes: Math.min(store.maxGroupBytes, MOST_GROUP_BYTES) };
}

/** Memory only: nothing outlives the process and nobody waits. */
export const MEMORY_ONLY: RunningPersistence = {
  notReady: () => null,
  beforeReady: () => {},
  fault: () => null,
  settled: () => null,
  state: () => null,
  stats: () => null,
  close: async () => true,
};

/** An import that has to be done before the file can be opened. */
export interface FileImport {
  /** What is being done, in words for people. */
  readonly state: string;
  /** Ends it as soon as may be. */
  readonly stop: () => Promise<void>;
}

export interface PersistenceDeps {
  readonly settings: Settings;
  readonly store: Store;
  readonly log: Log;
  readonly startWriter: () => Worker;
  /** Begins to import the file, and calls `done` once it can be opened; null if there is no need. */
  readonly beginImport: (done: () => void) => FileImport | null;
  /** Called where the file cannot be used at all; the reason has been logged. */
  readonly giveUp: () => void;
  readonly clock: Pick<Clock, "now" | "nowMs" | "turn" | "after">;
}

/** Keeps the store in the file of the settings; importing or restoring it has begun when this returns. */
export function startPersistence(deps: PersistenceDeps): RunningPersistence {
  const persistence = new FilePersistence(deps);
  const underWay = deps.beginImport(() => persistence.open());
  if (underWay === null) persistence.open();
  else persistence.fileImport = underWay;
  return persistence;
}

class FilePersistence implements RunningPersistence {
  /** The import that comes before anything else, if any. */
  fileImport: FileImport | null = null;
  private readonly persister: Persister;
  private runBeforeReady: () => Promise<void> = async () => {};
  private readonly figures = { commits: 0, errors: 0, commitSeconds: 0, lastCommitSeconds: 0, fileBytes: 0 };
  private told: { readonly ms: number; readonly reason: string } | null = null;

  constructor(private readonly deps: PersistenceDeps) {
    const { settings, store } = deps;
    this.persister = new Persister(writingOf(deps.startWriter()), store, this.events(), {
      file: settings.persistenceFile,
      intervalMs: settings.persistenceSync === "interval" ? settings.persistenceIntervalMs : null,
      required: settings.persistenceRequired,
      beforeReady: () => this.runBeforeReady(),
      ...deps.clock,
    });
  }

  /** The file can be opened: restores it and has the store watched. */
  open(): void {
    this.fileImport = null;
    this.deps.store.watch(this.persister);
    this.persister.open();
  }

  notReady = (): string | null => this.fileImport?.state ?? this.persister.notReady;
  beforeReady = (run: () => Promise<void>): void => {
    this.runBeforeReady = run;
  };
  fault = (): string | null => this.persister.fault;
  settled = (key: Uint8Array | null) => this.persister.settled(key);

  state = (): PersistenceState => {
    const { persister } = this;
    const file = this.deps.settings.persistenceFile;
    const notReady = this.notReady();
    if (notReady !== null) return { file, status: "restoring", reason: notReady };
    if (persister.notKept !== null) return { file, status: "memory-only", reason: persister.notKept };
    return persister.fault === null
      ? { file, status: "kept", reason: "" }
      : { file, status: "failing", reason: persister.fault };
  };

  stats = (): PersistenceStats => {
    const { status } = this.state();
    const isOpen = status === "kept" || status === "failing";
    const { restoredGroups, waitingGroups } = this.persister;
    return { ...this.figures, restoredGroups, waitingGroups, up: isOpen, healthy: status === "kept" };
  };

  close = async (): Promise<boolean> => {
    await this.fileImport?.stop();
    const ending = await this.persister.close();
    if (ending === "nothing kept") {
      const { log, settings, store } = this.deps;
      const { groups } = store.stats;
      log.warn("nothing was kept: the persistence file could not be made", { file: settings.persistenceFile, groups });
    }
    return ending !== "partly written";
  };

  private events(): PersisterEvents {
    return { ...this.openingEvents(), ...this.writingEvents() };
  }

  /** What becomes of the file until everything is in it. */
  private openingEvents() {
    const { log, settings, giveUp } = this.deps;
    const file = settings.persistenceFile;
    return {
      restoring: (groups: number) => log.info("restoring metrics", { file, groups }),
      restored: (groups: number, leftOut: number) => {
        log.info("metrics restored", { file, groups });
        if (leftOut > 0) log.warn("rows that are not ours are left out", { file, leftOut, original: "table left_out" });
      },
      leftOut: ({ table, key: group, reason }: LeftOutRow) =>
        log.warn("a row of the persistence file is not one of ours: it is left out", {
          file,
          table,
          group,
          err: reason,
        }),
      unusable: (reason: string) => {
        log.error("the persistence file cannot be used", { file, err: reason });
        giveUp();
      },
      notKept: (reason: string, place: Place) => this.tellNotKept(reason, place),
      kept: () => {
        this.told = null;
        log.info("the persistence file has been made: everything is in it, and metrics are kept", {
          file,
          groups: this.deps.store.stats.groups,
        });
      },
    };
  }

  private writingEvents() {
    const { log, settings, clock } = this.deps;
    const file = settings.persistenceFile;
    const { figures } = this;
    return {
      committed: (durationSeconds: number) => {
        figures.commits++;
        figures.commitSeconds += durationSeconds;
        figures.lastCommitSeconds = clock.now() / 1000;
      },
      sized: (fileBytes: number) => {
        figures.fileBytes = fileBytes;
      },
      failed: (reason: string) => {
        figures.errors++;
        log.error("error persisting metrics", { file, err: reason });
      },
      refused: (key: Uint8Array, reason: string) => {
        figures.errors++;
        const group = Buffer.from(key).toString();
        log.error("a group cannot be written to the persistence file: its pushes are refused", {
          file,
          group,
          err: reason,
        });
      },
    };
  }

  /** At once, where the reason is a new one, and again each minute. */
  private tellNotKept(reason: string, { folder, owner, mode, user }: Place): void {
    const { clock, log, settings, giveUp } = this.deps;
    const { persistenceFile: file, persistenceRequired } = settings;
    const ms = clock.nowMs();
    if (this.told?.reason === reason && ms - this.told.ms < NOT_KEPT_MS) return;
    this.told = { ms, reason };
    const message = persistenceRequired
      ? "the persistence file cannot be made, and it is required"
      : "metrics are not kept: the persistence file cannot be made; serving from memory and trying again";
    log.error(message, { file, folder, owner, mode, user, err: reason });
    if (persistenceRequired) giveUp();
  }
}

function writingOf(worker: Worker) {
  return {
    send: (request: WriterRequest, transfer: ArrayBuffer[] = []) => worker.postMessage(request, transfer),
    listen: (receive: (report: Report) => void) => {
      worker.onmessage = ({ data }: MessageEvent<Report>) => receive(data);
      worker.onerror = ({ message }) => receive({ kind: "unusable", reason: `the writing thread: ${message}` });
    },
  };
}
