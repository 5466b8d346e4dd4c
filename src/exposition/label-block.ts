const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;

/**
 * Walks the labels of a block as the text format writes them, without braces: `a="1","b.c"="x\"y"`. All fields are
 * offsets into `source`. The block was rendered by us: nothing is checked.
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
    const { source } = this;
    if (this.next >= this.limit) return false;
    this.start = this.next;
    let at = this.start;
    if (source[at] === QUOTE) at = this.closingQuote(at + 1) + 1;
    else while (source[at] !== EQUALS) at++;
    this.nameEnd = at;
    this.valueStart = at + 2;
    this.valueEnd = this.closingQuote(this.valueStart);
    this.end = this.valueEnd + 1;
    this.next = this.end + 1;
    return true;
  }

  /** The name without quotes and escapes. */
  name(): Uint8Array {
    const { source, start, nameEnd } = this;
    return source[start] === QUOTE
      ? unescapeLabel(source.subarray(start + 1, nameEnd - 1))
      : source.subarray(start, nameEnd);
  }

  /** The value without escapes. */
  value(): Uint8Array {
    return unescapeLabel(this.source.subarray(this.valueStart, this.valueEnd));
  }

  private closingQuote(start: number): number {
    const { source } = this;
    let at = start;
    while (source[at] !== QUOTE) at += source[at] === BACKSLASH ? 2 : 1;
    return at;
  }
}

/** Text without the escapes `\\`, `\"` and `\n`: a copy where there are any, the same bytes otherwise. */
export function unescapeLabel(text: Uint8Array): Uint8Array {
  if (!text.includes(BACKSLASH)) return text;
  const result = new Uint8Array(text.length);
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    let byte = text[at] as number;
    if (byte === BACKSLASH) {
      byte = text[++at] as number;
      if (byte === 0x6e) byte = 0x0a;
    }
    result[size++] = byte;
  }
  return result.subarray(0, size);
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
