/**
 * Time, and when something is done. Only main.ts makes one, from the runtime's; others get the parts that they need.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: () => number;
  /** Resolves in a later turn of the event loop, when input that waits has been served. */
  readonly turn: () => Promise<void>;
  /** Runs something once, after `ms` milliseconds; 0 is the end of this turn. */
  readonly after: (ms: number, run: () => void) => void;
  /** Runs something every `ms` milliseconds, for good; it does not keep the process alive. */
  readonly every: (ms: number, run: () => void) => void;
}
