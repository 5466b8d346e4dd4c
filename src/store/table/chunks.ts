import { mustHold } from "../../bytes/broken.ts";
import { Float64Column, Int32Column } from "../../bytes/columns.ts";
import { RowNumbers } from "../../bytes/row-numbers.ts";
import type { MetricType } from "../../model/metric-type.ts";
import type { ChunkContent } from "./chunk-content.ts";
import { MAX_SLOTS } from "./page.ts";

/** Fields of a chunk row. A free row has GROUP -1 and is linked by NEXT and PLACE. */
const FAMILY = 0;
const GROUP = 1;
/** The page and the slot on it: page * MAX_SLOTS + slot. */
const PLACE = 2;
const NEXT = 3;
const METRICS = 4;
const LINES = 5;
const HELP = 6;
/**
 * The MetricType, QUOTED where some name needs quotes, and above SEGMENT_SHIFT the segment that it is kept in
 * (segments.ts).
 */
const TYPE = 7;
const PREVIOUS = 8;
const STRIDE = 9;

const QUOTED = 16;
const TYPE_MASK = 15;
const SEGMENT_SHIFT = 5;
const SEGMENT_BITS = -1 << SEGMENT_SHIFT;

/** The rows of all chunks: where each is and what it is. There is no object for a chunk. */
export class Chunks {
  private readonly column = new Int32Column();
  private readonly pushed = new Float64Column();
  private readonly rows = this.column.rows;
  /** When each chunk was pushed, in milliseconds since 1970. */
  private readonly times = this.pushed.rows;
  private readonly numbers = new RowNumbers(this.column, {
    stride: STRIDE,
    mark: GROUP,
    next: NEXT,
    previous: PLACE,
  });
  /** Chunks that were removed and whose rows are kept, for so many readers. */
  private gone: number[] = [];
  private keepers = 0;

  /** How many there are. */
  get count(): number {
    return this.numbers.count - this.gone.length;
  }

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.column.sizeBytes + this.pushed.sizeBytes;
  }

  add(family: number, group: number): number {
    const chunk = this.numbers.take();
    const at = chunk * STRIDE;
    this.pushed.ensure(this.numbers.limit);
    this.rows[at + FAMILY] = family;
    this.rows[at + GROUP] = group;
    this.rows[at + NEXT] = -1;
    this.rows[at + TYPE] = 0;
    this.rows[at + PREVIOUS] = -1;
    return chunk;
  }

  remove(chunk: number): void {
    if (this.keepers > 0) return void this.gone.push(chunk);
    this.numbers.give(chunk);
    this.pushed.trim(this.numbers.limit);
  }

  /** From now on the row of a chunk that is removed says of which group it was, until as many `giveRows`. */
  keepRows(): void {
    this.keepers++;
  }

  giveRows(): void {
    if (--this.keepers > 0) return;
    for (const chunk of this.gone) this.numbers.give(chunk);
    this.gone = [];
    this.pushed.trim(this.numbers.limit);
  }

  /** Sets what a chunk is; its segment stays. */
  describe(chunk: number, content: ChunkContent): void {
    const { rows } = this;
    const at = chunk * STRIDE;
    rows[at + METRICS] = content.metricCount;
    rows[at + LINES] = content.lineCount;
    rows[at + TYPE] = content.type | (content.quoted ? QUOTED : 0) | (this.typeBits(chunk) & SEGMENT_BITS);
    this.times[chunk] = content.pushedMs;
  }

  private typeBits(chunk: number): number {
    return this.at(chunk * STRIDE + TYPE);
  }

  /** The id of the family. */
  familyId(chunk: number): number {
    return this.at(chunk * STRIDE + FAMILY);
  }

  setFamily(chunk: number, family: number): void {
    this.rows[chunk * STRIDE + FAMILY] = family;
  }

  group(chunk: number): number {
    return this.at(chunk * STRIDE + GROUP);
  }

  /** The next chunk of the same group, or -1. */
  next(chunk: number): number {
    return this.at(chunk * STRIDE + NEXT);
  }

  setNext(chunk: number, next: number): void {
    this.rows[chunk * STRIDE + NEXT] = next;
  }

  /** The chunk before it in the list of its group, or -1. */
  previous(chunk: number): number {
    return this.at(chunk * STRIDE + PREVIOUS);
  }

  setPrevious(chunk: number, previous: number): void {
    this.rows[chunk * STRIDE + PREVIOUS] = previous;
  }

  /** The id of its page. */
  pageId(chunk: number): number {
    return Math.floor(this.place(chunk) / MAX_SLOTS);
  }

  /** Its slot on the page. */
  slot(chunk: number): number {
    return this.place(chunk) % MAX_SLOTS;
  }

  private place(chunk: number): number {
    return this.at(chunk * STRIDE + PLACE);
  }

  setPlace(chunk: number, pageId: number, slot: number): void {
    this.rows[chunk * STRIDE + PLACE] = pageId * MAX_SLOTS + slot;
  }

  metricCount(chunk: number): number {
    return this.at(chunk * STRIDE + METRICS);
  }

  lineCount(chunk: number): number {
    return this.at(chunk * STRIDE + LINES);
  }

  /** The number of the help text, or NO_HELP. */
  help(chunk: number): number {
    return this.at(chunk * STRIDE + HELP);
  }

  setHelp(chunk: number, help: number): void {
    this.rows[chunk * STRIDE + HELP] = help;
  }

  type(chunk: number): MetricType {
    return (this.typeBits(chunk) & TYPE_MASK) as MetricType;
  }

  /** Whether some name in the lines is in quotes. */
  isQuoted(chunk: number): boolean {
    return (this.typeBits(chunk) & QUOTED) !== 0;
  }

  /** When it was pushed, in milliseconds since 1970. */
  pushedMs(chunk: number): number {
    return this.times[chunk] as number;
  }

  setPushedMs(chunk: number, pushedMs: number): void {
    this.times[chunk] = pushedMs;
  }

  /** The segment that the persister keeps a chunk in. */
  segmentOf(chunk: number): number {
    return this.typeBits(chunk) >>> SEGMENT_SHIFT;
  }

  setSegment(chunk: number, segment: number): void {
    this.rows[chunk * STRIDE + TYPE] = (this.typeBits(chunk) & ~SEGMENT_BITS) | (segment << SEGMENT_SHIFT);
  }

  /** Throws where counts and lists of rows differ. */
  verify(): void {
    this.numbers.verify("chunks");
    mustHold(this.times.length >= this.numbers.limit, "chunks: there are fewer times than rows");
  }

  private at(index: number): number {
    return this.rows[index] as number;
  }
}
