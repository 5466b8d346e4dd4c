import { formatFloat } from "../../../src/bytes/float.ts";
import { METRIC_TYPE_NAMES, METRIC_TYPE_WORDS, MetricType } from "../../../src/model/metric-type.ts";
import { encodeDelimited, type Field } from "./fields.ts";
import { escaped, type Label, metricFields, type PushedFamily, type PushedMetric } from "./metrics.ts";
import type { PushSource, RandomPush } from "./random-push.ts";

export const PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/** The push as a request; how names, labels and numbers are spelt is left to chance. */
export function requestOf(source: PushSource, push: RandomPush): { path: string; init: RequestInit } {
  const method = push.replace ? "PUT" : "POST";
  if (!push.protobuf)
    return { path: pathOf(source, push.labels), init: { method, body: textBody(source, push.families) } };
  const body = Buffer.concat(push.families.map((family) => encodeDelimited(familyFields(family))));
  return { path: pathOf(source, push.labels), init: { method, body, headers: { "content-type": PROTOBUF } } };
}

function familyFields({ name, type, help, metrics }: PushedFamily): Field[] {
  const fields: Field[] = [[1, "text", name]];
  if (help !== null) fields.push([2, "text", help]);
  fields.push([3, "varint", type]);
  for (const metric of metrics) fields.push([4, "message", metricFields(metric.labels, type, metric)]);
  return fields;
}

/** The path of a group: the labels behind job in any order, each in one of the ways to write it. */
export function pathOf(source: PushSource, labels: readonly Label[]): string {
  const job = labels.find(([name]) => name === "job")?.[1] ?? "";
  const others = source.shuffled(labels.filter(([name]) => name !== "job"));
  return `/metrics${segment(source, "job", job)}${others.map(([name, value]) => segment(source, name, value)).join("")}`;
}

function segment(source: PushSource, name: string, value: string): string {
  if (value !== "" && !value.includes("/") && source.chance(0.7)) return `/${name}/${encodeURIComponent(value)}`;
  const digits = Buffer.from(value).toString("base64url");
  return `/${name}@base64/${digits === "" || source.chance(0.5) ? `${digits}=` : digits}`;
}

function textBody(source: PushSource, families: readonly PushedFamily[]): string {
  return families.map((family) => textFamily(source, family)).join(source.pick(["", "\n", "# a comment\n"]));
}

function textFamily(source: PushSource, { name, type, help, metrics }: PushedFamily): string {
  const head: string[] = [];
  if (help !== null) head.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`);
  const isUntold = type === MetricType.untyped && source.chance(0.5);
  const word = source.chance(0.1) ? METRIC_TYPE_NAMES[type] : METRIC_TYPE_WORDS[type];
  if (!isUntold) head.push(`# TYPE ${name} ${word}`);
  const lines = metrics.flatMap((metric) => textMetric(source, name, type, metric));
  return `${[...source.shuffled(head), ...lines].join("\n")}\n`;
}

function textMetric(source: PushSource, name: string, type: MetricType, metric: PushedMetric): string[] {
  const { value, timestamp } = metric;
  if (value.kind === "absent") throw new Error("the text format has no metric without a value");
  const line = (suffix: string, labels: readonly Label[], number: number) =>
    `${name}${suffix}${textLabels(source, labels)} ${spelt(source, number)}${timestamp === null ? "" : ` ${timestamp}`}`;
  if (value.kind === "plain") return [line("", metric.labels, value.value)];
  const [suffix, key] = type === MetricType.summary ? ["", "quantile"] : ["_bucket", "le"];
  const lines = value.points.map(([bound, number]) =>
    line(suffix, source.shuffled([...metric.labels, [key, formatFloat(bound)]]), number),
  );
  if (value.sum !== null) lines.push(line("_sum", source.shuffled(metric.labels), value.sum));
  if (value.count !== null) lines.push(line("_count", metric.labels, value.count));
  return lines;
}

function textLabels(source: PushSource, labels: readonly Label[]): string {
  if (labels.length === 0) return source.pick(["", "{}", " { }"]);
  const comma = source.pick([",", ", ", " ,\t"]);
  return `{${labels.map(([name, value]) => `${name}${source.pick(["=", " = "])}"${escaped(value)}"`).join(comma)}${source.pick(["", ","])}}`;
}

/** A number in one of the ways to write it. */
function spelt(source: PushSource, value: number): string {
  if (!Number.isFinite(value) || source.chance(0.6)) return formatFloat(value);
  return source.pick([String(value), value.toExponential(), `${value < 0 ? "" : "+"}${value}`]);
}
