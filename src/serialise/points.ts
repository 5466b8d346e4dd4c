import { isDigit } from "../bytes/ascii.ts";
import { byteAt, intAt } from "../bytes/at.ts";
import { compareBytes } from "../bytes/hash.ts";
import { sortInTurns } from "../bytes/sort-in-turns.ts";
import type { Writer } from "../bytes/writer.ts";
import type { LineCursor } from "../exposition/line-cursor.ts";
import { goFloat, isUint64, readFloat, uint64Text } from "../exposition/number-text.ts";
import { NOTHING, RUN } from "./pieces.ts";

/** Digits of a whole number that always fits into uint64. */
const UINT64_DIGITS = 19;

/**
 * The points of the metric that a cursor has read, in the order of their keys as texts: keep one, for the next metric
 * of a family mostly has the bounds of the one before.
 */
export class PointOrder {
  /** Points by their place in the order. */
  rows = new Int32Array(64);
  private count = 0;

  /** Puts the points of a metric in order. */
  sort(cursor: LineCursor): void {
    if (this.isSorted(cursor)) return;
    this.begin(cursor);
    const compare = comparison(cursor);
    this.rows.subarray(0, this.count).sort(compare);
  }

  /** As `sort`, over any number of turns. */
  *sortInTurns(cursor: LineCursor): Generator<Uint8Array> {
    this.begin(cursor);
    for (const _ of sortInTurns(this.rows, this.count, comparison(cursor))) yield NOTHING;
  }

  /** The point at a place, or -1 where the next one has the same key: of such the last one counts. */
  at(place: number, cursor: LineCursor): number {
    const point = intAt(this.rows, place);
    const next = place + 1 < this.count ? intAt(this.rows, place + 1) : -1;
    return next >= 0 && compareKeys(cursor, point, next) === 0 ? -1 : point;
  }

  private begin({ pointCount }: LineCursor): void {
    if (this.rows.length < pointCount) this.rows = new Int32Array(pointCount * 2);
    this.count = pointCount;
    for (let point = 0; point < pointCount; point++) this.rows[point] = point;
  }

  private isSorted(cursor: LineCursor): boolean {
    const { rows, count } = this;
    if (count !== cursor.pointCount) return false;
    for (let place = 1; place < count; place++)
      if (compareKeys(cursor, intAt(rows, place - 1), intAt(rows, place)) >= 0) return false;
    return true;
  }
}

function comparison(cursor: LineCursor): (a: number, b: number) => number {
  return (a, b) => compareKeys(cursor, a, b) || a - b;
}

function compareKeys({ lines, points }: LineCursor, a: number, b: number): number {
  const aStart = points.keyStart(a);
  const bStart = points.keyStart(b);
  return compareBytes(lines, aStart, points.keyEnd(a) - aStart, lines, bStart, points.keyEnd(b) - bStart);
}

/** Whether the points [from, to) of a metric are all whole numbers of 64 bits. */
function pointsAreWhole({ lines, points }: LineCursor, from: number, to: number): boolean {
  for (let point = from; point < to; point++)
    if (!isWhole(lines, points.valueStart(point), points.valueEnd(point))) return false;
  return true;
}

/** As `pointsAreWhole` of all points, and the count: where one is not, all of them were kept as fractions. */
export function countsAreWhole(cursor: LineCursor): boolean {
  return isWhole(cursor.lines, cursor.countStart, cursor.countEnd) && pointsAreWhole(cursor, 0, cursor.pointCount);
}

/** As `countsAreWhole`, over any number of turns. */
export function* countsAreWholeInTurns(cursor: LineCursor): Generator<Uint8Array, boolean> {
  if (!isWhole(cursor.lines, cursor.countStart, cursor.countEnd)) return false;
  for (let from = 0; from < cursor.pointCount; from += RUN) {
    if (!pointsAreWhole(cursor, from, Math.min(cursor.pointCount, from + RUN))) return false;
    yield NOTHING;
  }
  return true;
}

function isWhole(lines: Uint8Array, start: number, end: number): boolean {
  return areDigits(lines, start, end) || isUint64(readFloat(lines, start, end));
}

function areDigits(lines: Uint8Array, start: number, end: number): boolean {
  if (end - start > UINT64_DIGITS) return false;
  for (let at = start; at < end; at++) if (!isDigit(byteAt(lines, at))) return false;
  return true;
}

/** Appends the count lines[start, end) in plain digits; as a fraction, one that is not above zero reads as zero. */
export function appendCount(out: Writer, lines: Uint8Array, start: number, end: number, whole: boolean): void {
  if (whole && areDigits(lines, start, end)) return out.copy(lines, start, end);
  const count = readFloat(lines, start, end);
  out.ascii(whole ? uint64Text(count) : count > 0 ? goFloat(count) : "0");
}
