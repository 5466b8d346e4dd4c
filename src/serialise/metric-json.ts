import { METRIC_TYPE_NAMES, MetricType } from "../model/metric-type.ts";
import type { GroupFamily, LabelPair } from "../model/view.ts";
import { jsonMap, jsonString, jsonStringMap } from "./json-text.ts";
import { LineCursor } from "./lines.ts";
import type { NativeBucket } from "./native-histogram.ts";
import { type ShownMetric, shownMetrics } from "./shown-metric.ts";
import { timeText } from "./time-text.ts";
import { textOf } from "./utf8-text.ts";

/** A family of the answer of /api/v1/metrics: time_stamp, type, help unless it is empty, metrics. */
export function familyJson(family: GroupFamily, cursor = new LineCursor()): string {
  const isGaugeHistogram = family.type === MetricType.gaugeHistogram;
  const metrics = shownMetrics(family, cursor).map(isGaugeHistogram ? gaugeHistogramJson : metricJson);
  const help = family.help === null || family.help.length === 0 ? "" : `"help":${jsonString(textOf(family.help))},`;
  const head = `"time_stamp":"${timeText(family.pushedMs)}","type":"${METRIC_TYPE_NAMES[family.type]}"`;
  return `{${head},${help}"metrics":[${metrics.join(",")}]}`;
}

/** A JSON object of labels. */
export function labelsJson(labels: readonly LabelPair[]): string {
  return jsonStringMap(labels.map(({ name, value }): [string, string] => [name, value]));
}

/** The API of the reference takes a gauge histogram for a metric with a single value, and finds none. */
function gaugeHistogramJson(metric: ShownMetric): string {
  return jsonMap([
    ["labels", labelsJson(metric.labels)],
    ["value", '"0"'],
  ]);
}

function metricJson(metric: ShownMetric): string {
  return jsonMap([["labels", labelsJson(metric.labels)], ...valueEntries(metric)]);
}

function valueEntries(metric: ShownMetric): [string, string][] {
  if (metric.kind === "value") return [["value", jsonString(metric.value)]];
  const { count, sum } = metric;
  const common: [string, string][] = [
    ["count", jsonString(count)],
    ["sum", jsonString(sum)],
  ];
  if (metric.kind === "summary") return [...common, ["quantiles", jsonStringMap(metric.quantiles)]];
  if (metric.kind === "histogram") return [...common, ["buckets", jsonStringMap(metric.buckets)]];
  return [...common, ["buckets", `[${metric.buckets.map(bucketJson).join(",")}]`]];
}

function bucketJson({ boundaries, lower, upper, count }: NativeBucket): string {
  return `[${boundaries},${jsonString(lower)},${jsonString(upper)},${jsonString(count)}]`;
}
