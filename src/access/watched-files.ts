import { statSync } from "node:fs";
import { readFile } from "../config/read-file.ts";
import type { Fault } from "../model/fault.ts";

/** Files that are read again as they change. */
export interface WatchedFiles {
  /** The bytes of a file, or why it cannot be read, in Go's words: `open web.yml: no such file or directory`. */
  readonly read: (path: string) => Uint8Array | Fault;
  /** Text that changes when the file does; a file that is not there has one as well. */
  readonly fingerprint: (path: string) => string;
}

/** Those of the system. */
export const SYSTEM_FILES: WatchedFiles = {
  read: readFile,
  fingerprint: (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
  },
};
