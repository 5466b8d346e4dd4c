import { LINE_FEED, SPACE } from "../../bytes/characters.ts";
import { sameBytes } from "../../bytes/hash.ts";
import { GroupingKey } from "../../exposition/grouping-key.ts";
import { offsetOf, type PushColumns } from "../../model/columns.ts";
import { emptyContent } from "../table/chunk-content.ts";
import type { ChunkPlace, Page } from "../table/page.ts";
import type { Table } from "../table/table.ts";
import type { Admitted } from "./admitted.ts";
import type { GroupChunks } from "./group-chunks.ts";
import type { PushRequest } from "./push-request.ts";
import type { Renderer } from "./render.ts";

/** Of lines that are there: what they are besides their values is not looked at. */
const NO_KEY = new GroupingKey([]);

/** What becomes of one chunk. */
interface Revalued {
  chunk: number;
  place: ChunkPlace;
  /** Of the new lines in `out`; the same where the values are. */
  start: number;
  end: number;
}

/**
 * A push to a group that holds just the series of this form: nothing but values can have changed, so nothing else is
 * looked at. The lines are the stored ones with other values.
 */
export class KnownPush implements Admitted {
  group = -1;
  readonly grows = false;
  private readonly items: Revalued[] = [];
  private count = 0;
  private readonly content = emptyContent();

  constructor(
    private readonly table: Table,
    private readonly renderer: Renderer,
    private readonly chunks: GroupChunks,
  ) {}

  /** Whether a push can bring nothing but other values for what its group holds. */
  isOf({ form, hasModes }: PushColumns, group: number): boolean {
    return form !== 0 && !hasModes && this.table.groups.form(group) === form && this.table.contradictions === null;
  }

  /** Reads the group's chunks and writes the new lines. Gives by how much they are larger, in bytes. */
  prepare({ columns, receivedMs }: PushRequest, group: number): number {
    const { families } = columns;
    this.group = group;
    this.content.pushedMs = receivedMs;
    const { chunks } = this;
    chunks.read(group);
    let place = chunks.count;
    let growthBytes = 0;
    this.count = 0;
    this.renderer.begin(columns, NO_KEY);
    for (let family = 0; family < families.count; family++) {
      const first = families.firstMetric(family);
      if (first < 0) continue;
      place = chunks.nextPushed(place);
      growthBytes += this.prepareChunk(columns, first, chunks.at(place));
    }
    return growthBytes;
  }

  private prepareChunk(columns: PushColumns, first: number, chunk: number): number {
    const { out } = this.renderer;
    const item = this.nextItem();
    item.chunk = chunk;
    const page = this.table.locate(chunk, item.place);
    item.start = out.length;
    this.renderer.beginStored(chunk, page.bytes, item.place.offset, item.place.offset + item.place.size);
    const isChanged = this.writeLines(columns, first, page, item.place);
    item.end = isChanged ? out.length : item.start;
    return isChanged ? out.length - item.start - item.place.size : 0;
  }

  /** The lines of a chunk with the values of the metrics from `first` on. false: they are the same. */
  private writeLines(columns: PushColumns, first: number, { bytes }: Page, { offset, size }: ChunkPlace): boolean {
    const { metrics } = columns;
    const { out } = this.renderer;
    const end = offset + size;
    let isChanged = false;
    let at = offset;
    for (let metric = first; metric >= 0; ) {
      const value = metrics.firstPoint(metric);
      metric = metrics.next(metric);
      const lineEnd = metric < 0 ? end - 1 : bytes.indexOf(LINE_FEED, at);
      let valueAt = lineEnd;
      while (bytes[valueAt - 1] !== SPACE) valueAt--;
      out.copy(bytes, at, valueAt);
      const start = out.length;
      this.renderer.appendValue(columns, value);
      const valueSize = out.length - start;
      if (valueSize !== lineEnd - valueAt || !sameBytes(out.bytes, start, bytes, valueAt, valueSize)) isChanged = true;
      out.byte(LINE_FEED);
      at = lineEnd + 1;
    }
    return isChanged;
  }

  private nextItem(): Revalued {
    const known = this.items[this.count++];
    if (known !== undefined) return known;
    const item = { chunk: -1, place: { slot: 0, offset: 0, size: 0 }, start: 0, end: 0 };
    this.items.push(item);
    return item;
  }

  get succeeded(): number {
    return this.chunks.succeeded;
  }

  get failed(): number {
    return this.chunks.failed;
  }

  bringsSeriesOf(): boolean {
    return false;
  }

  /** All in one turn: such a push is small. */
  storeOn(): boolean {
    const { table, content } = this;
    const receivedMs = content.pushedMs;
    content.source = this.renderer.out.bytes;
    for (let i = 0; i < this.count; i++) {
      const { chunk, place, start, end } = this.items[i] as Revalued;
      content.start = start;
      content.end = end;
      if (end > start) table.revalue(chunk, place, content);
      else table.retime(chunk, receivedMs);
    }
    return true;
  }
}

/**
 * Whether a group has the families of a push and no others besides its push times, listed in that order; `chunks` were
 * just read.
 */
export function hasForm(columns: PushColumns, chunks: GroupChunks): boolean {
  const { families } = columns;
  let place = chunks.count;
  for (let family = 0; family < families.count; family++) {
    if (families.firstMetric(family) < 0) continue;
    place = chunks.nextPushed(place);
    if (place < 0) return false;
    const nameAt = families.nameAt(family);
    const size = families.nameSize(family);
    if (!chunks.isNamed(place, columns.bytesOf(nameAt), offsetOf(nameAt), size)) return false;
  }
  return chunks.nextPushed(place) < 0;
}
