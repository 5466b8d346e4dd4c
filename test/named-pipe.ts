import { dlopen } from "bun:ffi";
import { join } from "node:path";
import { scratchFolder } from "./scratch.ts";

/** For its owner alone. */
const MODE = 0o600;

/** Makes a pipe with a name in a new folder and returns its path. By the C library: no program is needed. */
export function namedPipe(): string {
  const path = join(scratchFolder(), "pipe");
  const { symbols, close } = dlopen("libc.so.6", { mkfifo: { args: ["cstring", "u32"], returns: "i32" } });
  const failed = symbols.mkfifo(Buffer.from(`${path}\0`), MODE);
  close();
  if (failed !== 0) throw new Error(`making the pipe ${path}: mkfifo failed`);
  return path;
}
