import { readFileSync } from "node:fs";
import { Fault } from "../model/fault.ts";

const OPEN_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  ENOTDIR: "not a directory",
};

/** The text of a file, or why it cannot be read, in Go's words where the fault is a usual one. */
export type ReadText = (path: string) => string | Fault;

/** The bytes of a file, or why it cannot be read, in Go's words where the fault is a usual one. */
export function readFile(path: string): Uint8Array | Fault {
  try {
    return readFileSync(path);
  } catch (error) {
    return new Fault(readFault(path, error));
  }
}

/** The text of a file, read as `readFile` does. */
export function readText(path: string): string | Fault {
  const bytes = readFile(path);
  return bytes instanceof Fault ? bytes : Buffer.from(bytes).toString();
}

function readFault(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EISDIR") return `read ${path}: is a directory`;
  return `open ${path}: ${OPEN_FAULTS[code] ?? (error instanceof Error ? error.message : String(error))}`;
}
