import type { FileSink } from "bun";
import type { Clock } from "../model/clock.ts";
import type { Environment } from "../systemd/listen-fds.ts";
import type { ProcessMemory } from "./garbage.ts";
import type { SecretInput } from "./secret-line.ts";

/** All of the outside world that the program needs: only main.ts takes it from the runtime. */
export interface Runtime {
  readonly environment: Environment;
  readonly pid: number;
  /** Calls `run` for each of the signals, instead of what it does by itself. */
  readonly onSignal: (signals: readonly NodeJS.Signals[], run: () => void) => void;
  /** Opens standard output. */
  readonly stdout: () => FileSink;
  readonly stdin: SecretInput;
  /** To standard error. */
  readonly writeError: (text: string) => void;
  /** A thread that runs src/persist/worker.ts. */
  readonly startWriter: () => Worker;
  /** A thread that runs src/cluster/worker.ts. */
  readonly startLog: () => Worker;
  /** A thread that runs src/import/import-thread.ts. */
  readonly startImporter: () => Worker;
  readonly clock: Clock;
  /** Processor time of the process, of user and system, so far. */
  readonly cpuSeconds: () => number;
  /** What the runtime's own heap holds. */
  readonly heapBytes: () => number;
  readonly residentBytes: ProcessMemory["residentBytes"];
  /** Its memory is swept and given back bit by bit later. */
  readonly collect: ProcessMemory["collect"];
}
