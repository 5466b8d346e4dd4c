import { BACKSLASH, EQUALS, QUOTE } from "../bytes/characters.ts";
import { unescapeBytes } from "./escape.ts";

/**
 * Walks the labels of a block as the text format writes them, without braces: `a="1","b.c"="x\"y"`. All fields are
 * offsets into `source`. The block was rendered by us: nothing is checked but where it ends, and the walk ends before
 * what is no whole label. (Whole lines are read by LineCursor.)
 */
export class LabelWalk {
  /** The label as a whole, `name="value"`. */
  start = 0;
  end = 0;
  /** The name as written, quotes and all. */
  nameEnd = 0;
  /** The value within its quotes, escapes and all. */
  valueStart = 0;
  valueEnd = 0;

  private source: Uint8Array = new Uint8Array(0);
  private next = 0;
  private limit = 0;

  open(source: Uint8Array, start: number, end: number): void {
    this.source = source;
    this.next = start;
    this.limit = end;
  }

  step(): boolean {
    const { source, limit } = this;
    if (this.next >= limit) return false;
    this.start = this.next;
    let at = this.start;
    if (source[at] === QUOTE) at = closingQuote(source, at + 1, limit) + 1;
    else while (at < limit && source[at] !== EQUALS) at++;
    this.nameEnd = at;
    this.valueStart = at + 2;
    this.valueEnd = closingQuote(source, this.valueStart, limit);
    this.end = this.valueEnd + 1;
    this.next = this.end + 1;
    return this.end <= limit;
  }

  /** The name without quotes and escapes. */
  name(): Uint8Array {
    const { source, start, nameEnd } = this;
    return source[start] === QUOTE
      ? unescapeBytes(source.subarray(start + 1, nameEnd - 1))
      : source.subarray(start, nameEnd);
  }

  /** The value without escapes. */
  value(): Uint8Array {
    return unescapeBytes(this.source.subarray(this.valueStart, this.valueEnd));
  }
}

/** Where the closing quote of what begins at `start` is; `limit` or more: there is none before it. */
export function closingQuote(source: Uint8Array, start: number, limit: number): number {
  let at = start;
  while (at < limit && source[at] !== QUOTE) at += source[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** The names and values of a block, without escapes. */
export function readLabels(block: Uint8Array): { readonly name: string; readonly value: string }[] {
  const walk = new LabelWalk();
  const labels: { readonly name: string; readonly value: string }[] = [];
  walk.open(block, 0, block.length);
  while (walk.step()) labels.push({ name: text(walk.name()), value: text(walk.value()) });
  return labels;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
