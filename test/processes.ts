import { readFileSync } from "node:fs";
import { eventually } from "./program.ts";

/** Looks, 25 ms apart, between which an idle process does not wake; timers of a second leave room for them. */
const IDLE_LOOKS = 8;

/** The state of a process as proc(5) has it: R runs, S sleeps, T is stopped. */
export function stateOf(pid: number): string {
  return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? "";
}

/** How often the main thread of a process went to sleep because it had nothing to do. */
function sleepsOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/task/${pid}/status`, "latin1");
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
}

/** Waits until a process is seen asleep some times in a row without having woken in between: it does not spin. */
export async function untilIdle(pid: number): Promise<void> {
  let [sleeps, looks] = [-1, 0];
  await eventually(`process ${pid} sleeps`, async () => {
    const now = sleepsOf(pid);
    looks = now === sleeps && stateOf(pid) === "S" ? looks + 1 : 0;
    sleeps = now;
    return looks === IDLE_LOOKS;
  });
}

/** How many connections to a port of 127.0.0.1 a server still has, closed by their clients or not. */
export function connectionsTo(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const [established, closedByPeer] = ["01", "08"];
  const rows = readFileSync("/proc/net/tcp", "latin1").split("\n");
  return rows.filter((row) => {
    const [, address, , state] = row.trim().split(/\s+/);
    return address === local && (state === established || state === closedByPeer);
  }).length;
}

/** Waits until a process that was sent SIGSTOP does nothing any more. */
export async function untilStopped(pid: number): Promise<void> {
  await eventually(`process ${pid} is stopped`, async () => stateOf(pid) === "T");
}
