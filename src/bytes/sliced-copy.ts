/** Copies a run of bytes to a buffer of its own over several turns of the loop. */
export class SlicedCopy {
  /** Room for more than is copied. Nothing is written to it before: large memory takes long to be emptied. */
  readonly target: Uint8Array<ArrayBuffer>;
  private copiedBytes = 0;

  constructor(sizeBytes: number) {
    const { buffer, byteOffset } = Buffer.allocUnsafeSlow(sizeBytes);
    this.target = new Uint8Array(buffer, byteOffset, sizeBytes);
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
