import { Writer } from "../bytes/writer.ts";
import { PartsCursor, START_AT } from "../rows/parts-cursor.ts";
import type { EncodedRow } from "../rows/record.ts";
import { broken } from "../rows/row-fault.ts";
import { FILLED_BYTES, ROW_BYTES } from "./group-writer.ts";

/** A family of a row: its part, and its text from its HELP or TYPE on. */
interface RowFamily {
  readonly name: string;
  readonly part: Uint8Array;
  readonly text: Uint8Array;
  /** Where the lines are in the text. */
  readonly linesAt: number;
}

/**
 * Splits a row that is too large: into what stays, the families in `own`, and further rows that are filled as those of
 * today are. What it yields is lent until the next row.
 */
export function* splitRow(row: EncodedRow, own: ReadonlySet<string>): Generator<EncodedRow> {
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

function* familiesOf({ exposition, parts }: EncodedRow): Generator<RowFamily> {
  const cursor = new PartsCursor();
  let textAt = 0;
  cursor.open(parts, exposition.length);
  while (cursor.step()) {
    const { at, end, nameAt, nameSize, linesAt, linesSize } = cursor;
    if (linesAt < textAt) broken(`the family at ${at} does not stand behind the one before`);
    const name = Buffer.from(parts.subarray(nameAt, nameAt + nameSize)).toString();
    const text = exposition.subarray(textAt, linesAt + linesSize);
    yield { name, part: parts.subarray(at, end), text, linesAt: linesAt - textAt };
    textAt = linesAt + linesSize;
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

  finish(): EncodedRow {
    if (this.isLent) {
      this.exposition.reset();
      this.parts.reset();
    }
    this.isLent = true;
    return { exposition: this.exposition.view(), parts: this.parts.view() };
  }
}
