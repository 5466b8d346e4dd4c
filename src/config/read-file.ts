import { readFileSync } from "node:fs";
import { Rejection } from "../model/rejection.ts";

const OPEN_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  ENOTDIR: "not a directory",
};

/** The bytes of a file, or why it cannot be read, in Go's words where the fault is a usual one. */
export function readFile(path: string): Uint8Array | Rejection {
  try {
    return readFileSync(path);
  } catch (error) {
    return new Rejection("malformed", readFault(path, error));
  }
}

/** The text of a file, read as `readFile` does. */
export function readText(path: string): string | Rejection {
  const bytes = readFile(path);
  return bytes instanceof Rejection ? bytes : Buffer.from(bytes).toString();
}

function readFault(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EISDIR") return `read ${path}: is a directory`;
  return `open ${path}: ${OPEN_FAULTS[code] ?? (error instanceof Error ? error.message : String(error))}`;
}
