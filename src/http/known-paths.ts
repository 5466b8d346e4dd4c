import { hashBytes, sameBytes } from "../bytes/hash.ts";
import type { KeyedPath } from "../decode/path.ts";

/** A power of two. */
const SLOTS = 16 * 1024;
/** Longer paths are read anew each time: so the table takes up some megabytes at most. */
const MAX_PATH_BYTES = 256;

interface Entry {
  readonly path: Uint8Array;
  readonly keyed: KeyedPath;
}

/** The grouping keys of paths that were pushed to before, by the path as it was sent. A newer one takes an older one's place. */
export class KnownPaths {
  private readonly entries: (Entry | undefined)[] = [];

  find(path: Uint8Array): KeyedPath | null {
    const entry = this.entries[slotOf(path)];
    if (entry === undefined || entry.path.length !== path.length) return null;
    return sameBytes(entry.path, 0, path, 0, path.length) ? entry.keyed : null;
  }

  remember(path: Uint8Array, keyed: KeyedPath): void {
    if (path.length <= MAX_PATH_BYTES) this.entries[slotOf(path)] = { path: path.slice(), keyed };
  }
}

const slotOf = (path: Uint8Array): number => hashBytes(path, 0, path.length) & (SLOTS - 1);
