import { intAt } from "../../bytes/at.ts";
import { sortInTurns } from "../../bytes/sort-in-turns.ts";
import type { MetricType } from "../../model/metric-type.ts";
import type { LabelPair, ShownFamily, ShownGroup } from "../../model/view.ts";
import type { Family } from "./families.ts";
import type { FamilyBlock } from "./family-order.ts";
import { type HelpTexts, NO_HELP } from "./help-texts.ts";
import type { Page } from "./page.ts";
import type { Table } from "./table.ts";

/** A group of more chunks is not read so, but by large-group-reading.ts: to note them takes time and memory. */
export const MOST_NOTED = 4096;
/** More than this are put in order step by step. */
const STEP = 512;

/** A group that has one in this many families, or more, is put in order by going through them all. */
const SPARSE = 16;

/** A chunk as it was when it was noted; its page is held, and its help text. */
class NotedChunk implements ShownFamily {
  constructor(
    private readonly family: Family,
    readonly page: Page,
    private readonly slot: number,
    readonly type: MetricType,
    readonly quoted: boolean,
    private readonly helps: HelpTexts,
    readonly helpId: number,
    readonly metricCount: number,
    readonly lineCount: number,
    readonly pushedMs: number,
  ) {}

  get name(): string {
    return this.family.name;
  }

  get nameBytes(): Uint8Array {
    return this.family.nameBytes;
  }

  get id(): number {
    return this.family.id;
  }

  get help(): Uint8Array | null {
    return this.helpId === NO_HELP ? null : this.helps.text(this.helpId);
  }

  get lines(): Uint8Array {
    const place = { slot: 0, offset: 0, size: 0 };
    this.page.locate(this.slot, place);
    return this.page.bytes.subarray(place.offset, place.offset + place.size);
  }

  get side(): Uint8Array | null {
    const { sides, slots } = this.page;
    return sides?.get(intAt(slots, this.slot)) ?? null;
  }
}

/**
 * One group as it was at one moment, for readers that take turns. The place of each chunk is noted, and its page held.
 */
export class GroupReading implements ShownGroup {
  readonly lastPushSuccessful: boolean;
  private readonly chunks: NotedChunk[] = [];
  /** The chunks by name, once they are sorted. */
  private order = new Int32Array(0);
  /** All families of that moment, if that is how the chunks are to be put in order. */
  private blocks: readonly FamilyBlock[] | null = null;
  /** All ids of families of that moment are below it. */
  private familyLimit = 0;
  /** Those of the chunks. */
  private readonly pages: readonly Page[];

  constructor(
    private readonly table: Table,
    readonly group: number,
    readonly labels: readonly LabelPair[],
  ) {
    const { groups } = table;
    this.lastPushSuccessful = !groups.isFailing(group);
    this.note();
    this.pages = this.chunks.map(({ page }) => page);
    table.pages.beginReading(this.pages);
    for (const { helpId } of this.chunks) table.helps.retain(helpId);
  }

  /** Sorts the chunks, a step each time that it is asked on; only then is the group to be looked at. */
  *prepare(): Generator<null> {
    const { chunks, blocks } = this;
    if (blocks !== null) return yield* this.orderBy(blocks);
    this.order = Int32Array.from(chunks, (_, i) => i);
    const compare = (a: number, b: number) => compareNames(chunks[a] as NotedChunk, chunks[b] as NotedChunk);
    if (chunks.length <= STEP) this.order.sort(compare);
    else yield* sortInTurns(this.order, chunks.length, compare);
  }

  /** Puts the chunks in the order of all families, of which the group has many. */
  private *orderBy(blocks: readonly FamilyBlock[]): Generator<null> {
    const { chunks } = this;
    const places = new Int32Array(this.familyLimit);
    for (const [i, chunk] of chunks.entries()) {
      places[chunk.id] = i + 1;
      if (i % STEP === STEP - 1) yield null;
    }
    const order = new Int32Array(chunks.length);
    let count = 0;
    for (const { families } of blocks) {
      for (const family of families) {
        const place = intAt(places, family.id);
        if (place > 0) order[count++] = place - 1;
      }
      yield null;
    }
    this.order = order;
  }

  private note(): void {
    const { table } = this;
    const { chunks } = table;
    for (let chunk = table.groups.firstChunk(this.group); chunk >= 0; chunk = chunks.next(chunk))
      this.chunks.push(
        new NotedChunk(
          table.familyOf(chunk),
          table.pageOf(chunk),
          chunks.slot(chunk),
          chunks.type(chunk),
          chunks.isQuoted(chunk),
          table.helps,
          chunks.help(chunk),
          chunks.metricCount(chunk),
          chunks.lineCount(chunk),
          chunks.pushedMs(chunk),
        ),
      );
    if (this.chunks.length <= STEP || this.chunks.length * SPARSE <= table.familyCount) return;
    this.blocks = table.order.read();
    this.familyLimit = table.familyLimit;
  }

  get families(): Iterable<ShownFamily> {
    return this.inOrder();
  }

  private *inOrder(): Generator<ShownFamily> {
    for (const i of this.order) yield this.chunks[i] as NotedChunk;
  }

  find(name: string): ShownFamily | null {
    const nameBytes = Buffer.from(name);
    const { order, chunks } = this;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareNames(chunks[intAt(order, middle)] as NotedChunk, { name, nameBytes }) < 0) low = middle + 1;
      else high = middle;
    }
    const found = chunks[intAt(order, low)];
    return found?.name === name ? found : null;
  }

  release(): void {
    this.table.pages.endReading(this.pages);
    for (const { helpId } of this.chunks) this.table.helps.release(helpId);
  }
}

type Named = Pick<NotedChunk, "name" | "nameBytes">;

/** By the bytes of the names, which are compared as texts where that is the same. */
function compareNames(a: Named, b: Named): number {
  if (a.name.length === a.nameBytes.length && b.name.length === b.nameBytes.length)
    return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
  return Buffer.compare(a.nameBytes, b.nameBytes);
}
