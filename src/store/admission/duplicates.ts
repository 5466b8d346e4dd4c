import { COMMA } from "../../bytes/characters.ts";
import { KeyTable } from "../../bytes/key-table.ts";
import { Writer } from "../../bytes/writer.ts";
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

/** In place of a group: the search goes on in another turn. */
const UNFINISHED = -4;

/**
 * Finds series of a push that exist already: within the pushed family, or in another group.
 *
 * A series carries all grouping labels of its group. So a group that holds it too has a key made of labels of the
 * series: for each other shape of key whose names the series has, there is one such key, and one look-up. A push whose
 * series are the ones it replaces needs no search at all; the caller sees to that with `compareLines`.
 */
export class DuplicateSearch {
  private readonly seen = new BlockSet();
  private readonly walk = new LabelWalk();
  private readonly key = new Writer(256);
  /**
   * The labels of the series looked at: their written names, and where each stands with its value, two integers an id.
   */
  private readonly names = new KeyTable();
  private readonly places: number[] = [];
  /**
   * The series of other groups' chunks, by group, read once a family and turn, and only when a series may be in one:
   * between turns others may move these lines.
   */
  private readonly others = new Map<number, BlockSet>();
  /** Groups looked up so far, for tests. */
  lookups = 0;
  private work = new Work();
  /** Of the family that is looked through: the metric, or the place in lines, that is next. */
  private next = -1;
  private pushed: PushedGroup = { group: NOBODY, shape: NOBODY };
  /** The family, where groups of other shapes have it. */
  private stored: Family | null = null;
  /**
   * Of the series that is looked for: its label that is next, the shape listed under it, and how many shapes had gone.
   */
  private isOpen = false;
  private name = 0;
  private listed = 0;
  private namesChanged = 0;
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
   * Whether the search was broken off. Only who pushes groups of thousands of label name sets, and then series that
   * have all those names, can have it search so much.
   */
  get isExhausted(): boolean {
    return this.work.isSpent;
  }

  /** Begins to look through a family that was rendered; `stored` is the family, or null where it is new. */
  beginFamily(
    columns: PushColumns,
    family: number,
    renderer: Renderer,
    pushed: PushedGroup,
    stored: Family | null,
  ): void {
    this.seen.begin(renderer.out.bytes, columns.families.metricCount(family));
    this.next = columns.families.firstMetric(family);
    this.beginSearch(pushed, stored);
  }

  /**
   * Goes on until the turn is over, calling `found` with each metric that is there twice and the group that has it, or
   * ITSELF; false: there is more.
   */
  findOn(columns: PushColumns, renderer: Renderer, found: (metric: number, group: number) => void): boolean {
    const { out } = renderer;
    const { work } = this;
    this.others.clear();
    while (this.next >= 0) {
      if (work.isTurnOver) return false;
      const metric = this.next;
      const outcome = this.look(out.bytes, renderer.blockStart(metric), renderer.blockEnd(metric));
      if (outcome === UNFINISHED) return false;
      if (outcome !== NOBODY) found(metric, outcome);
      this.next = columns.metrics.next(metric);
    }
    return true;
  }

  /** Begins to look through finished lines, of so many series. */
  beginLines(lines: Uint8Array, seriesCount: number, pushed: PushedGroup, stored: Family | null): void {
    this.seen.begin(lines, seriesCount);
    this.next = 0;
    this.beginSearch(pushed, stored);
  }

  /**
   * Goes on until the turn is over. Whose series the lines hold: another group's, ITSELF for one that is in them twice,
   * or NOBODY; null: there is more to look through.
   */
  findInOn(lines: Uint8Array, type: MetricType): number | null {
    const composite = isComposite(type);
    this.others.clear();
    while (this.next < lines.length) {
      if (this.work.isTurnOver) return null;
      let found: number = NOBODY;
      const end = eachBlock(lines, composite, this.next, this.next + 1, (from, to) => {
        found = this.look(lines, from, to);
      });
      if (isUnfinished(found)) return null;
      if (found !== NOBODY) return found;
      this.work.charge(end - this.next);
      this.next = end;
    }
    return NOBODY;
  }

  /** Whose series finished lines of a type hold, all in one turn; see `findInOn`. */
  findIn(lines: Uint8Array, type: MetricType, pushed: PushedGroup, stored: Family | null): number {
    this.beginLines(lines, 0, pushed, stored);
    return this.findInOn(lines, type) ?? NOBODY;
  }

  /** The group other than the pushed one that the series source[start, end) of a family is in, or NOBODY. */
  findElsewhere(source: Uint8Array, start: number, end: number, pushed: PushedGroup, stored: Family): number {
    this.beginSearch(pushed, stored);
    if (this.stored === null) return NOBODY;
    this.open(source, start, end);
    return this.searchOn(source, start, end, stored);
  }

  private beginSearch(pushed: PushedGroup, stored: Family | null): void {
    this.pushed = pushed;
    this.stored = stored !== null && mayMeetOthers(stored, pushed) ? stored : null;
    this.others.clear();
    this.isOpen = false;
  }

  /** Whose the series source[start, end) is besides, ITSELF where it was looked at before; or UNFINISHED. */
  private look(source: Uint8Array, start: number, end: number): number {
    const { stored, work } = this;
    if (this.isOpen) {
      if (this.namesChanged !== this.groups.shapes.changes) this.open(source, start, end);
    } else {
      work.charge(ROW_UNITS + end - start);
      if (!this.seen.add(start, end)) return ITSELF;
      if (stored === null || work.isSpent) return NOBODY;
      this.open(source, start, end);
    }
    return stored === null ? NOBODY : this.searchOn(source, start, end, stored);
  }

  /** Begins to look for a series in other groups: reads its labels. */
  private open(source: Uint8Array, start: number, end: number): void {
    const { walk, names, places, work } = this;
    names.clear();
    walk.open(source, start, end);
    work.chargeSearch(end - start);
    while (walk.step()) {
      work.chargeSearch(LOOKUP_UNITS);
      const id = names.add(source, walk.start, walk.nameEnd);
      places[id * 2] = walk.start;
      places[id * 2 + 1] = walk.end;
    }
    this.isOpen = true;
    this.name = 0;
    this.listed = 0;
    this.namesChanged = this.groups.shapes.changes;
  }

  /** Goes on with the series that was opened: the group that has it, NOBODY, or UNFINISHED. */
  private searchOn(source: Uint8Array, start: number, end: number, stored: Family): number {
    const { names, work, pushed } = this;
    for (; this.name < names.count; this.name++, this.listed = 0) {
      const name = names.key(this.name);
      const shapes = this.groups.shapes.underBytes(name, 0, name.length);
      while (this.listed < shapes.length) {
        if (work.isSpent) return this.close(NOBODY);
        if (work.isTurnOver) return UNFINISHED;
        work.chargeSearch(ROW_UNITS);
        const shape = shapes[this.listed++] as Shape;
        if (shape.id === pushed.shape || !stored.shapes.has(shape.id)) continue;
        const group = this.groupOfShape(shape, source, start, end, stored);
        if (group >= 0) return this.close(group);
      }
    }
    return this.close(NOBODY);
  }

  private close(group: number): number {
    this.isOpen = false;
    return group;
  }

  /** The one group of another shape that could hold the series, if it does; it is never the series' own group. */
  private groupOfShape(shape: Shape, source: Uint8Array, start: number, end: number, stored: Family): number {
    const { key, places, work } = this;
    key.reset();
    for (const name of shape.nameBytes) {
      work.chargeSearch(LOOKUP_UNITS + name.length);
      const id = this.names.find(name, 0, name.length);
      if (id < 0) return NOBODY;
      if (key.length > 0) key.byte(COMMA);
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

const isUnfinished = (found: number): boolean => found === UNFINISHED;

/** Whether a group of another shape holds the family. */
function mayMeetOthers(stored: Family, pushed: PushedGroup): boolean {
  return stored.shapes.size > (stored.shapes.has(pushed.shape) ? 1 : 0);
}
