import { intAt } from "../../bytes/at.ts";
import { mustBe } from "../../bytes/broken.ts";
import { BRACE_CLOSE } from "../../bytes/characters.ts";
import { hashBytes, sameBytes } from "../../bytes/hash.ts";
import { Shifts } from "../../bytes/shifts.ts";
import { eachBlock } from "../../exposition/each-block.ts";
import type { Splice } from "./splice.ts";

/**
 * Finds series in the lines of one large chunk: where the labels of each begin, by their hash. It is made step by step,
 * the first time that a series of another group may be in the chunk, or one is looked for to be added to, and is good
 * until the chunk is written by other means than a splice. A KeyTable would have a copy of all labels: 79 bytes a
 * series and not 10, and 34 ms and not 12 to make one of 100,000 series.
 */
export class SeriesIndex {
  /** The place + 1 of a series' labels, where they were before anything was spliced; 0 is free. At most 2/3 full. */
  private readonly slots: Int32Array;
  private seriesCount = 0;
  private shifts: Shifts | null = null;
  /** Lines before this have been read. */
  private at = 0;
  /** The chunk was written or is gone. */
  isStale = false;

  constructor(
    private lines: Uint8Array,
    lineCount: number,
    private readonly composite: boolean,
  ) {
    let slotCount = 64;
    while (slotCount < lineCount * 1.5) slotCount *= 2;
    this.slots = new Int32Array(slotCount);
  }

  get isWhole(): boolean {
    return this.at >= this.lines.length;
  }

  get sizeBytes(): number {
    return this.slots.byteLength + (this.shifts?.sizeBytes ?? 0);
  }

  /** Reads about this many more bytes of the lines. */
  step(sizeBytes: number): void {
    this.at = eachBlock(this.lines, this.composite, this.at, this.at + sizeBytes, (start, end) => {
      this.enter(this.lines, start, end, start);
    });
  }

  private enter(bytes: Uint8Array, start: number, end: number, place: number): void {
    const slot = this.slotOf(bytes, start, end);
    if (this.slots[slot] === 0) this.seriesCount++;
    this.slots[slot] = place + 1;
  }

  /** Whether the lines, of which all must have been read, hold the series bytes[start, end). */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.slots[this.slotOf(bytes, start, end)] !== 0;
  }

  /** Where the labels of the series bytes[start, end) begin in the lines, of which all must have been read; or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const place = intAt(this.slots, this.slotOf(bytes, start, end)) - 1;
    return place < 0 ? -1 : this.now(place);
  }

  /** Throws where a series is not found where it is, or one that is not there is. */
  verify(): void {
    if (!this.isWhole) return;
    let count = 0;
    eachBlock(this.lines, this.composite, 0, this.lines.length, (start, end) => {
      mustBe(this.find(this.lines, start, end), start, "an index of series: the place of one");
      count++;
    });
    mustBe(this.seriesCount, count, "an index of series: how many it has");
  }

  /** Where something is that was at a place before anything was spliced. */
  private now(place: number): number {
    return this.shifts === null ? place : place + this.shifts.of(place);
  }

  /** The slot of a series, or the free one where it belongs. */
  private slotOf(bytes: Uint8Array, start: number, end: number): number {
    const { slots, lines } = this;
    const mask = slots.length - 1;
    const size = end - start;
    let slot = hashBytes(bytes, start, end) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = this.now(intAt(slots, slot) - 1);
      if (lines[other + size] === BRACE_CLOSE && sameBytes(lines, other, bytes, start, size)) break;
    }
    return slot;
  }

  /**
   * Has the lines spliced by `rewrite`, which returns those that there are then; false: it finds nothing any more.
   * `source` has the new lines.
   */
  follow(splice: Splice, source: Uint8Array, rewrite: () => Uint8Array): boolean {
    const places = this.placesOf(splice, source);
    if (places !== null) this.move(splice, places);
    this.lines = rewrite();
    this.at = this.lines.length;
    return places !== null && this.takeNew(splice);
  }

  /** Where the labels of each replaced run were before anything was spliced; null: that cannot be followed. */
  private placesOf(splice: Splice, source: Uint8Array): Int32Array | null {
    if (!this.isWhole) return null;
    if ((this.seriesCount + splice.newMetrics) * 3 > this.slots.length * 2) return null;
    const places = new Int32Array(splice.count);
    for (let run = 0; run < splice.count; run++) {
      const slot = this.slotOf(source, splice.labels(run), splice.labelsEnd(run));
      places[run] = intAt(this.slots, slot) - 1;
    }
    return places;
  }

  /** What grows or shrinks before the labels of a run moves them; all of the run moves what is behind. */
  private move(splice: Splice, places: Int32Array): void {
    let movedBytes = 0;
    for (let run = 0; run < splice.count; run++) {
      const place = intAt(places, run);
      if (place < 0) continue;
      const labelsBefore = this.now(place) - movedBytes - splice.start(run);
      const before = splice.labels(run) - splice.from(run) - labelsBefore;
      const more = splice.to(run) - splice.from(run) - (splice.end(run) - splice.start(run));
      movedBytes += more;
      if (before !== 0) this.shiftsOf().from(place, before);
      if (more !== before) this.shiftsOf().behind(place, more - before);
    }
  }

  private shiftsOf(): Shifts {
    this.shifts ??= new Shifts(this.lines.length + (this.lines.length >> 2));
    return this.shifts;
  }

  /** Enters the series that were put behind the last; false: there is no room for their places. */
  private takeNew(splice: Splice): boolean {
    if (splice.newMetrics === 0) return true;
    const { lines, shifts } = this;
    let end = lines.length;
    for (let run = splice.count - 1; run >= 0 && splice.start(run) === splice.sizeBytes; run--) {
      const at = end - (splice.to(run) - splice.from(run)) + splice.labels(run) - splice.from(run);
      const place = at - (shifts?.total ?? 0);
      if (shifts?.has(place) === false) return false;
      this.enter(lines, at, at + splice.labelsEnd(run) - splice.labels(run), place);
      end -= splice.to(run) - splice.from(run);
    }
    return true;
  }
}
