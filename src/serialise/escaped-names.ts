import { sameBytes } from "../bytes/hash.ts";
import type { LineCursor } from "../exposition/line-cursor.ts";
import { type EscapingScheme, escapeLabelName } from "../model/names.ts";

/** Labels whose names are kept, and the longest such name. */
const LABELS_KEPT = 64;
const NAME_BYTES = 256;

interface EscapedName {
  readonly scheme: EscapingScheme;
  /** As it is in the lines. */
  readonly written: Uint8Array;
  readonly escaped: Uint8Array;
}

/**
 * Label names as a scrape with an escaping shows them: the series of a family mostly have the same ones in the same
 * places.
 */
export class EscapedNames {
  private readonly kept: (EscapedName | undefined)[] = [];

  /** The name of a label of the metric that the cursor has read. */
  of(cursor: LineCursor, label: number, scheme: EscapingScheme): Uint8Array {
    const { lines, labels } = cursor;
    const start = labels.nameStart(label);
    const size = labels.nameEnd(label) - start;
    const kept = this.kept[label];
    if (kept !== undefined && kept.scheme === scheme && isName(kept.written, lines, start, size)) return kept.escaped;
    const escaped = Buffer.from(escapeLabelName(cursor.labelName(label), scheme));
    if (label < LABELS_KEPT && size <= NAME_BYTES)
      this.kept[label] = { scheme, written: lines.slice(start, start + size), escaped };
    return escaped;
  }
}

function isName(name: Uint8Array, lines: Uint8Array, start: number, size: number): boolean {
  return name.length === size && sameBytes(name, 0, lines, start, size);
}
