import { KeyTable } from "../bytes/key-table.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import { MetricType } from "../model/metric-type.ts";
import { INFO, INFO_SUFFIX, NO_NOTE, noteKind, STATE_SET, TOTAL } from "../model/type-note.ts";
import type { ExposedFamilies } from "./exposition.ts";

const WORDS = ["counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram"] as const;
export type OpenMetricsWord = (typeof WORDS)[number] | "info" | "stateset";

/** What a family is in OpenMetrics. */
export interface OpenMetricsShape {
  readonly word: OpenMetricsWord;
  /** The name of the family, with which those of its samples begin. */
  readonly stem: string;
  /** What follows it in the names of values (or buckets, or quantiles), sums and counts. */
  readonly suffixes: readonly [value: string, sum: string, count: string];
}

const SUFFIXES: Readonly<Partial<Record<OpenMetricsWord, OpenMetricsShape["suffixes"]>>> = {
  counter: [TOTAL, "", ""],
  info: [INFO_SUFFIX, "", ""],
  summary: ["", "_sum", "_count"],
  histogram: ["_bucket", "_sum", "_count"],
  gaugehistogram: ["_bucket", "_gsum", "_gcount"],
};
const NO_SUFFIXES: OpenMetricsShape["suffixes"] = ["", "", ""];
export const CREATED = "_created";

/** What a family whose name is written so is. A counter without `_total` is unknown, as in Go's library. */
export function shapeOf({ type, typeNote = NO_NOTE }: ExposedFamily, name: string): OpenMetricsShape {
  const word = wordOf(type, noteKind(typeNote), name);
  const suffixes = SUFFIXES[word] ?? NO_SUFFIXES;
  const isInName = word === "counter" || word === "info";
  return { word, suffixes, stem: isInName ? name.slice(0, -suffixes[0].length) : name };
}

function wordOf(type: MetricType, note: number, name: string): OpenMetricsWord {
  if (type === MetricType.counter) return endsIn(name, TOTAL) ? "counter" : "unknown";
  if (type === MetricType.gauge && note === INFO && endsIn(name, INFO_SUFFIX)) return "info";
  if (type === MetricType.gauge && note === STATE_SET) return "stateset";
  return WORDS[type];
}

const endsIn = (name: string, suffix: string): boolean => name.length > suffix.length && name.endsWith(suffix);

/** What is left of a family that OpenMetrics does not allow: its samples, by their names, of no known type. */
export const plainShape = (word: "gauge" | "unknown", stem: string): OpenMetricsShape => ({
  word,
  stem,
  suffixes: NO_SUFFIXES,
});

/** Families that are noted before a turn of the loop may be taken. */
const FAMILIES_A_TURN = 256;

/** The names of all families of an exposition, to tell which of them cannot stand beside others in OpenMetrics. */
export class FamilyNames {
  private readonly names = new KeyTable();

  *note(families: ExposedFamilies): Generator<null> {
    let noted = 0;
    for (const family of families) {
      if (family !== null) this.names.add(...rangeOf(family.name));
      if (family === null || ++noted % FAMILIES_A_TURN === 0) yield null;
    }
  }

  /**
   * Whether a family, whose name in the store is `name`, has samples or a name that another one has as well: a counter
   * `a_total` beside a gauge `a`, or a histogram `a` beside a gauge `a_created`.
   */
  clashes({ word, suffixes }: OpenMetricsShape, name: string): boolean {
    if (word === "gauge" || word === "unknown" || word === "stateset") return false;
    const isInName = word === "counter" || word === "info";
    const stem = isInName ? name.slice(0, -suffixes[0].length) : name;
    if (isInName && (this.has(stem) || (word === "info" && this.has(stem + TOTAL)))) return true;
    if (word === "info") return false;
    const own = isInName ? [] : suffixes.filter((suffix) => suffix !== "");
    const created = word === "gaugehistogram" ? [] : [CREATED];
    return [...own, ...created].some((suffix) => this.isTaken(stem + suffix));
  }

  /** Whether a family is named so, or is so once the end of its name is taken off. */
  private isTaken(name: string): boolean {
    return this.has(name) || this.has(name + TOTAL) || this.has(name + INFO_SUFFIX);
  }

  private has(name: string): boolean {
    return this.names.find(...rangeOf(name)) >= 0;
  }
}

function rangeOf(name: string): [source: Uint8Array, start: number, end: number] {
  const bytes = Buffer.from(name);
  return [bytes, 0, bytes.length];
}
