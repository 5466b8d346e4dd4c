import { Writer } from "../bytes/writer.ts";
import { FILLED_BYTES, ROW_BYTES } from "./group-writer.ts";
import { NUMBERS_BYTES, type Row } from "./record.ts";

/** Where the place of a family's lines, and their size, stand in its numbers (record.ts). */
const START_AT = 16;
const SIZE_AT = 20;
const SIDE_SIZE_AT = 24;
const HEAD_SIZE_AT = 28;
/** Where the size of the name, and the name, stand in a head. */
const NAME_SIZE_AT = 2;
const NAME_AT = 6;

/** A family of a row: its part, and its text from its HELP or TYPE on. */
interface RowFamily {
  readonly name: string;
  readonly part: Uint8Array;
  readonly text: Uint8Array;
  /** Where the lines stand in the text. */
  readonly linesAt: number;
}

/**
 * Splits a row that is too large: into what stays, the families in `own`, and further rows that are filled as those of today are.
 * What it gives is lent until the next row is asked for.
 */
export function* splitRow(row: Row, own: ReadonlySet<string>): Generator<Row> {
  const families = [...familiesOf(row)];
  const out = new RowText();
  for (const family of families) if (own.has(family.name)) out.add(family);
  yield out.finish();
  for (const family of families) {
    if (own.has(family.name)) continue;
    if (out.sizeBytes > 0 && out.sizeBytes + family.part.length + family.text.length > FILLED_BYTES) yield out.finish();
    out.add(family);
  }
  if (out.sizeBytes > 0) yield out.finish();
}

export const isTooLarge = (sizeBytes: number): boolean => sizeBytes > ROW_BYTES;

function* familiesOf({ exposition, parts }: Row): Generator<RowFamily> {
  const numbers = new DataView(parts.buffer, parts.byteOffset, parts.byteLength);
  let textAt = 0;
  for (let at = 0; at < parts.length; ) {
    const start = numbers.getUint32(at + START_AT, true);
    const end = start + numbers.getUint32(at + SIZE_AT, true);
    const headAt = at + NUMBERS_BYTES;
    const nameAt = headAt + NAME_AT;
    const name = parts.subarray(nameAt, nameAt + numbers.getUint32(headAt + NAME_SIZE_AT, true));
    const sideBytes = Math.max(numbers.getInt32(at + SIDE_SIZE_AT, true), 0);
    const next = headAt + numbers.getUint32(at + HEAD_SIZE_AT, true) + sideBytes;
    if (next > parts.length || end > exposition.length || start < textAt)
      throw new Error(`reading a row: the family at ${at} is not whole`);
    const text = exposition.subarray(textAt, end);
    yield { name: Buffer.from(name).toString(), part: parts.subarray(at, next), text, linesAt: start - textAt };
    at = next;
    textAt = end;
  }
}

/** Puts families together to a row. */
class RowText {
  private readonly exposition = new Writer(ROW_BYTES);
  private readonly parts = new Writer(ROW_BYTES);
  private isLent = false;

  get sizeBytes(): number {
    return this.isLent ? 0 : this.exposition.length + this.parts.length;
  }

  add({ part, text, linesAt }: RowFamily): void {
    const { exposition, parts } = this;
    if (this.isLent) {
      exposition.reset();
      parts.reset();
      this.isLent = false;
    }
    const at = parts.length;
    parts.append(part);
    new DataView(parts.bytes.buffer).setUint32(at + START_AT, exposition.length + linesAt, true);
    exposition.append(text);
  }

  finish(): Row {
    if (this.isLent) {
      this.exposition.reset();
      this.parts.reset();
    }
    this.isLent = true;
    return { exposition: this.exposition.view(), parts: this.parts.view() };
  }
}
