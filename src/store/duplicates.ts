import { commonSize, hashBytes, sameBytes } from "../bytes/hash.ts";
import { LabelWalk } from "../bytes/label-block.ts";
import { Writer } from "../bytes/writer.ts";
import type { PushColumns } from "../model/columns.ts";
import { MetricType } from "../model/metric-type.ts";
import { ITSELF, NOBODY } from "./asides.ts";
import type { Family } from "./families.ts";
import type { Groups } from "./groups.ts";
import { KeyTable } from "./key-table.ts";
import type { Renderer } from "./render.ts";
import type { Shape } from "./shapes.ts";

/** How two renderings of one chunk compare. */
export const SAME_BYTES = 0;
export const SAME_LABELS = 1;
export const OTHER_LABELS = 2;

/** Most look-ups of groups in search of a push's series: about half a second. */
const MAX_VISITS = 2_000_000;

const LINE_FEED = 0x0a;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Compares the lines a[aStart, aEnd) and b[bStart, bEnd): the same; the same but for values; other series. A value never
 * holds a brace and labels always end with one, so where two lines part it is seen whether they part in the value.
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

/** What the search for duplicates needs from the store. */
export interface SeriesSource {
  /** The lines of a family in a group, borrowed, or null where the group has none of it. */
  lines(group: number, family: Family): Uint8Array | null;
}

/** The group that a push is for; its shape is -1 where no group has such a key yet. */
export interface OwnGroup {
  readonly group: number;
  readonly shape: number;
}

/**
 * Finds series of a push that exist already: within the pushed family, or in another group.
 *
 * A series carries all grouping labels of its group. So a group that holds it too has a key made of labels of the series: for
 * each other shape of key whose names the series has, there is one such key, and one look-up. A push whose series are the ones
 * it replaces needs no search at all; the caller sees to that with `compareLines`.
 */
export class DuplicateSearch {
  private readonly seen = new BlockSet();
  private readonly walk = new LabelWalk();
  private readonly key = new Writer(256);
  /** The labels of the series looked at: their written names, and where each stands with its value, two integers an id. */
  private readonly names = new KeyTable();
  private readonly places: number[] = [];
  /** The series of other groups' chunks, by group, read once a family and only when a series may be in one. */
  private readonly others = new Map<number, BlockSet>();
  /** Groups looked up so far, for tests. */
  lookups = 0;
  /** Shapes that the search may still look at for this push; what is left undone when there are none left is not found. */
  private visitsLeft = MAX_VISITS;

  constructor(
    private readonly groups: Groups,
    private readonly source: SeriesSource,
  ) {}

  /** A push begins. */
  begin(): void {
    this.visitsLeft = MAX_VISITS;
  }

  /**
   * Whether the search was broken off. Only who pushes groups of thousands of label name sets, and then series that have all
   * those names, can have it search so much.
   */
  get isExhausted(): boolean {
    return this.visitsLeft <= 0;
  }

  /** The metrics of a family just rendered that are there twice. `stored` is the family, or null where it is new. */
  find(columns: PushColumns, family: number, renderer: Renderer, own: OwnGroup, stored: Family | null): number[] {
    const found: number[] = [];
    const source = renderer.out.bytes;
    const searchOthers = stored !== null && mayMeetOthers(stored, own);
    this.seen.begin(source);
    this.others.clear();
    columns.eachMetric(family, (metric) => {
      const start = renderer.blocks[metric * 2] as number;
      const end = start + (renderer.blocks[metric * 2 + 1] as number);
      if (!this.seen.add(start, end)) found.push(metric);
      else if (searchOthers && stored !== null && this.groupWith(source, start, end, own, stored) >= 0)
        found.push(metric);
    });
    return found;
  }

  /** Whose series finished lines of a type hold: another group's, ITSELF for one that is in them twice, or NOBODY. */
  findIn(lines: Uint8Array, type: MetricType, own: OwnGroup, stored: Family | null): number {
    const searchOthers = stored !== null && mayMeetOthers(stored, own);
    let found = NOBODY;
    this.seen.begin(lines);
    this.others.clear();
    eachBlock(lines, isComposite(type), (start, end) => {
      if (found !== NOBODY) return;
      if (!this.seen.add(start, end)) found = ITSELF;
      else if (searchOthers && stored !== null) found = this.groupWith(lines, start, end, own, stored);
    });
    return found;
  }

  /** The group other than its own that the series source[start, end) of a family is in, or NOBODY. */
  findElsewhere(source: Uint8Array, start: number, end: number, own: OwnGroup, stored: Family): number {
    this.others.clear();
    return mayMeetOthers(stored, own) ? this.groupWith(source, start, end, own, stored) : NOBODY;
  }

  /** As above; what was read of this family's chunks so far is used again. */
  private groupWith(source: Uint8Array, start: number, end: number, own: OwnGroup, stored: Family): number {
    const { walk, names, places } = this;
    names.clear();
    walk.open(source, start, end);
    while (walk.step()) {
      const id = names.add(source, walk.start, walk.nameEnd);
      places[id * 2] = walk.start;
      places[id * 2 + 1] = walk.end;
    }
    for (let id = 0; id < names.count; id++) {
      const name = names.key(id);
      for (const shape of this.groups.shapes.underBytes(name, 0, name.length)) {
        if (this.visitsLeft-- <= 0) return NOBODY;
        if (shape.id === own.shape || !stored.shapes.has(shape.id)) continue;
        const group = this.groupOfShape(shape, source, start, end, stored);
        if (group >= 0) return group;
      }
    }
    return NOBODY;
  }

  /** The one group of another shape that could hold the series, if it does; it is never the series' own group. */
  private groupOfShape(shape: Shape, source: Uint8Array, start: number, end: number, stored: Family): number {
    const { key, places } = this;
    key.reset();
    for (const name of shape.nameBytes) {
      const id = this.names.find(name, 0, name.length);
      if (id < 0) return NOBODY;
      if (key.length > 0) key.byte(0x2c);
      key.copy(source, places[id * 2] as number, places[id * 2 + 1] as number);
    }
    this.lookups++;
    const other = this.groups.find(key.bytes, 0, key.length);
    return other >= 0 && this.seriesOf(other, stored).has(source, start, end) ? other : NOBODY;
  }

  private seriesOf(group: number, stored: Family): BlockSet {
    const known = this.others.get(group);
    if (known !== undefined) return known;
    const lines = this.source.lines(group, stored);
    const series = new BlockSet();
    series.begin(lines ?? new Uint8Array(0));
    if (lines !== null) eachBlock(lines, isComposite(stored.type), (start, end) => series.add(start, end));
    this.others.set(group, series);
    return series;
  }
}

const isComposite = (type: MetricType): boolean => type === MetricType.summary || type >= MetricType.histogram;

/** Whether a group of another shape holds the family. */
function mayMeetOthers(stored: Family, own: OwnGroup): boolean {
  return stored.shapes.size > (stored.shapes.has(own.shape) ? 1 : 0);
}

/**
 * Calls `visit` with the labels of every metric in finished lines. Of a summary or histogram only the `_count` lines are
 * read: there is one a metric, and it has no `quantile` or `le`.
 */
function eachBlock(lines: Uint8Array, composite: boolean, visit: (start: number, end: number) => void): void {
  for (let at = 0; at < lines.length; ) {
    const lineFeed = lines.indexOf(LINE_FEED, at);
    const quoted = lines[at] === BRACE_OPEN;
    const nameEnd = quoted ? closingQuote(lines, at + 2) : lines.indexOf(BRACE_OPEN, at);
    const start = quoted ? nameEnd + 2 : nameEnd + 1;
    if (!composite || endsWithCount(lines, nameEnd)) visit(start, lines.lastIndexOf(BRACE_CLOSE, lineFeed));
    at = lineFeed + 1;
  }
}

function closingQuote(lines: Uint8Array, start: number): number {
  let at = start;
  while (lines[at] !== QUOTE) at += lines[at] === BACKSLASH ? 2 : 1;
  return at;
}

function endsWithCount(lines: Uint8Array, end: number): boolean {
  for (let i = 1; i <= COUNT_SUFFIX.length; i++)
    if (lines[end - i] !== COUNT_SUFFIX.charCodeAt(COUNT_SUFFIX.length - i)) return false;
  return true;
}

const COUNT_SUFFIX = "_count";

/** A set of label blocks of one buffer, emptied in no time: a slot counts only with the newest round. */
class BlockSet {
  /** Three integers a slot: round, start, end. */
  private slots = new Int32Array(3 * 64);
  private round = 0;
  private count = 0;
  private source: Uint8Array = new Uint8Array(0);

  begin(source: Uint8Array): void {
    this.source = source;
    this.count = 0;
    if (this.slots.length > 3 << 18) this.slots = new Int32Array(3 * 64);
    this.round++;
  }

  /** Adds source[start, end) of the buffer; false where such bytes are in already. */
  add(start: number, end: number): boolean {
    if (this.count * 6 >= this.slots.length) this.grow();
    const slot = this.slotOf(this.source, start, end);
    if (this.slots[slot * 3] === this.round) return false;
    this.place(slot, start, end);
    return true;
  }

  /** Whether bytes[start, end) are in. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.slots[this.slotOf(bytes, start, end) * 3] === this.round;
  }

  /** The slot of bytes[start, end), or the free one where they belong. */
  private slotOf(bytes: Uint8Array, start: number, end: number): number {
    const { slots, source, round } = this;
    const mask = slots.length / 3 - 1;
    let slot = hashBytes(bytes, start, end) & mask;
    for (; slots[slot * 3] === round; slot = (slot + 1) & mask) {
      const other = slots[slot * 3 + 1] as number;
      const size = (slots[slot * 3 + 2] as number) - other;
      if (size === end - start && sameBytes(source, other, bytes, start, size)) break;
    }
    return slot;
  }

  private place(slot: number, start: number, end: number): void {
    this.slots[slot * 3] = this.round;
    this.slots[slot * 3 + 1] = start;
    this.slots[slot * 3 + 2] = end;
    this.count++;
  }

  private grow(): void {
    const old = this.slots;
    const round = this.round;
    this.slots = new Int32Array(old.length * 2);
    this.count = 0;
    const mask = this.slots.length / 3 - 1;
    for (let at = 0; at < old.length; at += 3) {
      if (old[at] !== round) continue;
      const start = old[at + 1] as number;
      const end = old[at + 2] as number;
      let slot = hashBytes(this.source, start, end) & mask;
      while (this.slots[slot * 3] === round) slot = (slot + 1) & mask;
      this.place(slot, start, end);
    }
  }
}
