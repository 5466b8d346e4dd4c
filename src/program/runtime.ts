import type { FileSink } from "bun";
import type { Environment } from "../systemd/listen-fds.ts";

/** All of the outside world that the program needs: only main.ts takes it from the runtime. */
export interface Outside {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  /** A turn of the event loop. */
  readonly turn: () => Promise<void>;
  /** Runs something later; 0 ms is the end of this turn. */
  readonly after: (ms: number, run: () => void) => void;
  /** Runs something at an interval, for good; it does not keep the process alive. */
  readonly every: (ms: number, run: () => void) => void;
  readonly environment: Environment;
  readonly pid: number;
  /** Calls `run` for each of the signals, instead of what it does by itself. */
  readonly onSignal: (signals: readonly NodeJS.Signals[], run: () => void) => void;
  /** Opens standard output. */
  readonly stdout: () => FileSink;
  /** To standard error. */
  readonly writeError: (text: string) => void;
  /** A thread that runs src/persist/worker.ts. */
  readonly startWriter: () => Worker;
  /** A thread that runs src/durability/import-thread.ts. */
  readonly startImporter: () => Worker;
}
