import { isUtf8 } from "node:buffer";
import { LabelWalk } from "../../exposition/label-block.ts";
import type { PushColumns } from "../../model/columns.ts";
import { hasValueOf, IS_ODD } from "../../model/metric-rows.ts";
import { isMetricType, MetricType } from "../../model/metric-type.ts";
import { describeMetric } from "./describe.ts";
import type { Renderer } from "./render.ts";
import type { ScrapeCheck } from "./scrape-check.ts";
import {
  type Collision,
  colliding,
  familyName,
  faultyMetric,
  invalidLabel,
  isNoType,
  labelTwice,
  reservedLabel,
  valueNotUtf8,
} from "./wording.ts";

/**
 * Checks a metric by itself: its value is of its family's type; with `labels`, its label names are unique and allowed
 * and its label values are UTF-8. The family has been rendered. Gives what describes the first fault, or null.
 */
export function findFault(
  columns: PushColumns,
  family: number,
  metric: number,
  type: MetricType,
  labels: boolean,
  renderer: Renderer,
  scrapes: ScrapeCheck,
): (() => string) | null {
  const declared = columns.families.type(family);
  const fault = (what: string) => metricFault(columns, family, metric, renderer, what);
  // Its lines are those of its declared type, whatever values it has besides.
  if (!columns.metrics.has(metric, hasValueOf(type)) || !isWrittenAlike(declared, type)) return fault(isNoType(type));
  const wrong = labels ? findLabelFault(columns, metric, declared, renderer, scrapes) : null;
  return wrong === null ? null : fault(wrong);
}

/** Describes a metric and what is wrong with it. */
export function metricFault(
  columns: PushColumns,
  family: number,
  metric: number,
  renderer: Renderer,
  what: string,
): () => string {
  const text = () => describeMetric(columns, metric, columns.families.type(family), renderer);
  return () => faultyMetric(familyName(columns, family), text(), what);
}

/**
 * The label that tells the lines of a metric apart, which no metric of the type and no grouping key may have; or null.
 */
export function pointLabelOf(type: MetricType): "quantile" | "le" | null {
  if (type === MetricType.summary) return "quantile";
  return type === MetricType.histogram || type === MetricType.gaugeHistogram ? "le" : null;
}

/** Whether the lines of one type are those of the other. */
function isWrittenAlike(one: MetricType, other: MetricType): boolean {
  const isHistogram = (type: MetricType) => type === MetricType.histogram || type === MetricType.gaugeHistogram;
  return one === other || (isHistogram(one) && isHistogram(other));
}

/** Labels in the order of their names, the group's among them: what it replaced is not looked at. */
function findLabelFault(
  columns: PushColumns,
  metric: number,
  type: MetricType,
  renderer: Renderer,
  scrapes: ScrapeCheck,
): string | null {
  const isSummary = columns.metrics.has(metric, hasValueOf(MetricType.summary));
  const walk = new LabelWalk();
  const pointLabel = pointLabelOf(type);
  const names: string[] = [];
  let previous: Uint8Array = new Uint8Array(0);
  walk.open(renderer.out.bytes, renderer.blockStart(metric), renderer.blockEnd(metric));
  while (walk.step()) {
    const name = walk.name();
    const text = Buffer.from(name.buffer, name.byteOffset, name.length).toString();
    if (Buffer.compare(name, previous) === 0) return labelTwice(text);
    if (text.startsWith("__") || !isUtf8(name)) return invalidLabel(text);
    if ((isSummary && text === "quantile") || text === pointLabel) return reservedLabel(text);
    const value = walk.value();
    if (!isUtf8(value)) return valueNotUtf8(name, value);
    names.push(text);
    previous = name;
  }
  return scrapes.findNamesFault(names);
}

/**
 * Begins to look at what a metric has that protobuf alone can bring: lines cannot break a scrape in these ways. False:
 * it has nothing of the kind.
 */
export function beginScrapeCheck(
  columns: PushColumns,
  metric: number,
  type: MetricType,
  scrapes: ScrapeCheck,
): boolean {
  const size = columns.metrics.messageSize(metric);
  if (size < 0 || !columns.metrics.has(metric, IS_ODD)) return false;
  const start = columns.metrics.messageAt(metric);
  scrapes.begin(columns.body, start, start + size, type);
  return true;
}

/** Whether a family without metrics is kept: none that is so only because nothing of it is shown. */
export function isKeptEmpty(columns: PushColumns, family: number): boolean {
  if (!columns.keepsEmptyFamilies || !isMetricType(columns.families.type(family))) return false;
  return isUtf8(columns.familyNameBytes(family));
}

/**
 * Whether Prometheus reads a metric's name in quotes: it fails a whole scrape for one that is not UTF-8 or has a zero
 * byte.
 */
export const isScrapable = (name: Uint8Array): boolean => isUtf8(name) && !name.includes(0);

/**
 * Whether a family's samples would be taken for another's: `x_count` beside a summary or histogram `x`. `typeOf` tells
 * the type of every other family that there will be, or undefined. Gives the first such fault, or null.
 */
export function findCollision(
  name: string,
  type: MetricType,
  typeOf: (name: string) => MetricType | undefined,
): Collision | null {
  for (const suffix of ["_count", "_sum", "_bucket"]) {
    if (!name.endsWith(suffix) || name.length === suffix.length) continue;
    const owner = name.slice(0, -suffix.length);
    const ownerType = typeOf(owner);
    const word = ownerType === MetricType.histogram ? "histogram" : "summary";
    if (ownerType === MetricType.histogram || (ownerType === MetricType.summary && suffix !== "_bucket"))
      return collision(name, owner, "collected metric", word);
  }
  if (type !== MetricType.summary && type !== MetricType.histogram) return null;
  for (const suffix of ["_count", "_sum"])
    if (typeOf(name + suffix) !== undefined)
      return collision(name, name + suffix, "collected histogram or summary", "metric");
  if (type === MetricType.histogram && typeOf(`${name}_bucket`) !== undefined)
    return collision(name, `${name}_bucket`, "collected histogram", "metric");
  return null;
}

function collision(name: string, other: string, what: string, otherWhat: string): Collision {
  return { name, other, text: colliding(name, other, what, otherWhat) };
}
