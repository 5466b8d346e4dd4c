import { commonSize } from "../../bytes/hash.ts";
import { KeyTable } from "../../bytes/key-table.ts";
import { Writer } from "../../bytes/writer.ts";
import { BRACE_CLOSE, LINE_FEED } from "../../exposition/characters.ts";
import { eachBlock } from "../../exposition/each-block.ts";
import { LabelWalk } from "../../exposition/label-block.ts";
import type { PushColumns } from "../../model/columns.ts";
import { isComposite, type MetricType } from "../../model/metric-type.ts";
import { LOOKUP_UNITS, ROW_UNITS, Work } from "../../model/work.ts";
import { ITSELF, NOBODY } from "../table/asides.ts";
import type { Family } from "../table/families.ts";
import type { Groups, PushedGroup } from "../table/groups.ts";
import type { SeriesSource } from "../table/series-source.ts";
import type { Shape } from "../table/shapes.ts";
import { BlockSet } from "./block-set.ts";
import type { Renderer } from "./render.ts";

/** How two renderings of one chunk compare. */
export const SAME_BYTES = 0;
export const SAME_LABELS = 1;
export const OTHER_LABELS = 2;

/**
 * Compares the lines a[aStart, aEnd) and b[bStart, bEnd): the same; the same but for values; other series. A value
 * never holds a brace and labels always end with one, so where two lines part it is seen whether they part in the
 * value.
 */
export function compareLines(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  let i = aStart;
  let j = bStart;
  let result = SAME_BYTES;
  for (;;) {
    const run = commonSize(a, i, aEnd, b, j, bEnd);
    i += run;
    j += run;
    if (i >= aEnd || j >= bEnd) break;
    result = SAME_LABELS;
    for (; a[i] !== LINE_FEED; i++) if (a[i] === BRACE_CLOSE) return OTHER_LABELS;
    for (; b[j] !== LINE_FEED; j++) if (b[j] === BRACE_CLOSE) return OTHER_LABELS;
  }
  return i === aEnd && j === bEnd ? result : OTHER_LABELS;
}

/**
 * Finds series of a push that exist already: within the pushed family, or in another group.
 *
 * A series carries all grouping labels of its group. So a group that holds it too has a key made of labels of the
 * series: for each other shape of key whose names the series has, there is one such key, and one look-up. A push whose
 * series are the ones it replaces needs no search; the caller finds that out with `compareLines`.
 */
export class DuplicateSearch {
  private readonly seen = new BlockSet();
  private readonly walk = new LabelWalk();
  private readonly key = new Writer(256);
  /**
   * The labels of the current series: their written names, and where each is with its value, two integers for an id.
   */
  private readonly names = new KeyTable();
  private readonly places: number[] = [];
  /** The series of other groups' chunks, by group, read once a family and only when a series may be in one. */
  private readonly others = new Map<number, BlockSet>();
  /** Groups looked up so far, for tests. */
  lookups = 0;
  private work = new Work();
  /** An index is not whole yet: what was found is not all. The search is to be made again later. */
  isIncomplete = false;

  constructor(
    private readonly groups: Groups,
    private readonly source: SeriesSource,
  ) {}

  /** A push begins, which pays for the search. */
  begin(work: Work): void {
    this.work = work;
    this.isIncomplete = false;
  }

  /**
   * Whether the search hit its bound. That takes groups with thousands of different sets of label names, and series
   * that have all those names.
   */
  get isExhausted(): boolean {
    return this.work.isSpent;
  }

  /** The metrics of a family just rendered that are there twice. `stored` is the family, or null where it is new. */
  find(columns: PushColumns, family: number, renderer: Renderer, pushed: PushedGroup, stored: Family | null): number[] {
    const found: number[] = [];
    const source = renderer.out.bytes;
    const searchOthers = stored !== null && mayMeetOthers(stored, pushed);
    this.seen.begin(source);
    this.others.clear();
    columns.eachMetric(family, (metric) => {
      const start = renderer.blockStart(metric);
      const end = renderer.blockEnd(metric);
      if (!this.seen.add(start, end)) found.push(metric);
      else if (searchOthers && stored !== null && this.groupWith(source, start, end, pushed, stored) >= 0)
        found.push(metric);
    });
    return found;
  }

  /** Whose series finished lines of a type hold: another group's, ITSELF for one that is in them twice, or NOBODY. */
  findIn(lines: Uint8Array, type: MetricType, pushed: PushedGroup, stored: Family | null): number {
    const searchOthers = stored !== null && mayMeetOthers(stored, pushed);
    let found = NOBODY;
    this.seen.begin(lines);
    this.others.clear();
    eachBlock(lines, isComposite(type), 0, lines.length, (start, end) => {
      if (found !== NOBODY) return;
      if (!this.seen.add(start, end)) found = ITSELF;
      else if (searchOthers && stored !== null) found = this.groupWith(lines, start, end, pushed, stored);
    });
    return found;
  }

  /** The group other than the pushed one that the series source[start, end) of a family is in, or NOBODY. */
  findElsewhere(source: Uint8Array, start: number, end: number, pushed: PushedGroup, stored: Family): number {
    this.others.clear();
    return mayMeetOthers(stored, pushed) ? this.groupWith(source, start, end, pushed, stored) : NOBODY;
  }

  /** As above; what was read of this family's chunks so far is used again. */
  private groupWith(source: Uint8Array, start: number, end: number, pushed: PushedGroup, stored: Family): number {
    const { walk, names, places, work } = this;
    if (work.isSpent) return NOBODY;
    names.clear();
    walk.open(source, start, end);
    work.chargeSearch(end - start);
    while (walk.step()) {
      work.chargeSearch(LOOKUP_UNITS);
      const id = names.add(source, walk.start, walk.nameEnd);
      places[id * 2] = walk.start;
      places[id * 2 + 1] = walk.end;
    }
    for (let id = 0; id < names.count; id++) {
      const name = names.key(id);
      for (const shape of this.groups.shapes.underBytes(name, 0, name.length)) {
        if (work.isSpent) return NOBODY;
        work.chargeSearch(ROW_UNITS);
        if (shape.id === pushed.shape || !stored.shapes.has(shape.id)) continue;
        const group = this.groupOfShape(shape, source, start, end, stored);
        if (group >= 0) return group;
      }
    }
    return NOBODY;
  }

  /** The one group of another shape that could hold the series, if it does; it is never the series' own group. */
  private groupOfShape(shape: Shape, source: Uint8Array, start: number, end: number, stored: Family): number {
    const { key, places, work } = this;
    key.reset();
    for (const name of shape.nameBytes) {
      work.chargeSearch(LOOKUP_UNITS + name.length);
      const id = this.names.find(name, 0, name.length);
      if (id < 0) return NOBODY;
      if (key.length > 0) key.byte(0x2c);
      key.copy(source, places[id * 2] as number, places[id * 2 + 1] as number);
    }
    this.lookups++;
    work.chargeSearch(LOOKUP_UNITS + 2 * key.length);
    const other = this.groups.find(key.bytes, 0, key.length);
    return other >= 0 && this.holds(other, stored, source, start, end) ? other : NOBODY;
  }

  private holds(group: number, stored: Family, source: Uint8Array, start: number, end: number): boolean {
    this.work.chargeSearch(LOOKUP_UNITS + end - start);
    const index = this.source.index(group, stored);
    if (index === null) return this.seriesOf(group, stored).has(source, start, end);
    if (index.isWhole) return index.has(source, start, end);
    this.isIncomplete = true;
    return false;
  }

  private seriesOf(group: number, stored: Family): BlockSet {
    const known = this.others.get(group);
    if (known !== undefined) return known;
    const lines = this.source.lines(group, stored);
    const series = new BlockSet();
    series.begin(lines ?? new Uint8Array(0));
    if (lines !== null) {
      this.work.chargeSearch(lines.length);
      eachBlock(lines, isComposite(stored.type), 0, lines.length, (start, end) => series.add(start, end));
    }
    this.others.set(group, series);
    return series;
  }
}

/** Whether a group of another shape holds the family. */
function mayMeetOthers(stored: Family, pushed: PushedGroup): boolean {
  return stored.shapes.size > (stored.shapes.has(pushed.shape) ? 1 : 0);
}
