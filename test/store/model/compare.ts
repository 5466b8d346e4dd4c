import { expect } from "bun:test";
import { gunzipSync } from "node:zlib";
import type { App } from "../../../src/http/web.ts";
import { MetricType } from "../../../src/model/metric-type.ts";
import { ask } from "../../app.ts";
import { readProtobuf } from "../../conformance/protobuf.ts";
import { PROTOBUF } from "./body.ts";
import { canonical, type Field } from "./fields.ts";
import { metricFields, writtenName } from "./metrics.ts";
import type { Model, ModelFamily } from "./model.ts";

const TEXT = "text/plain;version=0.0.4;escaping=allow-utf-8";
const OWN = /^(process|promhttp|pushgateway)_/;

interface ShownFamily {
  help: string | null;
  type: string;
  /** Sorted; the gateway's own lines, which have no job, are left out. */
  lines: string[];
}

/** The families of a text exposition that hold pushed lines. */
function shownFamilies(exposition: string): Map<string, ShownFamily> {
  const families = new Map<string, ShownFamily>();
  let help: string | null = null;
  let current: ShownFamily = { help: null, type: "", lines: [] };
  for (const line of exposition.split("\n")) {
    const [, keyword, name = "", text = ""] = /^# (HELP|TYPE) ("(?:[^"\\]|\\.)*"|\S+) (.*)$/.exec(line) ?? [];
    if (keyword === "HELP") help = text;
    else if (keyword === "TYPE") {
      current = { help, type: text, lines: [] };
      families.set(name, current);
      help = null;
    } else if (/[{,]job="/.test(line)) current.lines.push(line);
  }
  for (const [name, family] of families)
    if (family.lines.length === 0) families.delete(name);
    else family.lines.sort();
  return families;
}

/** The text exposition; `gzip` asks for the compressed one and unpacks it. */
export async function scrapeText(app: App, gzip = false): Promise<string> {
  const headers = { accept: TEXT, "accept-encoding": gzip ? "gzip" : "identity" };
  const body = await (await ask(app, "GET", "/metrics", { headers })).bytes();
  return (gzip ? gunzipSync(body) : Buffer.from(body)).toString();
}

/** Only lines that were pushed, in the order shown, with the comments of their families. */
export function pushedPart(exposition: string): string {
  return exposition
    .split("\n")
    .filter((line) => /[{,]job="/.test(line) || (line.startsWith("# ") && !OWN.test(line.slice(7))))
    .join("\n");
}

interface ExpectedFamily {
  readonly type: MetricType;
  readonly helps: Set<string | null>;
  readonly lines: string[];
  readonly records: Field[];
}

/** What a scrape should show, by name. Any of a family's help texts may be shown, but none only where none has one. */
function expectedFamilies(model: Model): Map<string, ExpectedFamily> {
  const result = new Map<string, ExpectedFamily>();
  for (const { families } of model.groups.values())
    for (const { name, type, help, metrics } of families.values()) {
      const known = result.get(name);
      const family = known?.lines.length ? known : { type, helps: known?.helps ?? new Set(), lines: [], records: [] };
      result.set(name, family);
      family.helps.add(help);
      for (const { labels, metric, lines } of metrics) {
        family.lines.push(...lines);
        family.records.push([4, "message", metricFields(labels, type, metric)]);
      }
    }
  for (const [name, family] of result) {
    if (family.lines.length === 0) result.delete(name);
    if (family.helps.size > 1) family.helps.delete(null);
    family.lines.sort();
  }
  return result;
}

const WORDS = ["counter", "gauge", "summary", "untyped", "histogram"];

/** Holds every way to read the store against the model. */
export async function compareAll(app: App, model: Model): Promise<void> {
  const expected = expectedFamilies(model);
  const exposition = await scrapeText(app);
  const shown = shownFamilies(exposition);
  expect([...shown.keys()].sort()).toEqual([...expected.keys()].map(writtenName).sort());
  for (const [name, { type, helps, lines }] of expected) {
    const family = shown.get(writtenName(name));
    expect(family?.type).toBe(WORDS[type] ?? "");
    if (!OWN.test(name)) expect([...helps].map(helpText)).toContain(family?.help ?? null);
    expect(family?.lines).toEqual(lines);
  }
  expect(pushedPart(await scrapeText(app, true))).toBe(pushedPart(exposition));
  compareFigures(exposition, model);
  await compareProtobuf(app, expected, shown);
  await compareApi(app, model);
  await compareExpiry(app, model);
}

const helpText = (help: string | null): string | null =>
  help === null ? null : help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

function compareFigures(exposition: string, model: Model): void {
  const pushed = exposition.split("\n").filter((line) => /[{,]job="/.test(line));
  const figure = (name: string) => Number(new RegExp(`^pushgateway_store_${name} (.*)$`, "m").exec(exposition)?.[1]);
  expect(figure("groups")).toBe(model.groups.size);
  expect(exposition).toContain(`\npushgateway_groups_expired_total ${model.expired}\n`);
  expect(figure("series")).toBe(pushed.length);
  expect(figure("chunk_bytes")).toBe(pushed.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0));
}

async function compareProtobuf(
  app: App,
  expected: ReadonlyMap<string, ExpectedFamily>,
  shown: ReadonlyMap<string, ShownFamily>,
): Promise<void> {
  const headers = { accept: `${PROTOBUF};escaping=allow-utf-8` };
  const body = await (await ask(app, "GET", "/metrics", { headers })).bytes();
  const families = [...expected].filter(([name]) => !/^(push|process)/.test(name));
  const texts = families.map(([name, { type, helps, records }]) => {
    const fields: Field[] = [[1, "text", name], [3, "varint", type], ...records];
    const help = [...helps].find((text) => helpText(text) === shown.get(writtenName(name))?.help) ?? null;
    return canonical(help === null ? fields : [...fields, [2, "text", help]]);
  });
  expect(readProtobuf(Buffer.from(body))).toEqual(texts.sort());
}

/** When each group goes: sorted, for not every group is at the same place. */
async function compareExpiry(app: App, model: Model): Promise<void> {
  const answer = await (await ask(app, "GET", "/api/v1/groups?limit=500")).json();
  const { data } = answer as { data: { groups: { expires_at: number | null }[] } };
  const shown = data.groups.map(({ expires_at: seconds }) =>
    seconds === null ? Infinity : Math.round(seconds * 1000),
  );
  const expected = [...model.groups.values()].map((group) => model.goesMs(group));
  expect(shown.sort()).toEqual(expected.sort());
}

// The JSON API.

const TYPE_NAMES = ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM"];

async function compareApi(app: App, model: Model): Promise<void> {
  const answer = JSON.parse(await (await ask(app, "GET", "/api/v1/metrics")).text());
  const expected = [...model.groups.values()].map(({ labels, families, lastPushSuccessful }) => ({
    labels: Object.fromEntries(labels),
    last_push_successful: lastPushSuccessful,
    ...Object.fromEntries([...families].map(([name, family]) => [name, expectedJson(family)])),
  }));
  expect(sortedTexts(answer.data.map(reduced))).toEqual(sortedTexts(expected));
}

const sortedTexts = (values: readonly unknown[]): string[] => values.map((value) => sorted(value)).sort();

/** JSON with sorted keys. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, part]) => `${JSON.stringify(name)}:${sorted(part)}`).join()}}`;
}

const numberOf = (text: unknown): string => String(Number(String(text).replace(/Inf$/, "Infinity")));

function expectedJson({ type, help, metrics, pushedMs }: ModelFamily): unknown {
  const all = metrics.map(({ labels, metric }) => {
    const { value } = metric;
    const named = { labels: Object.fromEntries(labels) };
    if (value.kind === "absent") return named;
    if (value.kind === "plain") return { ...named, value: numberOf(value.value) };
    const common = { ...named, count: numberOf(value.count ?? 0), sum: numberOf(value.sum ?? 0) };
    if (value.extra.length > 0) return common;
    const points = Object.fromEntries(value.points.map(([bound, number]) => [numberOf(bound), numberOf(number)]));
    return { ...common, [type === MetricType.summary ? "quantiles" : "buckets"]: points };
  });
  const head = { time_stamp: pushedMs, type: TYPE_NAMES[type] };
  return { ...head, ...(help === null ? {} : { help }), metrics: all };
}

/** An element of the answer with its numbers in one spelling and times as milliseconds; native buckets are left out. */
function reduced(value: unknown, key = ""): unknown {
  if (key === "time_stamp") return Date.parse(String(value));
  if (key === "labels") return value;
  if (["value", "count", "sum"].includes(key)) return numberOf(value);
  if (Array.isArray(value)) return value.map((part) => reduced(part));
  if (typeof value !== "object" || value === null) return value;
  const isPoints = key === "quantiles" || key === "buckets";
  const entries = Object.entries(value).filter(([name, part]) => name !== "buckets" || !Array.isArray(part));
  return Object.fromEntries(
    entries.map(([name, part]) => (isPoints ? [numberOf(name), numberOf(part)] : [name, reduced(part, name)])),
  );
}
