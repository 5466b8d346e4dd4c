import { byteAt } from "./at.ts";

/** Of Buffer's methods: makes no view of the source, as `set` needs one. */
const copyRun = Buffer.prototype.copy;

/**
 * Runs of fewer bytes are copied by a loop. Measured by bench/copy.ts: a loop and the runtime take 14 ns each for 32
 * bytes, 26 and 14 ns for 64, 82 and 15 ns for 192. Between 32 and 64 bytes the loop is kept: a call costs its
 * surroundings something as well.
 */
export const RUNTIME_BYTES = 64;

/** As `copyBytes`, for runs of at least RUNTIME_BYTES. Hot code has the loop for shorter ones in its own body. */
export function copyLongRun(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  copyRun.call(source as Buffer, target, at, start, end);
}

/** Copies source[start, end) to `target` from `at` on, where there must be room. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start >= RUNTIME_BYTES) copyLongRun(source, start, end, target, at);
  else for (let from = start, to = at; from < end; from++, to++) target[to] = byteAt(source, from);
}
