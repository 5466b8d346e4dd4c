import { intAt } from "../bytes/at.ts";
import { sortInTurns } from "../bytes/sort-in-turns.ts";
import { unescapeBytes } from "../exposition/escape.ts";
import { LineCursor } from "../exposition/line-cursor.ts";
import type { ExposedFamily, ExposedPage } from "../model/exposition.ts";
import type { MetricType } from "../model/metric-type.ts";
import { NO_NOTE, noteKind, STATE_SET } from "../model/type-note.ts";
import { FieldCursor } from "../protobuf/wire.ts";
import type { ExposedFamilies } from "./exposition.ts";

/** A metric's lines, its record where it has one (GroupFamily.side), and its label values, a character a byte. */
interface SeriesText {
  readonly lines: Uint8Array;
  readonly side: Uint8Array | null;
  readonly values: readonly string[];
}

/** What would take longer to sort is not: milliseconds of each scrape. */
const SORTED_FAMILY_BYTES = 128 * 1024;

/** Series that are read, or sorted at once, before a turn of the loop may be taken. */
const SERIES_A_TURN = 256;

/** The families one by one, the smaller ones sorted. */
export function* sortEach(families: ExposedFamilies): Generator<ExposedFamily | null> {
  for (const family of families) {
    if (family === null) {
      yield null;
      continue;
    }
    const sizeBytes = family.pages.reduce((sum, { used }) => sum + used, 0);
    // The states of a stateset stay together.
    const isSorted = sizeBytes <= SORTED_FAMILY_BYTES && noteKind(family.typeNote ?? NO_NOTE) !== STATE_SET;
    yield isSorted ? yield* sortSeries(family) : family;
  }
}

/**
 * The family with its metrics in the order of client_golang's MetricSorter: by the number of labels, then by their
 * values, byte by byte, in the order of the label names. The same family if they are in this order; otherwise its lines
 * are copied to one page.
 */
function* sortSeries(family: ExposedFamily): Generator<null, ExposedFamily> {
  if (family.pages.length === 0) return family;
  const series: SeriesText[] = [];
  const cursor = new LineCursor();
  if (family.ownLines !== null) yield* readSeries(cursor, family.ownLines, family.type, null, series);
  for (const page of family.pages) yield* readPage(cursor, page, family.type, series);
  if (isSorted(series)) return family;
  return { ...family, ownLines: null, pages: [pageOf(yield* inOrder(series))] };
}

function* inOrder(series: SeriesText[]): Generator<null, readonly SeriesText[]> {
  if (series.length <= SERIES_A_TURN) return series.sort(compareSeries);
  const order = Int32Array.from(series, (_, i) => i);
  const compare = (a: number, b: number) => compareSeries(series[a] as SeriesText, series[b] as SeriesText) || a - b;
  yield* sortInTurns(order, series.length, compare);
  return Array.from(order, (i) => series[i] as SeriesText);
}

function isSorted(series: readonly SeriesText[]): boolean {
  for (let i = 1; i < series.length; i++)
    if (compareSeries(series[i - 1] as SeriesText, series[i] as SeriesText) > 0) return false;
  return true;
}

function* readPage(
  cursor: LineCursor,
  page: ExposedPage,
  type: MetricType,
  series: SeriesText[],
): Generator<null, void> {
  if (page.sides === null || page.sides.size === 0)
    return yield* readSeries(cursor, page.bytes.subarray(0, page.used), type, null, series);
  const { bytes } = page;
  let offset = 0;
  for (let slot = 0; slot < page.count; slot++) {
    const size = page.sizeOf(slot);
    const side = page.sides.get(intAt(page.slots, slot)) ?? null;
    yield* readSeries(cursor, bytes.subarray(offset, offset + size), type, side, series);
    offset += size;
  }
}

/** Appends the metrics of finished lines, with their records from `side`, which has one for each. */
function* readSeries(
  cursor: LineCursor,
  lines: Uint8Array,
  type: MetricType,
  side: Uint8Array | null,
  series: SeriesText[],
): Generator<null, void> {
  const records = new FieldCursor();
  if (side !== null) records.open(side, 0, side.length);
  cursor.open(lines, type);
  while (cursor.step()) {
    const isTold = side !== null && records.step();
    series.push({
      lines: lines.subarray(cursor.lineStart, cursor.lineEnd),
      side: isTold ? side.subarray(records.tagStart, records.next) : null,
      values: Array.from({ length: cursor.labelCount }, (_, label) => valueText(cursor, label)),
    });
    if (series.length % SERIES_A_TURN === 0) yield null;
  }
}

function valueText({ lines, labels }: LineCursor, label: number): string {
  const value = lines.subarray(labels.valueStart(label), labels.valueEnd(label));
  const bytes = labels.valueEscapes(label) === 0 ? value : unescapeBytes(value);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function compareSeries({ values: a }: SeriesText, { values: b }: SeriesText): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const left = a[i] as string;
    const right = b[i] as string;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** A page with a slot for each metric. */
function pageOf(series: readonly SeriesText[]): ExposedPage {
  const bytes = Buffer.concat(series.map(({ lines }) => lines));
  const sides = new Map<number, Uint8Array>();
  for (const [slot, { side }] of series.entries()) if (side !== null) sides.set(slot, side);
  return {
    bytes,
    used: bytes.length,
    slots: Int32Array.from({ length: series.length }, (_, slot) => slot),
    sizeOf: (slot) => series[slot]?.lines.length ?? 0,
    count: series.length,
    sides,
    deflated: null,
    crc: 0,
  };
}
