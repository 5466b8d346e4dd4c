import { hashBytes, sameBytes } from "../bytes/hash.ts";

/** Fields of an entry: where the series begins, plus 1 (0: the entry is free), its size, its hash. */
const AT = 0;
const SIZE = 1;
const HASH = 2;
const STRIDE = 3;
const LEAST_ENTRIES = 16;
/** A family of more series gives its entries back. */
const KEPT_ENTRIES = 1 << 16;

/**
 * The series of one family, each by its place in the exposition of its row: nothing is copied, and a series costs one
 * hash. At most half of the entries are taken.
 */
export class SeriesSet {
  private source: Uint8Array = new Uint8Array(0);
  private entries = new Int32Array(LEAST_ENTRIES * STRIDE);
  private mask = LEAST_ENTRIES - 1;
  private count = 0;

  /** Begins with a family whose lines are in `source`, which must stay as it is until the next one. */
  open(source: Uint8Array): void {
    this.source = source;
    if (this.mask >= KEPT_ENTRIES) this.resize(LEAST_ENTRIES);
    else if (this.count > 0) this.forget();
    this.count = 0;
  }

  /** Adds source[start, end). False: it is there already. */
  add(start: number, end: number): boolean {
    if (this.count * 2 > this.mask) this.grow();
    const { entries, source } = this;
    const size = end - start;
    const hash = hashBytes(source, start, end);
    let at = (hash & this.mask) * STRIDE;
    for (; entries[at + AT] !== 0; at = at + STRIDE < entries.length ? at + STRIDE : 0) {
      if (entries[at + HASH] !== hash || entries[at + SIZE] !== size) continue;
      if (sameBytes(source, (entries[at + AT] as number) - 1, source, start, size)) return false;
    }
    this.put(at, start, size, hash);
    this.count++;
    return true;
  }

  private put(at: number, start: number, size: number, hash: number): void {
    const { entries } = this;
    entries[at + AT] = start + 1;
    entries[at + SIZE] = size;
    entries[at + HASH] = hash;
  }

  /** Frees all entries: those of a larger family before are not to be freed again for each small one. */
  private forget(): void {
    if (this.mask >= LEAST_ENTRIES && this.count * 16 < this.mask) this.resize(LEAST_ENTRIES);
    else this.entries.fill(0);
  }

  private resize(entryCount: number): void {
    this.entries = new Int32Array(entryCount * STRIDE);
    this.mask = entryCount - 1;
  }

  private grow(): void {
    const before = this.entries;
    this.resize((this.mask + 1) * 4);
    const { entries, mask } = this;
    for (let from = 0; from < before.length; from += STRIDE) {
      if (before[from + AT] === 0) continue;
      const hash = before[from + HASH] as number;
      let at = (hash & mask) * STRIDE;
      while (entries[at + AT] !== 0) at = at + STRIDE < entries.length ? at + STRIDE : 0;
      this.put(at, (before[from + AT] as number) - 1, before[from + SIZE] as number, hash);
    }
  }
}
