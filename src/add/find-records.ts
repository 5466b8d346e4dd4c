import { Writer } from "../bytes/writer.ts";
import { keyOf, METRIC_LABEL } from "../protobuf/field-numbers.ts";
import { FieldCursor, WIRE_BYTES } from "../protobuf/wire.ts";
import { EncodingScratch, metricPieces } from "../serialise/protobuf.ts";
import type { AddedFamily } from "./sum-family.ts";

const LABEL = keyOf(METRIC_LABEL, WIRE_BYTES);

/** Of Buffer's methods: finds a run of bytes, where an array finds one byte. */
const findRun = Buffer.prototype.indexOf;

/** Finds metrics among records of MetricFamily field 4 by their labels, of which all stand before the other fields. */
export class RecordSearch {
  private readonly scratch = new EncodingScratch();
  private readonly piece = new Writer(4096);
  private readonly metric = new FieldCursor();

  /**
   * Where the records are that have the labels of the metrics of a family, in the order of these: where each begins and
   * ends, two numbers a metric; -1 and -1 where there is none.
   */
  find(records: Uint8Array, family: AddedFamily): number[] {
    const bounds = boundsOf(records);
    const found: number[] = [];
    for (const { source, start, end } of eachRecord(this.recordsOf(family))) {
      const labels = source.subarray(start, this.labelsEnd(source, start, end));
      const record = this.findOne(records, bounds, labels);
      found.push(bounds.starts[record] ?? -1, bounds.ends[record] ?? -1);
    }
    return found;
  }

  private recordsOf(family: AddedFamily): Uint8Array {
    if (family.side !== null) return family.side;
    const { piece, scratch } = this;
    const records = new Writer(family.lines.length);
    piece.reset();
    for (const one of metricPieces(piece, family, scratch)) records.append(one);
    records.append(piece.view());
    return records.view();
  }

  private labelsEnd(source: Uint8Array, start: number, end: number): number {
    const { metric } = this;
    metric.open(source, start, end);
    while (metric.step()) if (keyOf(metric.field, metric.wire) !== LABEL) return metric.tagStart;
    return end;
  }

  /** The number of the record that begins with these labels and has no others, or -1. */
  private findOne(records: Uint8Array, { messages, ends }: Bounds, labels: Uint8Array): number {
    let at = findRun.call(records as Buffer, labels, 0);
    for (; at >= 0; at = findRun.call(records as Buffer, labels, at + 1)) {
      const record = placeOf(messages, at);
      const end = ends[record] ?? -1;
      if (end >= 0 && this.labelsEnd(records, at, end) === at + labels.length) return record;
    }
    return -1;
  }
}

/** Where records begin, their messages do, and they end. */
interface Bounds {
  readonly starts: number[];
  readonly messages: number[];
  readonly ends: number[];
}

function boundsOf(records: Uint8Array): Bounds {
  const bounds: Bounds = { starts: [], messages: [], ends: [] };
  for (const { tagStart, start, end } of eachRecord(records)) {
    bounds.starts.push(tagStart);
    bounds.messages.push(start);
    bounds.ends.push(end);
  }
  return bounds;
}

/** The place of a number in an ascending list, or -1. */
function placeOf(list: readonly number[], wanted: number): number {
  let [low, high] = [0, list.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const value = list[middle] ?? 0;
    if (value === wanted) return middle;
    if (value < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

interface RecordPlace {
  readonly source: Uint8Array;
  readonly tagStart: number;
  readonly start: number;
  readonly end: number;
}

/** The records one after the other; the cursor has `tagStart`, and `start` and `end` of the message. */
export function* eachRecord(source: Uint8Array): Generator<RecordPlace> {
  const cursor = new FieldCursor();
  cursor.open(source, 0, source.length);
  while (cursor.step()) yield { source, tagStart: cursor.tagStart, start: cursor.start, end: cursor.end };
}
