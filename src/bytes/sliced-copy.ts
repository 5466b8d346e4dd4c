import { uninitialized } from "./uninitialized.ts";

/** Copies a run of bytes to a buffer of its own over several turns of the loop. */
export class SlicedCopy {
  /** It may be larger than what is copied. */
  readonly target: Uint8Array<ArrayBuffer>;
  copiedBytes = 0;

  constructor(sizeBytes: number) {
    this.target = uninitialized(sizeBytes);
  }

  /** Copies some more of source[start, end), which does not change meanwhile; false: there is more to copy. */
  copyOn(source: Uint8Array, start: number, end: number, mostBytes: number): boolean {
    const from = start + this.copiedBytes;
    const to = Math.min(end, from + mostBytes);
    this.target.set(source.subarray(from, to), this.copiedBytes);
    this.copiedBytes += to - from;
    return to === end;
  }
}
