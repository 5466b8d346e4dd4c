import { isUtf8 } from "node:buffer";
import { LabelWalk } from "../bytes/label-block.ts";
import {
  FAMILY_NAME_AT,
  FAMILY_NAME_SIZE,
  FAMILY_STRIDE,
  LABEL_NAME_AT,
  LABEL_NAME_SIZE,
  LABEL_STRIDE,
  LABEL_VALUE_AT,
  LABEL_VALUE_SIZE,
  METRIC_FLAGS,
  METRIC_HAS_VALUE,
  METRIC_LABEL_COUNT,
  METRIC_LABELS,
  METRIC_STRIDE,
  type PushColumns,
} from "../model/columns.ts";
import { METRIC_TYPE_NAMES, MetricType } from "../model/metric-type.ts";
import { quoteBytes, quoteText } from "../model/quote.ts";
import { describeMetric } from "./describe.ts";
import type { Renderer } from "./render.ts";

/** So many of a push's faults are told, and none once so much was said; the rest are counted. */
const MAX_ERRORS = 100;
const MAX_ERROR_CHARACTERS = 100_000;

/** The faults found in one push, in the order found, worded as the reference words them. */
export class Faults {
  private readonly texts: string[] = [];
  private toldCharacters = 0;
  private untold = 0;

  clear(): void {
    this.texts.length = 0;
    this.toldCharacters = 0;
    this.untold = 0;
  }

  /** `describe` is only asked for what is told: a description can cost as much as the whole push. */
  add(describe: () => string): void {
    if (this.texts.length >= MAX_ERRORS || this.toldCharacters >= MAX_ERROR_CHARACTERS) {
      this.untold++;
      return;
    }
    const text = describe();
    this.toldCharacters += text.length;
    this.texts.push(text);
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
 * Checks a metric by itself: its value is of its family's type, its label names are unique and allowed, its label values are
 * UTF-8. The family has been rendered. Gives what describes the first fault, or null.
 */
export function findFault(
  columns: PushColumns,
  family: number,
  metric: number,
  type: MetricType,
  renderer: Renderer,
): (() => string) | null {
  const row = metric * METRIC_STRIDE;
  const flags = columns.metrics[row + METRIC_FLAGS] as number;
  const own = columns.familyType(family);
  const fault = (what: string) => () =>
    `collected metric ${familyName(columns, family)} { ${describeMetric(columns, metric, own, renderer)}} ${what}`;
  if ((flags & (METRIC_HAS_VALUE << type)) === 0) return fault(`is not a ${METRIC_TYPE_NAMES[type]}`);
  if (!columns.hasQuotedNames && !renderer.hasReservedLabel) return null;
  return findLabelFault(columns, metric, own, renderer, fault);
}

function findLabelFault(
  columns: PushColumns,
  metric: number,
  type: MetricType,
  renderer: Renderer,
  fault: (what: string) => () => string,
): (() => string) | null {
  const invalid = findUndecodable(columns, metric);
  if (invalid !== null) return fault(invalid);
  const walk = new LabelWalk();
  const start = renderer.blocks[metric * 2] as number;
  let previous = "";
  walk.open(renderer.out.bytes, start, start + (renderer.blocks[metric * 2 + 1] as number));
  while (walk.step()) {
    const name = Buffer.from(walk.name()).toString();
    if (name === previous) return fault(`has two or more labels with the same name: ${name}`);
    if (name === "" || name.startsWith("__")) return fault(`has a label with an invalid name: ${name}`);
    if (name === "quantile" && type === MetricType.summary) return fault('must not have an explicit "quantile" label');
    previous = name;
  }
  return null;
}

/** What is not UTF-8 among the labels of a metric that came as protobuf. */
function findUndecodable(columns: PushColumns, metric: number): string | null {
  const row = metric * METRIC_STRIDE;
  const first = columns.metrics[row + METRIC_LABELS] as number;
  const end = first + (columns.metrics[row + METRIC_LABEL_COUNT] as number);
  for (let at = first * LABEL_STRIDE; at < end * LABEL_STRIDE; at += LABEL_STRIDE) {
    const name = columns.slice(
      columns.labels[at + LABEL_NAME_AT] as number,
      columns.labels[at + LABEL_NAME_SIZE] as number,
    );
    if (!isUtf8(name)) return `has a label with an invalid name: ${quoteBytes(name).slice(1, -1)}`;
    const value = columns.slice(
      columns.labels[at + LABEL_VALUE_AT] as number,
      columns.labels[at + LABEL_VALUE_SIZE] as number,
    );
    if (!isUtf8(value)) return `has a label named ${quoteBytes(name)} whose value is not utf8: ${quoteBytes(value)}`;
  }
  return null;
}

/** A pushed family's name in quotes. */
export function familyName(columns: PushColumns, family: number): string {
  const row = family * FAMILY_STRIDE;
  return quoteBytes(
    columns.slice(columns.families[row + FAMILY_NAME_AT] as number, columns.families[row + FAMILY_NAME_SIZE] as number),
  );
}

/**
 * Whether a family's samples would be taken for another's: `x_count` beside a summary or histogram `x`. `typeOf` tells the
 * type of every other family that there will be, or undefined. Gives the first such fault, or null.
 */
export function findCollision(
  name: string,
  type: MetricType,
  typeOf: (name: string) => MetricType | undefined,
): string | null {
  for (const suffix of ["_count", "_sum", "_bucket"]) {
    if (!name.endsWith(suffix) || name.length === suffix.length) continue;
    const owner = name.slice(0, -suffix.length);
    const ownerType = typeOf(owner);
    const word = ownerType === MetricType.histogram ? "histogram" : "summary";
    if (ownerType === MetricType.histogram || (ownerType === MetricType.summary && suffix !== "_bucket"))
      return `collected metric named ${quoteText(name)} collides with previously collected ${word} named ${quoteText(owner)}`;
  }
  if (type !== MetricType.summary && type !== MetricType.histogram) return null;
  const kind = "collected histogram or summary named";
  for (const suffix of ["_count", "_sum"])
    if (typeOf(name + suffix) !== undefined)
      return `${kind} ${quoteText(name)} collides with previously collected metric named ${quoteText(name + suffix)}`;
  if (type === MetricType.histogram && typeOf(`${name}_bucket`) !== undefined)
    return `collected histogram named ${quoteText(name)} collides with previously collected metric named ${quoteText(`${name}_bucket`)}`;
  return null;
}
