import { Writer } from "./writer.ts";

const NOTHING = new Writer(0);

/** Appends one run of bytes after the other to writers, each over any number of turns. */
export class RunCopy {
  private out = NOTHING;
  private source: Uint8Array = NOTHING.bytes;
  private at = 0;
  private end = 0;

  /** Begins with source[start, end); it is not changed, and nothing else is appended to `out`, until it is copied. */
  begin(out: Writer, source: Uint8Array, start: number, end: number): void {
    this.out = out;
    this.source = source;
    this.at = start;
    this.end = end;
  }

  /** Goes on with it, for at most `mostBytes`; false: there is more to copy. */
  copyOn(mostBytes: number): boolean {
    const { out, at, end } = this;
    if (at === end) return true;
    if (!out.reserveOn(end - at, mostBytes)) return false;
    this.at = Math.min(end, at + mostBytes);
    out.copy(this.source, at, this.at);
    return this.at === end;
  }
}
