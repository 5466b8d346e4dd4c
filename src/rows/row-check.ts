import { isUtf8 } from "node:buffer";
import { sameBytes } from "../bytes/hash.ts";
import { KeyTable } from "../bytes/key-table.ts";
import { LONGEST_TTL_SECONDS, NEVER_EXPIRES, NO_OWN_TTL } from "../model/group-ttl.ts";
import {
  HEAD_ASIDE,
  HEAD_HAS_AGE,
  HEAD_HAS_HELP,
  HEAD_HAS_NOTE,
  HEAD_QUOTED,
  HEAD_TYPELESS,
} from "../model/kept-group.ts";
import { MetricType } from "../model/metric-type.ts";
import { PUSH_ID_BYTES } from "../model/push-id.ts";
import { PUSH_TIME } from "../model/push-times.ts";
import { unitBytes } from "../model/type-note.ts";
import { MORE } from "../model/work.ts";
import type { KeptRow } from "./kept-columns.ts";
import { LineCheck } from "./line-check.ts";
import { PartsCursor } from "./parts-cursor.ts";
import { broken } from "./row-fault.ts";
import { SeriesSet } from "./series-set.ts";
import type { SideCheck } from "./side-check.ts";

/** 2 is one of earlier versions. */
const KNOWN_FLAGS = HEAD_QUOTED | 2 | HEAD_HAS_HELP | HEAD_ASIDE | HEAD_HAS_AGE | HEAD_TYPELESS | HEAD_HAS_NOTE;
/** A family takes as long as so many bytes of lines. */
const FAMILY_BYTES = 200;
/** No date of ECMAScript is further from 1970. */
const LAST_DATE_MS = 8.64e15;
const NONE = Buffer.alloc(0);
const SUM = Buffer.from("_sum");
const COUNT = Buffer.from("_count");
const BUCKET = Buffer.from("_bucket");
const LE = Buffer.from("le");
const QUANTILE = Buffer.from("quantile");
/** No push brings it: what a group has is ours. */
const TIME_NAME = Buffer.from(PUSH_TIME);

/** A row as it comes from outside, with the types of its columns seen to: `isTyped` is 1. */
export interface UncheckedRow extends KeptRow {
  readonly isTyped: number;
}

const isTtl = (ttl: number): boolean => ttl === NEVER_EXPIRES || (ttl >= NO_OWN_TTL && ttl <= LONGEST_TTL_SECONDS);

/** Says of each row whether it is one that we write. Costs a look at each byte of it. */
export class RowCheck {
  private readonly lines: LineCheck;
  private readonly cursor = new PartsCursor();
  private readonly names = new KeyTable();
  private readonly series = new SeriesSet();
  /** The heads of the families of the row before, in their order, and whether those of this one are the same so far. */
  private readonly heads: { readonly bytes: Uint8Array; readonly name: Uint8Array }[] = [];
  private isAlike = true;
  /** The row that is read, and the place of its current family; -1: nothing is read yet. */
  private row: UncheckedRow | null = null;
  private place = -1;
  /** Of the current family: its name, where its lines are read on, and the metrics and lines that were read. */
  private name: Uint8Array = NONE;
  private at = 0;
  private metrics = 0;
  private lineCount = 0;
  /** Whether a series of it may be there twice. */
  private mayRepeat = false;
  /** The labels of the current metric, if it has several lines. */
  private metricLabels: Uint8Array | null = null;

  /**
   * `sides` is null where only the shape of rows is looked at, for what is in them is pushed anew before it is used.
   */
  constructor(private readonly sides: SideCheck | null) {
    this.lines = new LineCheck(sides !== null);
  }

  /** Why a row cannot be used, or null. */
  findFault(row: UncheckedRow): string | null {
    this.begin(row);
    const fault = this.readOn(Infinity);
    return fault === MORE ? null : fault;
  }

  /** Begins with a row, which `readOn` reads. */
  begin(row: UncheckedRow): void {
    this.row = row;
    this.place = -1;
  }

  /** Reads about so many bytes of lines more: why the row cannot be used, null: it can be, or MORE. */
  readOn(sizeBytes: number): string | null | typeof MORE {
    const { row } = this;
    try {
      if (row === null || !this.checkOn(row, sizeBytes)) return MORE;
    } catch (error) {
      this.row = null;
      return error instanceof Error ? error.message : String(error);
    }
    this.row = null;
    return null;
  }

  /** False: there is more. */
  private checkOn(row: UncheckedRow, sizeBytes: number): boolean {
    const { cursor } = this;
    let left = sizeBytes;
    if (this.place < 0) this.checkNumbers(row);
    else if (!this.readLines(left)) return false;
    else this.endFamily(row);
    while (cursor.step()) {
      this.beginFamily(row);
      if (!this.readLines(left)) return false;
      this.endFamily(row);
      left -= cursor.linesSize + FAMILY_BYTES;
    }
    return true;
  }

  private checkNumbers(row: UncheckedRow): void {
    const { key, segment, exposition, parts, succeeded, failed, ttl, pushIds, isTyped } = row;
    if (isTyped !== 1) broken("a column has a value of another type");
    if (!Number.isSafeInteger(segment) || segment < 0 || segment > 2 ** 26) broken("its number cannot be one");
    if (!Number.isFinite(succeeded) || !Number.isFinite(failed)) broken("its push times are not numbers");
    if (!isTtl(ttl)) broken("its time to live cannot be one");
    if (pushIds.length % PUSH_ID_BYTES !== 0) broken("its ids of pushes are not whole");
    if (!isUtf8(key) || (this.sides !== null && !isUtf8(exposition))) broken("it is not UTF-8");
    this.lines.openKey(key);
    this.cursor.open(parts, exposition.length);
    this.isAlike = true;
    this.place = 0;
  }

  /** Its lines are read next. */
  private beginFamily({ exposition, parts }: UncheckedRow): void {
    const { cursor, lines } = this;
    const { linesAt, linesSize, metricCount, flags } = cursor;
    this.name = this.nameAt(parts, this.place++);
    if (!(Math.abs(cursor.pushedMs) <= LAST_DATE_MS)) broken(`the family ${text(this.name)} has no time`);
    this.at = linesAt;
    this.metrics = 0;
    this.lineCount = 0;
    this.mayRepeat = this.sides === null || metricCount < 2 || (flags & HEAD_ASIDE) !== 0;
    if (!this.mayRepeat) this.series.open(exposition);
    lines.open(exposition, linesAt, linesAt + linesSize);
  }

  private endFamily({ key, parts }: UncheckedRow): void {
    const { cursor, name } = this;
    if (this.metrics !== cursor.metricCount || this.lineCount !== cursor.lineCount)
      broken(`the family ${text(name)} has other lines than it says`);
    if (this.lines.isQuoted && (cursor.flags & HEAD_QUOTED) === 0 && this.sides !== null)
      broken("names are in quotes that should be in none");
    if (cursor.sideSize < 0 || this.sides === null) return;
    const help = cursor.helpSize < 0 ? null : parts.subarray(cursor.helpAt, cursor.helpAt + cursor.helpSize);
    const side = parts.subarray(cursor.sideAt, cursor.sideAt + cursor.sideSize);
    const fault = this.sides.findFault(key, { name, help, type: cursor.type, metricCount: cursor.metricCount, side });
    if (fault !== null) broken(`what stands beside the lines of ${text(name)} is not what was pushed: ${fault}`);
  }

  /**
   * The name of the family at a place of its row, whose head is checked; those of the row before are nearly always the
   * same.
   */
  private nameAt(parts: Uint8Array, place: number): Uint8Array {
    const { headAt, headSize } = this.cursor;
    const known = this.heads[place];
    if (this.isAlike && known !== undefined && known.bytes.length === headSize)
      if (sameBytes(known.bytes, 0, parts, headAt, headSize)) return known.name;
    if (this.isAlike) this.beginNames(place);
    const bytes = parts.slice(headAt, headAt + headSize);
    const nameAt = this.cursor.nameAt - headAt;
    const name = bytes.subarray(nameAt, nameAt + this.cursor.nameSize);
    this.checkHead(parts, name);
    this.heads[place] = { bytes, name };
    return name;
  }

  /** From `place` on the families of this row are others than those of the row before. */
  private beginNames(place: number): void {
    const { names, heads } = this;
    this.isAlike = false;
    names.clear();
    heads.length = Math.min(heads.length, place);
    for (const { name } of heads) names.add(name, 0, name.length);
  }

  private checkHead(parts: Uint8Array, name: Uint8Array): void {
    const { cursor, names } = this;
    if (!isUtf8(name) || name.includes(0)) broken("the name of a family is not one");
    if (name.length === 0 && cursor.metricCount > 0 && this.sides !== null) broken("a family with metrics has no name");
    if (names.find(name, 0, name.length) >= 0) broken(`the family ${text(name)} is there twice`);
    names.add(name, 0, name.length);
    if ((cursor.flags & ~KNOWN_FLAGS) !== 0) broken(`the family ${text(name)} has flags that nobody knows`);
    if (unitBytes(cursor.typeNote) >= Math.max(1, name.length)) broken(`the unit of ${text(name)} is longer than it`);
    if (isSame(name, TIME_NAME) && cursor.type !== MetricType.gauge) broken(`the family ${text(name)} is no gauge`);
    if (
      this.sides !== null &&
      cursor.helpSize > 0 &&
      !isUtf8(parts.subarray(cursor.helpAt, cursor.helpAt + cursor.helpSize))
    )
      broken(`the help of ${text(name)} is not UTF-8`);
  }

  /** Reads about so many bytes of the lines of the family; false: there are more. */
  private readLines(sizeBytes: number): boolean {
    const { cursor, name } = this;
    const { linesAt, linesSize, type } = cursor;
    const end = linesAt + linesSize;
    let { at, metrics } = this;
    for (const pauseAt = Math.min(end, at + sizeBytes); at < pauseAt; metrics++) {
      if (type === MetricType.summary) at = this.readComposite(at, name, NONE, QUANTILE);
      else if (type >= MetricType.histogram) at = this.readComposite(at, name, BUCKET, LE);
      else at = this.readPlain(at, name);
    }
    this.at = at;
    this.metrics = metrics;
    return at >= end;
  }

  private readPlain(at: number, name: Uint8Array): number {
    const { lines } = this;
    const labels = lines.readName(at, name, NONE);
    this.noteSeries(labels, lines.readLabels(labels, null));
    this.lineCount++;
    return lines.readValue();
  }

  /** Reads the lines of a metric: those of its points, and then its sum and its count, all with the same labels. */
  private readComposite(at: number, name: Uint8Array, suffix: Uint8Array, point: Uint8Array): number {
    const { lines } = this;
    this.metricLabels = null;
    let place = at;
    for (let labels = lines.matchName(place, name, SUM); labels < 0; labels = lines.matchName(place, name, SUM))
      place = this.readPart(lines.readName(place, name, suffix), point);
    place = this.readPart(lines.readName(place, name, SUM), null);
    return this.readPart(lines.readName(place, name, COUNT), null);
  }

  /** Reads a line of a metric behind its name. */
  private readPart(labelsAt: number, point: Uint8Array | null): number {
    const { lines } = this;
    const end = lines.readLabels(labelsAt, point);
    const labels = lines.source.subarray(labelsAt, end);
    if (this.metricLabels === null) this.noteSeries(labelsAt, end);
    else if (!isSame(labels, this.metricLabels))
      broken(`the lines of a metric do not have the same labels at ${labelsAt}`);
    this.metricLabels ??= labels;
    this.lineCount++;
    return lines.readValue();
  }

  /** A series is in a family once, unless the family is set aside for that. */
  private noteSeries(start: number, end: number): void {
    if (!this.mayRepeat && !this.series.add(start, end)) broken(`a series is there twice at ${start}`);
  }
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && sameBytes(one, 0, other, 0, one.length);

const text = (bytes: Uint8Array): string => JSON.stringify(Buffer.from(bytes.subarray(0, 200)).toString());
