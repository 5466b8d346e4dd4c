import type { GroupingKey } from "../../exposition/grouping-key.ts";
import type { PushColumns } from "../../model/columns.ts";

import type { LimitName } from "../../model/limits.ts";
import { METRIC_TYPE_NAMES, type MetricType } from "../../model/metric-type.ts";
import { PUSH_TIME, type PushTimeName } from "../../model/push-times.ts";
import { quoteToken, quoteTokenText, shownToken } from "../../model/quote.ts";
import { limited, Rejection } from "../../model/rejection.ts";
import type { AddressedGroup } from "../../model/view.ts";

/*
 * What the client of a refused push is told. Where the reference has words they are its words; scrape-check.ts says in
 * Prometheus' words what would make scrapes fail.
 */

/** Before what is wrong with a push, in the answer; the log has it as the message. */
export const INCONSISTENT = "pushed metrics are invalid or inconsistent with existing metrics";

/** So many of a push's faults are told, and none once so much was said; the rest are counted. */
const MAX_ERRORS = 100;
const MAX_ERROR_CHARACTERS = 100_000;
/** So many labels of a key are told. */
const MAX_TOLD_LABELS = 50;

/** A push may be at fault only because of series that are on their way out: it is to be applied again then. */
export const AFTER_CHANGE = new Rejection("busy", "other changes have to be made first");

/** A push may go over its quota: it is to be applied again once what counts for that is counted. */
export const AFTER_COUNTING = new Rejection("busy", "the groups of the principal have to be counted first");

/** A push may have series that large chunks hold: it is to be applied again once those are indexed. */
export const AFTER_INDEXING = new Rejection("busy", "series of other groups have to be looked at first");

/** A push may contradict a large one that is being taken: it is to be applied again once that is stored, or refused. */
export const AFTER_LARGE_PUSH = new Rejection("busy", "a large push has to be stored first");

/** A push that was found good, which who asked for it does not want to be stored now (PushRequest.mayChange). */
export const PUT_OFF = new Rejection("unavailable", "pushing metrics: others are to be stored first");

/** The key of a push was that of another one. */
export const KEY_OF_OTHER = new Rejection(
  "key-reused",
  "the Idempotency-Key was that of another push to this group: a push that is repeated must be the same, byte by byte",
);

/** A push costs more than a turn of the loop may: it is to be applied in slices. */
export const IN_SLICES = new Rejection("busy", "the push is too much for one turn");

export const SEARCH_TOO_LONG = new Rejection(
  "too-large",
  "the push is too large: its series may be in too many groups of other label names to look into",
);

export const HAS_TIMESTAMPS = "pushed metrics must not have timestamps";

/** Of a push that cannot be shown beside what is stored, or not at all. */
export function inconsistent(detail: string, contradicts: AddressedGroup | null = null): Rejection {
  return new Rejection("inconsistent", `${INCONSISTENT}: ${detail}`, null, detail, null, contradicts);
}

export function linesTooLarge(bodyBytes: number, limitBytes: number): Rejection {
  const words = `writing a push of ${bodyBytes} bytes as exposition lines: more than the limit of ${limitBytes} bytes`;
  return new Rejection("too-large", words);
}

export function storeFull(what: string, limit: number, flag: LimitName): Rejection {
  return limited("full", `the Pushgateway is full: it keeps at most ${limit} ${what}`, flag);
}

export function groupFull(what: string, limit: number, flag: LimitName): Rejection {
  return limited("too-large", `the group would hold more than ${limit} ${what}`, flag);
}

/** Of a path with bytes that are not UTF-8, which stand in its key as U+FFFD. */
export function undecodableKey(key: GroupingKey): Rejection {
  const label = key.labels.find(({ value }) => value.includes("\ufffd"));
  const name = quoteTokenText(label?.name ?? "job");
  const value = quoteTokenText(label?.value ?? "");
  return inconsistent(`collected metric "${PUSH_TIME}" has a label named ${name} whose value is not utf8: ${value}`);
}

/** A pushed family's name in quotes. */
export function familyName(columns: PushColumns, family: number): string {
  return quoteToken(columns.familyNameBytes(family));
}

export const invalidName = (name: Uint8Array): string => `invalid metric name ${quoteToken(name)}`;

export const unknownType = (columns: PushColumns, family: number): string =>
  `unknown metric type for metric ${familyName(columns, family)}: ${columns.families.type(family)}`;

export const otherType = (name: string, type: MetricType, expected: MetricType): string =>
  `gathered metric family ${shownToken(name)} has type ${METRIC_TYPE_NAMES[type]} but should have ${METRIC_TYPE_NAMES[expected]}`;

/** `what` follows the labels and the value of a metric, as `describeMetric` shows them. */
export const faultyMetric = (family: string, metric: string, what: string): string =>
  `collected metric ${family} { ${metric}} ${what}`;

export const COLLECTED_BEFORE = "was collected before with the same name and label values";
export const isNoType = (type: MetricType): string => `is not a ${METRIC_TYPE_NAMES[type]}`;
export const labelTwice = (name: string): string => `has two or more labels with the same name: ${shownToken(name)}`;
export const invalidLabel = (name: string): string => `has a label with an invalid name: ${shownToken(name)}`;
export const reservedLabel = (name: string): string => `must not have an explicit "${name}" label`;
export const valueNotUtf8 = (name: Uint8Array, value: Uint8Array): string =>
  `has a label named ${quoteToken(name)} whose value is not utf8: ${quoteToken(value)}`;

/** `what` is the family that was found to collide, `otherWhat` the one before it. */
export const colliding = (name: string, other: string, what: string, otherWhat: string): string =>
  `${what} named ${quoteTokenText(name)} collides with previously collected ${otherWhat} named ${quoteTokenText(other)}`;

export const takenBefore = (name: string): string =>
  `metrics of ${quoteTokenText(name)} were collected before with the same label values`;

export const pushTimeTaken = (name: PushTimeName): string => `collected metric "${name}" ${COLLECTED_BEFORE}`;

/** What is wrong with a push time of a group, whose labels are those of its key. */
export function faultyPushTime(name: PushTimeName, key: GroupingKey, what: string): string {
  const told = key.labels.slice(0, MAX_TOLD_LABELS);
  const labels = told.map((label) => `label:{name:"${shownToken(label.name)}"  value:"${shownToken(label.value)}"}`);
  if (told.length < key.labels.length) labels.push("...");
  return faultyMetric(`"${name}"`, labels.join("  "), what);
}

/** A family of a push whose samples would be taken for another's. */
export interface Collision {
  readonly name: string;
  readonly other: string;
  readonly text: string;
}

/** The faults found in one push, in the order found. */
export class Faults {
  /** The first group that was found to have what a fault says that there is already. */
  against: AddressedGroup | null = null;
  private readonly texts: string[] = [];
  private toldCharacters = 0;
  private untold = 0;
  private readonly collisions: Collision[] = [];

  clear(): void {
    this.against = null;
    this.collisions.length = 0;
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

  /** Two families that collide are told of once, whichever was found first. */
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
