import { Float64Column, Int32Column } from "../../bytes/columns.ts";
import { RowNumbers } from "../../bytes/row-numbers.ts";
import type { ChunkContent } from "./chunk-content.ts";

/** Fields of a chunk row. A free row has GROUP -1 and is linked by NEXT and PLACE. */
export const CHUNK_FAMILY = 0;
export const CHUNK_GROUP = 1;
/** The page and the slot on it, as `placeOn` of families.ts joins them. */
export const CHUNK_PLACE = 2;
/** The next chunk of the same group, or -1. */
export const CHUNK_NEXT = 3;
export const CHUNK_METRICS = 4;
export const CHUNK_LINES = 5;
export const CHUNK_HELP = 6;
/**
 * The MetricType, QUOTED where some name needs quotes, and above SEGMENT_SHIFT the segment that it is kept in
 * (segments.ts).
 */
export const CHUNK_TYPE = 7;
/** The chunk before it in the list of its group, or -1. */
export const CHUNK_PREVIOUS = 8;
export const CHUNK_STRIDE = 9;

export const QUOTED = 16;
export const TYPE_MASK = 15;
const SEGMENT_SHIFT = 5;
const SEGMENT_BITS = -1 << SEGMENT_SHIFT;
/** Numbers of segments are below it. */
export const SEGMENT_LIMIT = 2 ** (32 - SEGMENT_SHIFT);

/** The rows of all chunks: where each is and what it is. There is no object for a chunk. */
export class Chunks {
  private readonly column = new Int32Column();
  private readonly pushed = new Float64Column();
  readonly rows = this.column.rows;
  /** When each chunk was pushed, in milliseconds since 1970. */
  readonly pushedMs = this.pushed.rows;
  private readonly numbers = new RowNumbers(this.column, {
    stride: CHUNK_STRIDE,
    mark: CHUNK_GROUP,
    next: CHUNK_NEXT,
    previous: CHUNK_PLACE,
  });

  get count(): number {
    return this.numbers.count;
  }

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.column.sizeBytes + this.pushed.sizeBytes;
  }

  add(family: number, group: number): number {
    const chunk = this.numbers.take();
    const at = chunk * CHUNK_STRIDE;
    this.pushed.ensure(this.numbers.limit);
    this.rows[at + CHUNK_FAMILY] = family;
    this.rows[at + CHUNK_GROUP] = group;
    this.rows[at + CHUNK_NEXT] = -1;
    this.rows[at + CHUNK_TYPE] = 0;
    this.rows[at + CHUNK_PREVIOUS] = -1;
    return chunk;
  }

  remove(chunk: number): void {
    this.numbers.give(chunk);
    this.pushed.trim(this.numbers.limit);
  }

  /** Sets what a chunk is; its segment stays. */
  describe(chunk: number, content: ChunkContent): void {
    const { rows } = this;
    const at = chunk * CHUNK_STRIDE;
    rows[at + CHUNK_METRICS] = content.metricCount;
    rows[at + CHUNK_LINES] = content.lineCount;
    const segment = (rows[at + CHUNK_TYPE] as number) & SEGMENT_BITS;
    rows[at + CHUNK_TYPE] = content.type | (content.quoted ? QUOTED : 0) | segment;
    this.pushedMs[chunk] = content.pushedMs;
  }

  /** The segment that a durable copy keeps a chunk in. */
  segmentOf(chunk: number): number {
    return (this.rows[chunk * CHUNK_STRIDE + CHUNK_TYPE] as number) >>> SEGMENT_SHIFT;
  }

  setSegment(chunk: number, segment: number): void {
    const at = chunk * CHUNK_STRIDE + CHUNK_TYPE;
    this.rows[at] = ((this.rows[at] as number) & ~SEGMENT_BITS) | (segment << SEGMENT_SHIFT);
  }
}
