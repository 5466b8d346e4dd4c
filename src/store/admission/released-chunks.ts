import { SlicedCopy } from "../../bytes/sliced-copy.ts";
import { STEP_UNITS, Work } from "../../model/work.ts";
import { type Asides, ITSELF, NOBODY } from "../table/asides.ts";
import type { Family } from "../table/families.ts";
import { PAGE_BYTES, type Page, pageSizeFor } from "../table/page.ts";
import { seriesOf } from "../table/series-source.ts";
import type { Table } from "../table/table.ts";
import { DuplicateSearch } from "./duplicates.ts";
import { OldestFirst } from "./oldest-first.ts";

/** Chunks that are put in order in one step. */
const ORDERED_A_STEP = 256;
/** What is copied in one step: copying is quicker than all else. */
const COPIED_BYTES = 4 * STEP_UNITS;

/** A chunk that is set aside, and where. */
interface Released {
  readonly asides: Asides<Family>;
  readonly chunk: number;
}

/** A chunk whose series are being looked for. */
interface Look extends Released {
  /** Where it belongs if nobody has its series; null: there is no such family. */
  readonly main: Family | null;
  /** How often series had come into that family when the look began. */
  readonly entered: number;
  /** It is not written as long as it is read. */
  readonly page: Page;
  readonly lines: Uint8Array;
  /** Of a large chunk: its lines on a page of their own. */
  copying: SlicedCopy | null;
}

export interface ReleasedChunksDeps {
  /** The family of a name and a type, or null. */
  readonly mainOf: (asides: Asides<Family>) => Family | null;
  /** A chunk holds series of a group, or ITSELF some twice. */
  readonly stays: (asides: Asides<Family>, chunk: number, group: number) => void;
  /** Nobody has the series of a chunk: `page` has its lines, as ChunkContent says, null: copy them. */
  readonly leaves: (asides: Asides<Family>, chunk: number, main: Family | null, page: Uint8Array | null) => void;
}

/**
 * Chunks that were set aside and may be free by now, for the series of a group that one doubled are others, or gone.
 * They are looked at again one by one, the oldest first, each over as many turns as it takes. What is written
 * meanwhile is noticed: the look begins anew, behind those of all others.
 */
export class ReleasedChunks {
  /** How often some chunk was looked at, and how many are still to be. */
  done = 0;
  left = 0;
  private readonly work = new Work();
  private readonly search: DuplicateSearch;
  /** Released together, and not in the queue yet. */
  private readonly sets: { readonly asides: Asides<Family>; readonly chunks: Iterator<number> }[] = [];
  private readonly queue = new OldestFirst<Released>();
  private later: Released[] = [];
  private look: Look | null = null;
  /** The next look needs an index that is being made. */
  private awaitsIndex = false;

  constructor(
    private readonly table: Table,
    private readonly deps: ReleasedChunksDeps,
  ) {
    this.search = new DuplicateSearch(table.groups, seriesOf(table, false));
  }

  get isEmpty(): boolean {
    return this.left === 0;
  }

  get sizeBytes(): number {
    return this.queue.sizeBytes;
  }

  /** A chunk is to be looked at again. */
  release(asides: Asides<Family>, chunk: number): void {
    this.left++;
    this.queue.add({ asides, chunk }, asides.ageOf(chunk), chunk);
  }

  /** Many are, at the same cost however many; `chunks` is given away. */
  releaseAll(asides: Asides<Family>, chunks: ReadonlySet<number>): void {
    this.left += chunks.size;
    this.sets.push({ asides, chunks: chunks[Symbol.iterator]() });
  }

  /** The table is no more: nothing of it is read any longer. */
  abandon(): void {
    if (this.look !== null) this.endLook(this.look, false);
  }

  /** A chunk is to be something else, or was taken away: what was found of it so far is not true of it. */
  changed(chunk: number): void {
    if (this.look?.chunk === chunk) this.endLook(this.look, true);
  }

  /** Goes on for a moment; false: all have been looked at. */
  step(): boolean {
    const set = this.sets.at(-1);
    if (this.awaitsIndex) this.awaitsIndex = this.table.indexing.step();
    else if (this.look !== null) this.lookOn(this.look);
    else if (set !== undefined) this.order(set.asides, set.chunks);
    else this.lookAtNext();
    return !this.isEmpty;
  }

  private order(asides: Asides<Family>, chunks: Iterator<number>): void {
    for (let count = 0; count < ORDERED_A_STEP; count++) {
      const { done, value } = chunks.next();
      if (done) return void this.sets.pop();
      this.left--;
      if (asides.has(value)) this.release(asides, value);
    }
  }

  private lookAtNext(): void {
    const next = this.queue.take();
    if (next !== null) return this.begin(next);
    const { later } = this;
    this.later = [];
    this.left -= later.length;
    for (const { asides, chunk } of later) this.release(asides, chunk);
  }

  private begin({ asides, chunk }: Released): void {
    const { search, table, work } = this;
    if (!asides.has(chunk)) return void this.left--;
    const main = this.deps.mainOf(asides);
    const page = table.pageOf(chunk);
    const lines = table.linesOf(chunk);
    table.pages.beginReading([page]);
    this.look = { asides, chunk, main, entered: main?.entered ?? 0, page, lines, copying: null };
    const group = table.groupOf(chunk);
    work.begin(lines.length);
    search.begin(work);
    search.beginLines(lines, table.lineCountOf(chunk), { group, shape: table.groups.shapeId(group) }, main);
    this.lookOn(this.look);
  }

  private lookOn(look: Look): void {
    const { search, work } = this;
    if (look.copying !== null) return this.copyOn(look, look.copying);
    work.beginTurn(STEP_UNITS);
    const doubles = search.findInOn(look.lines, look.asides.family.type);
    if (doubles === null && !search.isIncomplete) return;
    if (isSome(doubles) || search.isExhausted) {
      this.endLook(look, false);
      return this.deps.stays(look.asides, look.chunk, isSome(doubles) ? doubles : ITSELF);
    }
    if (search.isIncomplete) {
      this.awaitsIndex = true;
      return this.endLook(look, true);
    }
    if (look.lines.length <= PAGE_BYTES) return this.leave(look, null);
    look.copying = new SlicedCopy(pageSizeFor(0, look.lines.length));
  }

  private copyOn(look: Look, copying: SlicedCopy): void {
    if (copying.copyOn(look.lines, 0, look.lines.length, COPIED_BYTES)) this.leave(look, copying.target);
  }

  /** Unless others have brought series since the look began, which the chunk may hold. */
  private leave(look: Look, page: Uint8Array | null): void {
    const { asides, chunk, main, entered } = look;
    const isOutdated = this.deps.mainOf(asides) !== main || (main?.entered ?? 0) !== entered;
    this.endLook(look, isOutdated);
    if (!isOutdated) this.deps.leaves(asides, chunk, main, page);
  }

  private endLook({ asides, chunk, page }: Look, isToBeRepeated: boolean): void {
    this.look = null;
    this.done++;
    if (!isToBeRepeated) this.left--;
    this.table.pages.endReading([page]);
    if (isToBeRepeated) this.later.push({ asides, chunk });
  }
}

const isSome = (doubles: number | null): doubles is number => doubles !== null && doubles !== NOBODY;
