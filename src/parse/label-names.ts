import { isUtf8 } from "node:buffer";
import { isLegacyLabel } from "../bytes/ascii.ts";
import { UNDERSCORE } from "../bytes/characters.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";
import { quoteToken } from "../model/quote.ts";
import { LabelSet, sameName } from "./label-set.ts";

/** The labels of a line beyond this number are looked up in a set. */
const FEW_LABELS = 16;

/** Checks the label names of one line after the other: each by itself, and that none comes twice. */
export class LabelNames {
  private readonly set = new LabelSet();

  constructor(
    private readonly columns: PushColumns,
    private readonly utf8Names: boolean,
  ) {}

  /** What is wrong with a name by itself, or null. */
  findWrong(at: number, size: number): string | null {
    const bytes = this.columns.bytesOf(at);
    const start = offsetOf(at);
    // "__name__" is as long as few labels are; the first byte excludes most of the others.
    if (size === 8 && bytes[start] === UNDERSCORE && this.columns.latin1(at, size) === "__name__")
      return 'label name "__name__" is reserved';
    if (at >= 0) return null;
    const valid = this.utf8Names
      ? size > 0 && isUtf8(bytes.subarray(start, start + size))
      : isLegacyLabel(bytes, start, size);
    return valid ? null : `invalid label name ${quoteToken(bytes.subarray(start, start + size))}`;
  }

  /**
   * Whether the newest label of a line has the name of one before it; true as well where there are more than there may
   * be.
   */
  hasDuplicate(firstLabel: number): boolean {
    const { columns } = this;
    const newest = columns.labels.count - 1;
    if (newest - firstLabel >= FEW_LABELS) {
      columns.note("maxLabels", newest + 1 - firstLabel);
      return columns.excess !== null || this.isKnown(firstLabel, newest);
    }
    for (let row = firstLabel; row < newest; row++) if (sameName(columns, row, newest)) return true;
    return false;
  }

  /** As above with a set, which holds the names of all labels of the line but the newest. */
  private isKnown(firstLabel: number, newest: number): boolean {
    const { columns, set } = this;
    if (newest - firstLabel === FEW_LABELS) {
      set.clear();
      for (let row = firstLabel; row < newest; row++) set.add(columns, row);
    }
    if (set.find(columns, newest) >= 0) return true;
    set.add(columns, newest);
    return false;
  }
}
