import type { Log } from "../telemetry/log.ts";
import type { Listener } from "./listen.ts";

/** How often the descriptors are counted; what an attacker opens meanwhile has to fit into the reserve. */
const TICK_MS = 100;
/**
 * Whoever connects in the moment of a shedding is reset and has to try again: so the next one waits, while there are
 * descriptors left. Connections that never say anything are gone by then, or end by themselves within 12 seconds.
 */
const PAUSE_MS = 2000;
/** Descriptors that connections never take: the listening sockets, files, and what comes in within a tick. */
const RESERVED_DESCRIPTORS = 64;

export interface ConnectionLimitDeps {
  readonly maxConnections: number;
  /** The most descriptors that the process may have open. */
  readonly maxDescriptors: number;
  readonly countOpenFds: () => number;
  readonly every: (ms: number, run: () => void) => void;
  readonly countLimit: () => void;
  readonly log: Log;
}

/**
 * Keeps the open connections below their limit, and below the descriptors there are: at their end Bun's accept loop would
 * spin. Beyond it idle connections are closed, so that whoever has something to say gets a turn.
 */
export function limitConnections(listeners: readonly Listener[], deps: ConnectionLimitDeps): void {
  const { maxConnections, maxDescriptors, countOpenFds, every, countLimit, log } = deps;
  const others = countOpenFds();
  const reserved = Math.min(RESERVED_DESCRIPTORS, maxDescriptors / 4);
  const limit = Math.min(maxConnections + others, maxDescriptors - reserved);
  let pauseTicks = 0;
  every(TICK_MS, () => {
    for (const listener of listeners) listener.endRetired();
    const open = countOpenFds();
    if (pauseTicks > 0) pauseTicks--;
    if (open <= limit || (pauseTicks > 0 && open <= maxDescriptors - reserved)) return;
    pauseTicks = PAUSE_MS / TICK_MS;
    countLimit();
    log.warn("too many connections, closing idle ones", { open_descriptors: open, limit });
    for (const listener of listeners) listener.shedIdle();
  });
}

/** The soft limit of open files as /proc/self/limits tells it. */
export function readMaxDescriptors(procLimits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(procLimits)?.[1];
  return soft === undefined || soft === "unlimited" ? Infinity : Number(soft);
}
