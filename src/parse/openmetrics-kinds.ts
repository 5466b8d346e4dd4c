import { MetricType } from "../model/metric-type.ts";
import { INFO, INFO_SUFFIX, NO_NOTE, STATE_SET, TOTAL } from "../model/type-note.ts";
import { isWord } from "./words.ts";

/** What a sample is of its metric. */
export const Role = { value: 0, bucket: 1, sum: 2, count: 3, created: 4 } as const;
export type Role = (typeof Role)[keyof typeof Role];

/** The end of a sample's name, behind that of its family. */
export interface Suffix {
  readonly bytes: Uint8Array;
  readonly role: Role;
}

/** A type of OpenMetrics. */
export interface OpenMetricsKind {
  readonly word: string;
  readonly bytes: Uint8Array;
  /** What the store has for it, and the note beside that. */
  readonly type: MetricType;
  readonly note: number;
  /** In the store the family has the name of its samples with a value: `_total` and `_info` are part of it. */
  readonly suffixes: readonly Suffix[];
  /** The label that is no label of the metric, in samples of the role; null: there is none. */
  readonly bound: { readonly name: string; readonly role: Role } | null;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function kind(
  word: string,
  type: MetricType,
  suffixes: Readonly<Record<string, Role>>,
  more: Partial<OpenMetricsKind> = {},
): OpenMetricsKind {
  const ends = Object.entries(suffixes).map(([suffix, role]) => ({ bytes: bytes(suffix), role }));
  return { word, bytes: bytes(word), type, note: NO_NOTE, suffixes: ends, bound: null, ...more };
}

const PLAIN = { "": Role.value };
const CREATED = { _created: Role.created };

export const UNKNOWN_KIND = kind("unknown", MetricType.untyped, PLAIN);

/** The types of OpenMetrics 1.0 and what the names of their samples end in, the most frequent first. */
export const KINDS: readonly OpenMetricsKind[] = [
  kind("gauge", MetricType.gauge, PLAIN),
  kind("counter", MetricType.counter, { [TOTAL]: Role.value, ...CREATED }),
  kind(
    "histogram",
    MetricType.histogram,
    { _bucket: Role.bucket, _count: Role.count, _sum: Role.sum, ...CREATED },
    { bound: { name: "le", role: Role.bucket } },
  ),
  kind(
    "summary",
    MetricType.summary,
    { "": Role.value, _count: Role.count, _sum: Role.sum, ...CREATED },
    { bound: { name: "quantile", role: Role.value } },
  ),
  UNKNOWN_KIND,
  kind("info", MetricType.gauge, { [INFO_SUFFIX]: Role.value }, { note: INFO }),
  kind("stateset", MetricType.gauge, PLAIN, { note: STATE_SET }),
  kind(
    "gaugehistogram",
    MetricType.gaugeHistogram,
    { _bucket: Role.bucket, _gcount: Role.count, _gsum: Role.sum },
    { bound: { name: "le", role: Role.bucket } },
  ),
];

/** The type that body[start, end) names; undefined: none. */
export const kindOf = (body: Uint8Array, start: number, end: number): OpenMetricsKind | undefined =>
  KINDS.find((each) => isWord(body, start, end, each.bytes));
