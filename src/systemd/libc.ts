import { dlopen, type FFIFunction } from "bun:ffi";
import { Fault } from "../model/fault.ts";

/** Of <sys/socket.h> on Linux. */
export const AF_UNIX = 1;

const CALLS = {
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
} as const satisfies Record<string, FFIFunction>;

/**
 * Calls of the C library that neither Bun nor Node offers (docs/workarounds.md, `libc-calls`). They return -1 if they
 * fail; sendto returns a bigint.
 */
export type Libc = ReturnType<typeof dlopen<typeof CALLS>>["symbols"];

/** The C library of a Linux system, or why it cannot be called. */
export function openLibc(): Libc | Fault {
  try {
    return dlopen("libc.so.6", CALLS).symbols;
  } catch (error) {
    return new Fault(`calling the C library: ${error instanceof Error ? error.message : error}`);
  }
}
