import { hashBytes, sameBytes } from "../bytes/hash.ts";
import type { KeyedPath } from "../decode/path.ts";

/** A power of two. */
const SLOTS = 16 * 1024;
/** Longer paths, and those of more labels, are read anew each time. */
const MAX_PATH_BYTES = 256;
/** Most memory of all entries together; beyond it all are forgotten. */
const MAX_BYTES = 16 * 1024 * 1024;
/** The objects of an entry, and of a label: measured. */
const ENTRY_BYTES = 620;
const LABEL_BYTES = 100;

interface KnownPath {
  readonly path: Uint8Array;
  readonly keyed: KeyedPath;
}

/**
 * The grouping keys of paths that were pushed to before, by the path as it was sent. A newer one takes an older one's
 * place.
 */
export class KnownPaths {
  private entries: (KnownPath | undefined)[] = [];
  private sizeBytes = 0;

  find(path: Uint8Array): KeyedPath | null {
    const entry = this.entries[slotOf(path)];
    if (entry === undefined || entry.path.length !== path.length) return null;
    return sameBytes(entry.path, 0, path, 0, path.length) ? entry.keyed : null;
  }

  remember(path: Uint8Array, keyed: KeyedPath): void {
    if (path.length > MAX_PATH_BYTES) return;
    const slot = slotOf(path);
    const replaced = this.entries[slot];
    // Bytes of its own: what came in one packet with the path is not to be kept with it.
    const entry = { path: new Uint8Array(path), keyed };
    this.sizeBytes += bytesOf(entry) - (replaced === undefined ? 0 : bytesOf(replaced));
    if (this.sizeBytes > MAX_BYTES) {
      this.entries = [];
      this.sizeBytes = bytesOf(entry);
    }
    this.entries[slot] = entry;
  }
}

/** What an entry takes up: its path, its key's blocks and labels, what is noted of these when the key is used. */
const bytesOf = ({ path, keyed }: KnownPath): number =>
  ENTRY_BYTES + path.length + 2 * keyed.key.full.length + keyed.key.labels.length * LABEL_BYTES;

const slotOf = (path: Uint8Array): number => hashBytes(path, 0, path.length) & (SLOTS - 1);
