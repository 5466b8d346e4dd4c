import { isUtf8 } from "node:buffer";
import { LabelWalk } from "../../exposition/label-block.ts";
import type { PushColumns } from "../../model/columns.ts";
import { hasValueOf, IS_ODD } from "../../model/metric-rows.ts";
import { isMetricType, METRIC_TYPE_NAMES, MetricType } from "../../model/metric-type.ts";
import { quoteToken, quoteTokenText, shownToken } from "../../model/quote.ts";
import { describeMetric } from "./describe.ts";
import type { Renderer } from "./render.ts";
import type { ScrapeCheck } from "./scrape-check.ts";

/** At most this many faults of a push, and this many characters, are reported; further ones are only counted. */
const MAX_ERRORS = 100;
const MAX_ERROR_CHARACTERS = 100_000;

/** A family of a push whose samples would be taken for another's. */
export interface Collision {
  readonly name: string;
  readonly other: string;
  readonly text: string;
}

/** The faults found in one push, in the order found, worded as the reference words them. */
export class Faults {
  private readonly texts: string[] = [];
  private toldCharacters = 0;
  private untold = 0;
  private readonly collisions: Collision[] = [];

  clear(): void {
    this.collisions.length = 0;
    this.texts.length = 0;
    this.toldCharacters = 0;
    this.untold = 0;
  }

  /** `describe` is only called for what is reported: a description can cost as much as the whole push. */
  add(describe: () => string): void {
    if (this.texts.length >= MAX_ERRORS || this.toldCharacters >= MAX_ERROR_CHARACTERS) {
      this.untold++;
      return;
    }
    const text = describe();
    this.toldCharacters += text.length;
    this.texts.push(text);
  }

  /** Two families that collide are reported once, whichever was found first. */
  addCollision(collision: Collision): void {
    const { name, other } = collision;
    if (this.collisions.some((known) => known.name === other && known.other === name)) return;
    if (this.collisions.length < MAX_ERRORS) this.collisions.push(collision);
    this.add(() => collision.text);
  }

  get count(): number {
    return this.texts.length + this.untold;
  }

  /** All of them as one text: a list where there are several. */
  get message(): string {
    const [first = ""] = this.texts;
    if (this.count === 1) return first;
    const more = this.untold > 0 ? `\n* (${this.untold} more)` : "";
    return `${this.count} error(s) occurred:${this.texts.map((text) => `\n* ${text}`).join("")}${more}`;
  }
}

/**
 * Checks a metric by itself: its value is of its family's type; with `labels`, its label names are unique and allowed
 * and its label values are UTF-8; Prometheus can read everything else. The family has been rendered. Returns what
 * describes the first fault, or null.
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
  const own = columns.families.type(family);
  const fault = (what: string) => () =>
    `collected metric ${familyName(columns, family)} { ${describeMetric(columns, metric, own, renderer)}} ${what}`;
  // Its lines are those of its own type, whatever values it has besides.
  if (!columns.metrics.has(metric, hasValueOf(type)) || !isWrittenAlike(own, type))
    return fault(`is not a ${METRIC_TYPE_NAMES[type]}`);
  const wrong =
    (labels ? findLabelFault(columns, metric, own, renderer, scrapes) : null) ??
    findScrapeFault(columns, metric, own, scrapes);
  return wrong === null ? null : fault(wrong);
}

/**
 * The label that differs between the lines of a metric, which no metric of the type and no grouping key may have; or
 * null.
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
    if (Buffer.compare(name, previous) === 0) return `has two or more labels with the same name: ${shownToken(text)}`;
    if (text.startsWith("__") || !isUtf8(name)) return `has a label with an invalid name: ${shownToken(text)}`;
    if ((isSummary && text === "quantile") || text === pointLabel) return `must not have an explicit "${text}" label`;
    const value = walk.value();
    if (!isUtf8(value)) return `has a label named ${quoteToken(name)} whose value is not utf8: ${quoteToken(value)}`;
    names.push(text);
    previous = name;
  }
  return scrapes.findNamesFault(names);
}

/** What protobuf alone can bring: lines cannot break a scrape in these ways. */
function findScrapeFault(columns: PushColumns, metric: number, type: MetricType, scrapes: ScrapeCheck): string | null {
  const size = columns.metrics.messageSize(metric);
  if (size < 0 || !columns.metrics.has(metric, IS_ODD)) return null;
  const start = columns.metrics.messageAt(metric);
  return scrapes.findFault(columns.body, start, start + size, type);
}

export function describeType(name: string, type: MetricType, expected: MetricType): string {
  return `gathered metric family ${shownToken(name)} has type ${METRIC_TYPE_NAMES[type]} but should have ${METRIC_TYPE_NAMES[expected]}`;
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

export function describeUnknownType(columns: PushColumns, family: number): string {
  return `unknown metric type for metric ${familyName(columns, family)}: ${columns.families.type(family)}`;
}

/** A pushed family's name in quotes. */
export function familyName(columns: PushColumns, family: number): string {
  return quoteToken(columns.familyNameBytes(family));
}

/**
 * Whether a family's samples would be taken for another's: `x_count` beside a summary or histogram `x`. `typeOf`
 * returns the type of every other family that there will be, or undefined. Returns the first such fault, or null.
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
  const text = `${what} named ${quoteTokenText(name)} collides with previously collected ${otherWhat} named ${quoteTokenText(other)}`;
  return { name, other, text };
}
