import { sameBytes } from "../../bytes/hash.ts";
import type { GroupTexts } from "../table/group-texts.ts";

/** Keys are alike: most have a word within so many bytes of where the key before had it. */
const REACH = 4;
/** So much of the text is searched at once. */
const WINDOW_BYTES = 2 * 1024 * 1024;

const NO_TEXT = Buffer.alloc(0);

/** A word, folded, that is looked for in keys. */
export class Needle {
  /** Where in a key it was found last. */
  private offset = 0;
  /** Whether the row that `from` returned has it: if not, the search goes on there. */
  private isHit = false;
  /** The part of the text that is searched, and where in it that part begins. */
  private window: Buffer = NO_TEXT;
  private windowStart = 0;

  constructor(
    readonly word: Uint8Array,
    private readonly texts: GroupTexts,
  ) {}

  /** The first row from `row` on that has it, or up to which none has; the limit where none has. */
  from(row: number): number {
    const { texts } = this;
    this.isHit = row < texts.limit && this.isNear(row);
    return this.isHit || row >= texts.limit ? row : this.search(row);
  }

  /** Whether the row that `from` returned last has it. */
  get wasFound(): boolean {
    return this.isHit;
  }

  private search(row: number): number {
    const { texts, word } = this;
    const start = texts.startOf(row);
    const isWithin = this.window.buffer === texts.bytes.buffer && start < this.windowStart + this.window.length;
    if (!isWithin || texts.endOf(row) >= this.windowStart + this.window.length) this.openWindow(row, start);
    const { window, windowStart } = this;
    const found = window.indexOf(word, start - windowStart);
    if (found < 0) return this.behindWindow(row);
    const at = windowStart + found;
    const next = texts.rowAt(at, row);
    this.offset = at - texts.startOf(next);
    this.isHit = true;
    return next;
  }

  /** At the least the whole row is in it. */
  private openWindow(row: number, start: number): void {
    const { texts } = this;
    const end = Math.min(texts.usedSize, Math.max(start + WINDOW_BYTES, texts.endOf(row) + 1));
    this.window = Buffer.from(texts.bytes.buffer, texts.bytes.byteOffset + start, end - start);
    this.windowStart = start;
  }

  /** The first row that may have the word, where the rest of the window has not. */
  private behindWindow(row: number): number {
    const { texts, word, window, windowStart } = this;
    const end = windowStart + window.length;
    return end >= texts.usedSize ? texts.limit : Math.max(row + 1, texts.rowAt(end - word.length, row));
  }

  /** Whether a row has it. */
  isIn(row: number): boolean {
    if (this.isNear(row)) return true;
    const { texts } = this;
    const start = texts.startOf(row);
    return this.isAt(row, start, texts.endOf(row) - this.word.length);
  }

  private isNear(row: number): boolean {
    const { texts, offset, word } = this;
    const start = texts.startOf(row);
    const last = texts.endOf(row) - word.length;
    const at = start + offset;
    if (at <= last && texts.bytes[at] === word[0] && sameBytes(texts.bytes, at, word, 0, word.length)) return true;
    return this.isAt(row, Math.max(start, at - REACH), Math.min(at + REACH, last));
  }

  /** Whether it begins at a place of [first, last], which are of that row. */
  private isAt(row: number, first: number, last: number): boolean {
    const { texts, word } = this;
    const text = texts.bytes;
    const byte = word[0];
    const size = word.length;
    for (let at = first; at <= last; at++) {
      if (text[at] !== byte || !sameBytes(text, at, word, 0, size)) continue;
      this.offset = at - texts.startOf(row);
      return true;
    }
    return false;
  }
}
