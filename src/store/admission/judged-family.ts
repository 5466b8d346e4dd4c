import { NOBODY } from "../table/asides.ts";
import type { Family } from "../table/families.ts";
import type { ChunkPlace } from "../table/page.ts";
import type { Splice } from "../table/splice.ts";

/** What was made of one family of a push and found out about it: what is needed to store it. */
export interface JudgedFamily {
  /** The row in the columns of the push. */
  family: number;
  /** Its lines among those of the push. */
  start: number;
  end: number;
  quoted: boolean;
  lineCount: number;
  side: Uint8Array | null;
  /** The lines in a page of their own, where they are so many that they are not to be copied at once. */
  page: Uint8Array | null;
  /** What becomes of the lines of the chunk, where the push is added to it; null: the lines are all. */
  splice: Splice | null;
  /** The family that it was held against, or null where there is none of the name. */
  stored: Family | null;
  /** The chunk of the group, or -1. */
  chunk: number;
  /** Where the chunk stood on its page, and how large it is. */
  place: ChunkPlace;
  /** The lines are the stored ones, byte for byte. */
  unchanged: boolean;
  /** The series are not those that the chunk had. */
  isRelabelled: boolean;
  /** Where pushes are not checked: the group of which a series is here, too, or NOBODY, or ITSELF. */
  doubles: number;
}

/** Whether the lines of a family are not all of its chunk. */
export const isPartial = ({ splice }: JudgedFamily): boolean => splice !== null && !splice.isWhole;

/** The size of the lines of a chunk once a family is stored. */
export const linesBytesOf = ({ start, end, splice }: JudgedFamily): number =>
  splice === null ? end - start : splice.sizeBytes + splice.moreBytes;

/** The families of one push after the other; the objects are used again. */
export class JudgedFamilies {
  private readonly items: JudgedFamily[] = [];
  count = 0;

  /** Begins with another push. What the one before held is let go. */
  clear(): void {
    for (let i = 0; i < this.count; i++) {
      const item = this.at(i);
      item.stored = null;
      item.side = null;
      item.page = null;
      item.splice = null;
    }
    this.count = 0;
  }

  add(family: number, start: number): JudgedFamily {
    const item = this.items[this.count++] ?? this.make();
    item.family = family;
    item.start = start;
    item.end = start;
    item.side = null;
    item.page = null;
    item.splice = null;
    item.stored = null;
    item.chunk = -1;
    item.unchanged = false;
    item.isRelabelled = false;
    item.doubles = NOBODY;
    return item;
  }

  at(index: number): JudgedFamily {
    return this.items[index] as JudgedFamily;
  }

  private make(): JudgedFamily {
    const item: JudgedFamily = {
      family: 0,
      start: 0,
      end: 0,
      quoted: false,
      lineCount: 0,
      side: null,
      page: null,
      splice: null,
      stored: null,
      chunk: -1,
      place: { slot: 0, offset: 0, size: 0 },
      unchanged: false,
      isRelabelled: false,
      doubles: NOBODY,
    };
    this.items.push(item);
    return item;
  }
}
