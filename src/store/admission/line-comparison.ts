import { BRACE_CLOSE, LINE_FEED } from "../../bytes/characters.ts";
import { commonSize } from "../../bytes/hash.ts";

/** How two renderings of one chunk compare. */
export const SAME_BYTES = 0;
export const SAME_LABELS = 1;
export const OTHER_LABELS = 2;

/**
 * Compares two runs of finished lines: the same; the same but for values; other series. A value never holds a brace and
 * labels always end with one, so where two lines part it is seen whether they part in the value.
 */
export class LineComparison {
  /** How far both were compared. */
  private aSize = 0;
  private bSize = 0;
  /** What is known so far. */
  private found = SAME_BYTES;

  begin(): void {
    this.aSize = 0;
    this.bSize = 0;
    this.found = SAME_BYTES;
  }

  /**
   * Goes on with a[aStart, aEnd) and b[bStart, bEnd), of which the first ones may have moved since, for at most about
   * `most` bytes; null: there is more to compare.
   */
  compareOn(
    a: Uint8Array,
    aStart: number,
    aEnd: number,
    b: Uint8Array,
    bStart: number,
    bEnd: number,
    most: number,
  ): number | null {
    const stop = Math.min(aEnd, aStart + this.aSize + most);
    let i = aStart + this.aSize;
    let j = bStart + this.bSize;
    for (;;) {
      const run = commonSize(a, i, stop, b, j, bEnd);
      i += run;
      j += run;
      if (i >= stop || j >= bEnd) break;
      this.found = SAME_LABELS;
      for (; a[i] !== LINE_FEED; i++) if (a[i] === BRACE_CLOSE) return OTHER_LABELS;
      for (; b[j] !== LINE_FEED; j++) if (b[j] === BRACE_CLOSE) return OTHER_LABELS;
      if (i >= stop) break;
    }
    this.aSize = i - aStart;
    this.bSize = j - bStart;
    if (i < aEnd && j < bEnd) return null;
    return i === aEnd && j === bEnd ? this.found : OTHER_LABELS;
  }
}
