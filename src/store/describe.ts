import { formatFloat } from "../bytes/float.ts";
import { LabelWalk } from "../bytes/label-block.ts";
import {
  METRIC_COUNT,
  METRIC_FIRST,
  METRIC_FLAGS,
  METRIC_HAS_VALUE,
  METRIC_STRIDE,
  METRIC_SUM,
  type PushColumns,
  SAMPLE_NEXT,
  SAMPLE_STRIDE,
} from "../model/columns.ts";
import { MetricType } from "../model/metric-type.ts";
import type { Renderer } from "./render.ts";
import { sampleValue } from "./side.ts";

/**
 * A metric as Go prints its message in error texts: `label:{name:"job" value:"j"} gauge:{value:1}`, fields two blanks apart.
 * `type` is that of its family.
 */
export function describeMetric(columns: PushColumns, metric: number, type: MetricType, renderer: Renderer): string {
  const parts = describeLabels(renderer, metric);
  const value = describeValue(columns, metric, type);
  if (value !== "") parts.push(value);
  return parts.join("  ");
}

function describeLabels(renderer: Renderer, metric: number): string[] {
  const start = renderer.blocks[metric * 2] as number;
  const walk = new LabelWalk();
  const parts: string[] = [];
  walk.open(renderer.out.bytes, start, start + (renderer.blocks[metric * 2 + 1] as number));
  while (walk.step()) parts.push(`label:{name:${quoteField(walk.name())}  value:${quoteField(walk.value())}}`);
  return parts;
}

function describeValue(columns: PushColumns, metric: number, type: MetricType): string {
  const row = metric * METRIC_STRIDE;
  const present = (columns.metrics[row + METRIC_FLAGS] as number) / METRIC_HAS_VALUE;
  if ((present & (1 << type)) === 0) return describeOtherValue(present);
  if (type === MetricType.summary) return `summary:{${describeSummary(columns, metric)}}`;
  if (type >= MetricType.histogram) return `histogram:{${describeHistogram(columns, metric)}}`;
  const word = type === MetricType.gauge ? "gauge" : type === MetricType.counter ? "counter" : "untyped";
  const first = columns.metrics[row + METRIC_FIRST] as number;
  return first < 0 ? `${word}:{}` : `${word}:{value:${describeFloat(sampleValue(columns, first))}}`;
}

/** A value of another type than the family's was not read: only its kind is told. */
function describeOtherValue(present: number): string {
  const words = ["counter", "gauge", "summary", "untyped", "histogram"];
  return words
    .filter((_, type) => (present & (1 << type)) !== 0)
    .map((word) => `${word}:{}`)
    .join("  ");
}

function describeSummary(columns: PushColumns, metric: number): string {
  const parts = describeTotals(columns, metric);
  eachPoint(columns, metric, (bound, value) =>
    parts.push(`quantile:{quantile:${describeFloat(bound)}  value:${describeFloat(value)}}`),
  );
  return parts.join("  ");
}

function describeHistogram(columns: PushColumns, metric: number): string {
  const parts = describeTotals(columns, metric);
  eachPoint(columns, metric, (bound, value) =>
    parts.push(`bucket:{cumulative_count:${value}  upper_bound:${describeFloat(bound)}}`),
  );
  return parts.join("  ");
}

function describeTotals(columns: PushColumns, metric: number): string[] {
  const row = metric * METRIC_STRIDE;
  const count = columns.metrics[row + METRIC_COUNT] as number;
  const sum = columns.metrics[row + METRIC_SUM] as number;
  const parts: string[] = [];
  if (count >= 0) parts.push(`sample_count:${BigInt(Math.trunc(sampleValue(columns, count) || 0))}`);
  if (sum >= 0) parts.push(`sample_sum:${describeFloat(sampleValue(columns, sum))}`);
  return parts;
}

function eachPoint(columns: PushColumns, metric: number, visit: (bound: number, value: number) => void): void {
  let sample = columns.metrics[metric * METRIC_STRIDE + METRIC_FIRST] as number;
  while (sample >= 0) {
    visit(columns.numbers[sample * 2] as number, sampleValue(columns, sample));
    sample = columns.samples[sample * SAMPLE_STRIDE + SAMPLE_NEXT] as number;
  }
}

/** Numbers as the protobuf text format has them: exponents from 1e+21 up, `inf` and `nan`. */
function describeFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return formatFloat(value);
}

function quoteField(text: Uint8Array): string {
  const decoded = Buffer.from(text.buffer, text.byteOffset, text.length).toString("utf8");
  return `"${decoded.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
