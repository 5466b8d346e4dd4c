import { copyFolded } from "../../bytes/ascii.ts";
import type { Selector } from "../../match/selector.ts";
import { ROW_UNITS, STEP_UNITS, Work } from "../../model/work.ts";
import type { GroupTexts } from "../table/group-texts.ts";
import type { Groups } from "../table/groups.ts";
import type { GroupQuery } from "./group-query.ts";
import { KeyConditions, requiredLabels } from "./key-conditions.ts";
import { Needle } from "./needle.ts";
import { EVERY_ROW, type RowSource, RowsOfJob, RowsWithWord } from "./row-sources.ts";

/** What a search may cost: one to two seconds, in turns. */
const MOST_UNITS = 2 ** 30;
/** A row that is looked at, with its columns. */
const GROUP_UNITS = 8 * ROW_UNITS;

export interface SearchEnd {
  /** All groups were gone through: a search that costs too much is cut. */
  readonly isWhole: boolean;
  /** How many of them were looked at; others could be passed over. */
  readonly lookedAt: number;
}

/**
 * Goes through the groups that a query asks for, in the order of their rows, and hands the id and the row of each to
 * `take`; those that are only begun are among them. null: a turn of the loop may be taken; of what goes meanwhile some
 * may be seen.
 */
export function* eachGroup(
  groups: Groups,
  texts: GroupTexts,
  query: GroupQuery,
  take: (id: number, row: number) => void,
): Generator<null, SearchEnd> {
  const work = new Work();
  const ways = waysOf(texts, query, work);
  const only = ways.length === 1 ? (ways[0] ?? null) : null;
  const isTimed = asksTimes(query);
  const reached = query.reach === null ? null : yield* groups.reaches.judged(query.reach, (judged) => judged);
  let lookedAt = 0;
  for (let row = 0, paused = 0; ; row++) {
    row = only === null ? nextRow(ways, row, texts.limit) : only.rowFrom(row);
    if (row === texts.limit) return { isWhole: true, lookedAt };
    lookedAt++;
    work.charge(GROUP_UNITS);
    const id = texts.idAt(row);
    const isSeen = id >= 0 && (reached === null || reached.has(id));
    const isAsked = isSeen && (!isTimed || isInState(groups, query, id));
    if (isAsked && (only === null ? isFound(ways, row, groups, id) : only.holdsFor(row, groups, id))) take(id, row);
    if (work.spent - paused < STEP_UNITS) continue;
    if (work.spent > MOST_UNITS) return { isWhole: false, lookedAt };
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

/** Whether a group is only begun by a large push: nobody sees it yet. */
export function isBegun(groups: Groups, id: number): boolean {
  return groups.beingStored === id && groups.pushedSeconds(id) === 0;
}

/** Whether something is asked of push times, and what. */
function asksTimes({ state, pushedBefore, pushedAfter }: GroupQuery): boolean {
  return state !== null || pushedBefore !== null || pushedAfter !== null;
}

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
  private readonly rows: RowSource;
  /** What else is in each key that is found; the longest, which is likely to be the rarest, comes first. */
  private readonly needles: readonly Needle[];
  private readonly conditions: KeyConditions | null;

  constructor(texts: GroupTexts, work: Work, words: readonly string[], selector: Selector | null) {
    const { job, label } = selector === null ? { job: null, label: null } : requiredLabels(selector);
    const folded = [...words, ...(label === null ? [] : [label])].map(foldedBytes).sort((a, b) => b.length - a.length);
    const needles = folded.map((word) => new Needle(word, texts));
    const [rarest, ...others] = needles;
    if (job !== null) this.rows = new RowsOfJob(Buffer.from(job), texts, work);
    else this.rows = rarest === undefined ? EVERY_ROW : new RowsWithWord(rarest, texts, work);
    this.needles = job === null ? others : needles;
    this.conditions = selector === null ? null : new KeyConditions(selector, texts, work);
  }

  /** The first row from `row` on that may be found; the limit where there is none. Rows asked for must rise. */
  rowFrom(row: number): number {
    return this.rows.from(row);
  }

  /** Whether the group of a row, by its id, is found. */
  holdsFor(row: number, groups: Groups, id: number): boolean {
    const { rows, needles, conditions } = this;
    if (!rows.has(row) && (rows.from(row) !== row || !rows.has(row))) return false;
    for (let i = 0; i < needles.length; i++) if (!(needles[i] as Needle).isIn(row)) return false;
    return conditions === null || conditions.holdFor(row, groups, id);
  }
}

function foldedBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  copyFolded(bytes, 0, bytes.length, bytes, 0);
  return bytes;
}
