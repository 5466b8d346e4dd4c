import type { Clock } from "../model/clock.ts";
import { Fault } from "../model/fault.ts";
import type { Log } from "../telemetry/log.ts";
import { openLibc } from "./libc.ts";
import { type Environment, wholeNumber } from "./listen-fds.ts";
import { type Notify, openNotify } from "./notify.ts";

/** What is reported to the service manager. */
export interface SupervisionDeps extends Pick<Clock, "after"> {
  readonly notify: Notify;
  readonly environment: Environment;
  readonly pid: number;
  /** Why nothing is served yet, or null. */
  readonly notReady: () => string | null;
  /** One line on how it goes, for people. */
  readonly status: () => string;
}

/** Interval between readiness checks, and between retries of READY=1. */
const READY_CHECK_MS = 20;
/** Interval between reports of the status, if it has changed. */
const STATUS_MS = 5_000;
/** How much more time the manager is asked for, with each status, while metrics are being restored. */
const EXTENSION_MICROSECONDS = 30_000_000;

/** Reports our state to systemd if it started us. Returns the function to call before shutdown. */
export function startSupervision(deps: Omit<SupervisionDeps, "notify">, log: Log): () => void {
  const address = deps.environment.NOTIFY_SOCKET;
  if (!address) return () => {};
  const libc = openLibc();
  const notify = libc instanceof Fault ? libc : openNotify(libc, address);
  if (!(notify instanceof Fault)) return supervise({ ...deps, notify });
  log.warn("the service manager cannot be notified", { err: notify.message });
  return () => {};
}

/**
 * Tells the service manager when the server is ready, that it is alive (each half of the watchdog's time), and its
 * status. All notices come from the event loop, the first at the end of this turn, so a loop that hangs is restarted.
 * Returns the function that reports the shutdown.
 */
export function supervise(deps: SupervisionDeps): () => void {
  const { notify, notReady, after } = deps;
  let phase: "starting" | "ready" | "stopping" = "starting";
  let told = "";
  const tellReady = () => {
    if (phase !== "starting") return;
    told = deps.status();
    if (notReady() === null && notify("READY=1", `STATUS=${told}`)) phase = "ready";
    else after(READY_CHECK_MS, tellReady);
  };
  const tellStatus = () => {
    const now = deps.status();
    if (phase === "starting") notify(`EXTEND_TIMEOUT_USEC=${EXTENSION_MICROSECONDS}`, `STATUS=${notReady() ?? now}`);
    else if (phase === "ready" && now !== told && notify(`STATUS=${now}`)) told = now;
  };
  after(0, () => {
    tellReady();
    tellStatus();
  });
  repeat(after, STATUS_MS, tellStatus);
  const watchdogMs = watchdogTimeMs(deps.environment, deps.pid);
  if (watchdogMs !== null) repeat(after, watchdogMs / 2, () => notify("WATCHDOG=1"));
  return () => {
    phase = "stopping";
    notify("STOPPING=1", "STATUS=Stopping");
  };
}

/** Calls `run` at this interval, for good. */
function repeat(after: SupervisionDeps["after"], ms: number, run: () => void): void {
  after(ms, () => {
    run();
    repeat(after, ms, run);
  });
}

/** The time within which a sign of life is expected, as sd_watchdog_enabled(3) reads it; null where none is. */
export function watchdogTimeMs(environment: Environment, pid: number): number | null {
  const microseconds = Number(environment.WATCHDOG_USEC);
  const isMeant = environment.WATCHDOG_PID === undefined || wholeNumber(environment.WATCHDOG_PID) === pid;
  return isMeant && Number.isSafeInteger(microseconds) && microseconds > 0 ? microseconds / 1000 : null;
}
