import { latin1Of } from "../bytes/ascii.ts";
import { sameBytes } from "../bytes/hash.ts";
import { CLEAR_MODES } from "../model/clear-mode.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";
import { quoteToken, shownToken } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { METRIC_UNITS, MORE, ROW_UNITS } from "../model/work.ts";

/** Longer values are no mode. */
const LONGEST_MODE = Math.max(...Object.keys(CLEAR_MODES).map((mode) => mode.length));

/** Takes the label off parsed series that says how they are added, and sets the flags of their metrics. */
export class ModeLabels {
  private readonly nameBytes: Uint8Array;
  /** What is looked at next. */
  private family = 0;
  private metric = -1;

  constructor(
    private readonly columns: PushColumns,
    private readonly name: string,
  ) {
    this.nameBytes = Buffer.from(name);
  }

  /** A push was parsed. */
  begin(): void {
    this.family = 0;
    this.metric = -1;
  }

  /** Goes on for about so many units; why the push is refused, or null: all its series were looked at. */
  readOn(units: number): Rejection | null | typeof MORE {
    const { columns } = this;
    const { families, metrics } = columns;
    let left = units;
    for (; this.family < families.count; this.family++) {
      if (this.metric < 0) this.metric = families.firstMetric(this.family);
      for (; this.metric >= 0; this.metric = metrics.next(this.metric)) {
        if (left <= 0) return MORE;
        left -= METRIC_UNITS + ROW_UNITS * metrics.labelCount(this.metric);
        const fault = this.takeFrom(this.metric);
        if (fault !== null) return fault;
      }
      left -= ROW_UNITS;
    }
    return null;
  }

  private takeFrom(metric: number): Rejection | null {
    const { labels, metrics } = this.columns;
    const first = metrics.firstLabel(metric);
    const end = first + metrics.labelCount(metric);
    const label = this.find(first, end);
    if (label < 0) return null;
    if (this.find(label + 1, end) >= 0) return this.refusal(`label ${this.name} of ${this.familyName} is given twice`);
    const size = labels.valueSize(label);
    if (size > 0) {
      const mode = this.modeOf(labels.valueAt(label), size);
      if (mode === undefined) return this.unknownMode(labels.valueAt(label), size);
      metrics.flag(metric, mode);
      this.columns.hasModes = true;
    }
    labels.takeOut(label, end);
    metrics.dropLastLabel(metric);
    return null;
  }

  /** The row of the label among those up to `end`, or -1. */
  private find(first: number, end: number): number {
    const { columns, nameBytes } = this;
    const { labels } = columns;
    for (let label = first; label < end; label++) {
      if (labels.nameSize(label) !== nameBytes.length) continue;
      const nameAt = labels.nameAt(label);
      if (sameBytes(columns.bytesOf(nameAt), offsetOf(nameAt), nameBytes, 0, nameBytes.length)) return label;
    }
    return -1;
  }

  private modeOf(valueAt: number, size: number): number | undefined {
    if (size > LONGEST_MODE) return undefined;
    const start = offsetOf(valueAt);
    const mode = latin1Of(this.columns.bytesOf(valueAt), start, start + size);
    return Object.hasOwn(CLEAR_MODES, mode) ? CLEAR_MODES[mode] : undefined;
  }

  private unknownMode(valueAt: number, size: number): Rejection {
    const given = quoteToken(this.columns.slice(valueAt, size));
    return this.refusal(`invalid ${this.name} ${given} of ${this.familyName}: expected aggregate, replace or family`);
  }

  private refusal(words: string): Rejection {
    return new Rejection("malformed", words);
  }

  private get familyName(): string {
    return shownToken(this.columns.familyName(this.family));
  }
}
