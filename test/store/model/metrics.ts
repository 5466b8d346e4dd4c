import { formatFloat } from "../../../src/bytes/float.ts";
import { MetricType } from "../../../src/model/metric-type.ts";
import type { Field } from "./fields.ts";

export type Label = readonly [name: string, value: string];
/** A bound and a count, or a rank and a value. */
export type Point = readonly [bound: number, value: number];

/** The value of a metric; a part that was not given is null. `extra` are fields that only protobuf can carry. */
export type MetricValue =
  | { readonly kind: "plain"; readonly value: number; readonly extra: readonly Field[] }
  | {
      readonly kind: "composite";
      readonly count: number | null;
      readonly sum: number | null;
      readonly points: readonly Point[];
      readonly float: boolean;
      readonly extra: readonly Field[];
    }
  | { readonly kind: "absent" };

/** A metric as it is pushed: labels in no order. */
export interface PushedMetric {
  readonly labels: readonly Label[];
  readonly value: MetricValue;
  readonly timestamp: number | null;
}

export interface PushedFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string | null;
  readonly metrics: readonly PushedMetric[];
}

const VALUE_FIELDS = [3, 2, 4, 5, 7] as const;

/** The Metric message of a metric with these labels. */
export function metricFields(labels: readonly Label[], type: MetricType, metric: PushedMetric): Field[] {
  const fields = labels.map(([name, value]): Field => {
    const pair: readonly Field[] = [
      [1, "text", name],
      [2, "text", value],
    ];
    return [1, "message", pair];
  });
  const number = VALUE_FIELDS[type as 0 | 1 | 2 | 3 | 4];
  if (metric.value.kind !== "absent") fields.push([number, "message", valueFields(type, metric.value)]);
  if (metric.timestamp !== null) fields.push([6, "varint", metric.timestamp]);
  return fields;
}

function valueFields(type: MetricType, value: Exclude<MetricValue, { kind: "absent" }>): Field[] {
  if (value.kind === "plain") return [[1, "double", value.value], ...value.extra];
  const fields: Field[] = [];
  const { count, sum, points, float, extra } = value;
  if (count !== null) fields.push(float ? [4, "double", count] : [1, "varint", count]);
  if (sum !== null) fields.push([2, "double", sum]);
  for (const [bound, number] of points) fields.push([3, "message", pointFields(type, bound, number, float)]);
  return [...fields, ...extra];
}

function pointFields(type: MetricType, bound: number, value: number, float: boolean): Field[] {
  if (type === MetricType.summary)
    return [
      [1, "double", bound],
      [2, "double", value],
    ];
  return [float ? [4, "double", value] : [1, "varint", value], [2, "double", bound]];
}

const LEGACY = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Text within quotes: backslashes, quotes and line feeds escaped. */
export const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

export const writtenName = (name: string): string => (LEGACY.test(name) ? name : `"${escaped(name)}"`);

function line(name: string, suffix: string, labels: readonly Label[], value: number): string {
  const pairs = labels.map(([label, text]) => `${writtenName(label)}="${escaped(text)}"`).join(",");
  const head = LEGACY.test(name) ? `${name}${suffix}{${pairs}}` : `{"${escaped(name)}${suffix}",${pairs}}`;
  return `${head} ${formatFloat(value)}`;
}

/** The exposition lines of a metric with these labels; their names may need quotes. */
export function metricLines(
  name: string,
  labels: readonly Label[],
  type: MetricType,
  { value }: PushedMetric,
): string[] {
  if (value.kind === "absent") return [];
  if (value.kind === "plain") return [line(name, "", labels, value.value)];
  const isSummary = type === MetricType.summary;
  const points: Point[] = [...value.points];
  if (!isSummary && !points.some(([bound]) => bound === Infinity)) points.push([Infinity, value.count ?? 0]);
  const key = isSummary ? "quantile" : "le";
  return [
    ...points.map(([bound, number]) =>
      line(name, isSummary ? "" : "_bucket", [...labels, [key, formatFloat(bound)]], number),
    ),
    line(name, "_sum", labels, value.sum ?? 0),
    line(name, "_count", labels, value.count ?? 0),
  ];
}
