import { statSync } from "node:fs";
import { HEAD_BYTES, isOlderDatabase, readHead } from "../persist/file-head.ts";
import { isGob } from "../persist/gob/read.ts";

/**
 * What has to be done with a file before it can be used: one of the reference is imported, an older one of ours looked
 * through.
 */
export type AdoptableKind = "gob" | "older";

/** null: nothing, or it cannot be read; the reason shows when it is opened. */
export function adoptableKind(file: string): AdoptableKind | null {
  try {
    if (!statSync(file).isFile()) return null;
    const head = readHead(file, HEAD_BYTES);
    if (isGob(head)) return "gob";
    return isOlderDatabase(head) ? "older" : null;
  } catch {
    return null;
  }
}
