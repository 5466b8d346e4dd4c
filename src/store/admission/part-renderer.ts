import { LINE_FEED } from "../../bytes/characters.ts";
import { linesIn } from "../../exposition/lines-in.ts";
import type { PushColumns } from "../../model/columns.ts";
import { NEEDS_SIDE } from "../../model/metric-rows.ts";
import { Splice } from "../table/splice.ts";
import { Renderer } from "./render.ts";
import type { StoredPart } from "./stored-part.ts";

/** Renders sums of pushed metrics and of parts of chunks, in which they take the place of the stored ones. */
export class PartRenderer extends Renderer {
  private parts: readonly (StoredPart | null)[] = [];
  private family = 0;
  private familyStart = 0;

  /**
   * Sums begin, a part for each family of them, or null where they are whole. False: beside the lines of some chunk is
   * to be more than there was, so that all its metrics are concerned.
   */
  beginParts(columns: PushColumns, parts: readonly (StoredPart | null)[]): boolean {
    this.parts = parts;
    let isDone = true;
    for (const [family, part] of parts.entries()) {
      if (part === null) continue;
      columns.eachMetric(family, (metric) => {
        if (part.records !== null) columns.metrics.flag(metric, NEEDS_SIDE);
        else if (columns.metrics.has(metric, NEEDS_SIDE)) isDone = false;
      });
    }
    return isDone;
  }

  override beginFamily(family: number): void {
    super.beginFamily(family);
    this.family = family;
    this.familyStart = this.out.length;
    this.splice = null;
  }

  override renderOn(): boolean {
    const isWhole = super.renderOn();
    const part = this.parts[this.family] ?? null;
    if (isWhole && part !== null && !this.isTooLarge) this.splice = this.spliceOf(part);
    return isWhole;
  }

  /** The first metrics are those of the part; the others are new. */
  private spliceOf({ family, linesBytes, runs, records }: StoredPart): Splice {
    const { bytes } = this.out;
    const splice = new Splice();
    splice.begin(linesBytes);
    splice.records = records;
    let from = this.familyStart;
    let run = 0;
    let storedAt = 0;
    this.columns.eachMetric(this.family, (metric) => {
      const [labels, labelsEnd] = [this.blockStart(metric), this.blockEnd(metric)];
      const to = bytes.indexOf(LINE_FEED, labelsEnd) + 1;
      const [start, end] = [runs[run], runs[run + 1]];
      run += 2;
      const lineCount = linesIn(bytes, from, to);
      if (start === undefined || end === undefined) splice.append(from, to, labels, labelsEnd, lineCount);
      else {
        const storedEnd = storedAt + end - start;
        const storedCount = linesIn(family.lines, storedAt, storedEnd);
        splice.replace(start, end, from, to, labels, labelsEnd, lineCount - storedCount);
        storedAt = storedEnd;
      }
      from = to;
    });
    splice.finish();
    return splice;
  }
}
