import { sameBytes } from "../bytes/hash.ts";
import { escapeText } from "../exposition/escape.ts";
import { renderLabel } from "../exposition/grouping-key.ts";
import { MetricType } from "../model/metric-type.ts";
import type { LabelPair } from "../model/view.ts";

const INSTANCE = "instance";
const INSTANCE_BYTES = Buffer.from(INSTANCE);
const EMPTY_INSTANCE_BYTES = INSTANCE.length + '="",'.length;

/**
 * Labels that are not repeated on each metric of a group: its own, and the empty `instance` that is added to others.
 */
export class HiddenLabels {
  private readonly names: readonly string[];
  /** As lines have them, without quotes. */
  private readonly written: readonly Uint8Array[];
  /** The group has no label `instance`. */
  private readonly hidesEmptyInstance: boolean;
  /** What they take up in lines, at most about. */
  readonly sizeBytes: number;

  constructor(labels: readonly LabelPair[]) {
    this.names = labels.map(({ name }) => name);
    this.written = this.names.map((name) => Buffer.from(escapeText(name)));
    this.hidesEmptyInstance = !this.names.includes(INSTANCE);
    const sizes = labels.map((label) => Buffer.byteLength(renderLabel(label)) + 1);
    this.sizeBytes = sizes.reduce((sum, bytes) => sum + bytes, EMPTY_INSTANCE_BYTES);
  }

  hides({ name, value }: LabelPair): boolean {
    return this.names.includes(name) || (this.hidesEmptyInstance && value === "" && name === INSTANCE);
  }

  /** The same of a label whose name is lines[start, end). */
  hidesWritten(lines: Uint8Array, start: number, end: number, isEmpty: boolean): boolean {
    for (const name of this.written)
      if (name.length === end - start && sameBytes(lines, start, name, 0, name.length)) return true;
    if (!isEmpty || !this.hidesEmptyInstance || end - start !== INSTANCE_BYTES.length) return false;
    return sameBytes(lines, start, INSTANCE_BYTES, 0, INSTANCE_BYTES.length);
  }
}

/** Which metrics of a family are written as JSON, and how. */
export interface MetricsView {
  /** So many metrics are passed over, and at most so many written. */
  readonly offset: number;
  readonly limit: number;
  readonly hidden: HiddenLabels | null;
  /** About so many characters are told of a name, a help text, and the labels of a metric together. */
  readonly mostCharacters: number;
  /** Whether a gauge histogram is taken for a metric with a single value, which is none: 0. */
  readonly gaugeHistogramsAsZero: boolean;
}

/** Bytes of the labels of a metric, as lines have them, that are looked at: those that are hidden are among them. */
export const mostLabelBytes = ({ mostCharacters, hidden }: MetricsView): number =>
  mostCharacters + (hidden?.sizeBytes ?? 0);

/** As the API of the reference has them. */
export const ALL_METRICS: MetricsView = {
  offset: 0,
  limit: Infinity,
  hidden: null,
  mostCharacters: Infinity,
  gaugeHistogramsAsZero: true,
};

/** What the numbers of a metric are written as. */
export type MetricKind = "value" | "zero" | "summary" | "histogram";

export function shownAs(type: MetricType, { gaugeHistogramsAsZero }: MetricsView): MetricKind {
  if (type === MetricType.summary) return "summary";
  if (type === MetricType.histogram) return "histogram";
  if (type !== MetricType.gaugeHistogram) return "value";
  return gaugeHistogramsAsZero ? "zero" : "histogram";
}
