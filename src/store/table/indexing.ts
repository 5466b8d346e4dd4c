import { STEP_UNITS } from "../../model/work.ts";
import type { Page } from "./page.ts";
import type { Pages } from "./pages.ts";
import { SeriesIndex } from "./series-index.ts";

/**
 * The indexes of large chunks that are being made, because a push has a series that may be in them. One is made no more
 * than once for each time that its chunk is written: so they cost what was sent.
 */
export class Indexing {
  private queue: SeriesIndex[] = [];

  constructor(private readonly pages: Pages) {}

  get isUnderWay(): boolean {
    return this.queue.length > 0;
  }

  /** The index of the one chunk of a large page, whole or not. */
  of(page: Page, lineCount: number, composite: boolean): SeriesIndex {
    if (page.series !== null) return page.series;
    const index = new SeriesIndex(page.bytes.subarray(0, page.used), lineCount, composite);
    this.pages.setSeries(page, index);
    this.queue.push(index);
    return index;
  }

  /** Goes on for a moment; false: all are whole. */
  step(): boolean {
    const index = this.queue[0];
    if (index === undefined) return false;
    if (!index.isStale) index.step(STEP_UNITS);
    if (index.isStale || index.isWhole) this.queue.shift();
    return this.isUnderWay;
  }

  finish(): void {
    while (this.step());
  }
}
