import type { AccessSummary } from "../access/access.ts";

/** What the surfaces cannot see of the program themselves. */
export interface ProgramState {
  readonly pid: number;
  /** Of user and system, since the start. */
  readonly cpuSeconds: () => number;
  /** Of the runtime's own heap. */
  readonly heapBytes: () => number;
  /** Where it listens, as the log says. */
  readonly listenAddresses: () => readonly string[];
  readonly access: () => AccessSummary;
  readonly connections: () => number;
  readonly maxConnections: number;
}
