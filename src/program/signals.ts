import type { Log } from "../telemetry/log.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Signals that would end the process, and have no effect on the reference. Real-time signals are missing:
 * docs/workarounds.md, `real-time-signals`.
 */
const IGNORED = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGXCPU", "SIGXFSZ"] as const;
/** The exit status after SIGQUIT, as of any Go program. */
const QUIT_STATUS = 2;

export interface SignalDeps {
  readonly log: Log;
  /** Ends the server with an exit status; the first call counts. */
  readonly end: (status: number) => void;
  /** SIGHUP came. */
  readonly readAgain: () => void;
}

/** Makes every signal do what it does to the reference; only SIGHUP reads files again and does not end the server. */
export function heedSignals({ onSignal }: Runtime, { log, end, readAgain }: SignalDeps): void {
  let received = false;
  onSignal(["SIGINT", "SIGTERM"], () => {
    if (!received) log.info("received SIGINT/SIGTERM; exiting gracefully...");
    received = true;
    end(0);
  });
  onSignal(["SIGQUIT"], () => {
    log.error("received SIGQUIT; exiting...");
    end(QUIT_STATUS);
  });
  onSignal(["SIGHUP"], () => {
    log.info("received SIGHUP");
    readAgain();
  });
  onSignal(IGNORED, () => {});
}
