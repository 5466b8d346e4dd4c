import { copyFolded } from "../../bytes/ascii.ts";
import type { Selector } from "../../match/selector.ts";
import { ROW_UNITS, STEP_UNITS, Work } from "../../model/work.ts";
import type { GroupTexts } from "../table/group-texts.ts";
import type { Groups } from "../table/groups.ts";
import type { GroupQuery } from "./group-query.ts";
import { KeyConditions, requiredLabel } from "./key-conditions.ts";

/** What a search may cost: one to two seconds, in turns. */
const MOST_UNITS = 2 ** 30;
/** A row that is looked at, with its columns. */
const GROUP_UNITS = 8 * ROW_UNITS;

/**
 * Goes through the groups that a query asks for, in the order of their rows, and hands the id and the row of each to
 * `take`. null: a turn of the loop may be taken; of what comes or goes meanwhile some may be seen. Returns whether all
 * groups were looked at: a search that costs too much is cut.
 */
export function* eachGroup(
  groups: Groups,
  texts: GroupTexts,
  query: GroupQuery,
  take: (id: number, row: number) => void,
): Generator<null, boolean> {
  const work = new Work();
  const ways = waysOf(texts, query, work);
  for (let row = 0, paused = 0; ; row++) {
    row = nextRow(ways, row, texts.limit);
    if (row === texts.limit) return true;
    work.charge(GROUP_UNITS);
    const id = texts.idAt(row);
    if (id >= 0 && isThere(groups, id) && isInState(groups, query, id) && isFound(ways, row, groups, id)) take(id, row);
    if (work.spent > MOST_UNITS) return false;
    if (work.spent - paused < STEP_UNITS) continue;
    paused = work.spent;
    yield null;
  }
}

/** The first row from `row` on that one of the ways may find. */
function nextRow(ways: readonly Way[], row: number, limit: number): number {
  let next = limit;
  for (const way of ways) next = Math.min(next, way.rowFrom(row));
  return next;
}

function isFound(ways: readonly Way[], row: number, groups: Groups, id: number): boolean {
  for (const way of ways) if (way.holdsFor(row, groups, id)) return true;
  return false;
}

/** It is not gone, and not only begun by a large push. */
function isThere(groups: Groups, id: number): boolean {
  return groups.table.has(id) && (groups.beingStored !== id || groups.pushedSeconds(id) > 0);
}

/** What is asked of push times. */
function isInState(groups: Groups, { state, pushedBefore, pushedAfter }: GroupQuery, id: number): boolean {
  const pushed = groups.succeededSeconds(id);
  if (pushedBefore !== null && pushed > pushedBefore) return false;
  if (pushedAfter !== null && pushed < pushedAfter) return false;
  return state === null || (state === "failing") === groups.isFailing(id);
}

/** One for each selector, or one alone where there is none. */
function waysOf(texts: GroupTexts, { selectors, words }: GroupQuery, work: Work): Way[] {
  if (selectors.length === 0) return [new Way(texts, work, words, null)];
  return selectors.map((selector) => new Way(texts, work, words, selector));
}

/** A way in which a group may be asked for: it has all the words, and its labels are selected. */
class Way {
  /** What is in each key that is found; the longest, which is likely to be the rarest, comes first. */
  private readonly needles: readonly Uint8Array[];
  private readonly conditions: KeyConditions | null;
  private next = -1;

  constructor(
    private readonly texts: GroupTexts,
    private readonly work: Work,
    words: readonly string[],
    selector: Selector | null,
  ) {
    const label = selector === null ? null : requiredLabel(selector);
    const needles = [...words, ...(label === null ? [] : [label])].map(folded);
    this.needles = needles.sort((a, b) => b.length - a.length);
    this.conditions = selector === null ? null : new KeyConditions(selector, texts, work);
  }

  /** The first row from `row` on that may be found; the limit where there is none. Rows asked for must rise. */
  rowFrom(row: number): number {
    const [rarest] = this.needles;
    if (rarest === undefined) return row;
    if (this.next >= row) return this.next;
    this.next = this.texts.findWord(rarest, row);
    this.work.charge((this.next - row) * ROW_UNITS);
    return this.next;
  }

  /** Whether the group of a row, by its id, is found. */
  holdsFor(row: number, groups: Groups, id: number): boolean {
    if (this.rowFrom(row) !== row) return false;
    for (let i = 1; i < this.needles.length; i++)
      if (!this.texts.rowHas(this.needles[i] as Uint8Array, row)) return false;
    return this.conditions === null || this.conditions.holdFor(row, () => groups.table.key(id));
  }
}

function folded(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  copyFolded(bytes, 0, bytes.length, bytes, 0);
  return bytes;
}
