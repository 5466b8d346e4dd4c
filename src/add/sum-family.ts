import { KeyTable } from "../bytes/key-table.ts";
import { Writer } from "../bytes/writer.ts";
import type { SeriesRule } from "../model/clear-mode.ts";
import type { GaugeRule } from "../model/gauge-rule.ts";
import { NO_NOTE, noteKind, TYPELESS } from "../model/type-note.ts";
import type { GroupFamily } from "../model/view.ts";
import { FAMILY_METRIC } from "../protobuf/field-numbers.ts";
import { appendBytesField, appendVarint } from "../protobuf/varint.ts";
import { FieldCursor } from "../protobuf/wire.ts";
import { appendFamilyHeader, EncodingScratch, metricPieces } from "../serialise/protobuf.ts";
import { isReplaced, MetricSum } from "./sum-metric.ts";

/** Metrics that are added before others have a turn. */
const METRICS_A_TURN = 64;

/** A family of a push, or of a group: its lines and what stands beside them. */
export type AddedFamily = Pick<GroupFamily, "name" | "type" | "help" | "lines" | "side"> & {
  readonly typeNote?: number;
  /** What its series say of themselves, in their order; undefined: nothing. */
  readonly rules?: readonly SeriesRule[] | undefined;
};

/** Adds a pushed metric, the one of a row of its family, to the stored one of its labels. */
type AddMetric = (stored: Uint8Array, pushed: Uint8Array, row: number) => Uint8Array;

/** Adds pushed families to stored ones. Families come and go as MetricFamily messages. */
export class FamilySum {
  private readonly scratch = new EncodingScratch();
  private readonly metrics = new MetricSum();
  private readonly message = new Writer(4096);
  private readonly piece = new Writer(4096);

  /** Appends the sum of both behind its length, over any number of turns: the series that are not pushed stay. */
  *append(out: Writer, stored: AddedFamily | null, pushed: AddedFamily, rule: GaugeRule): Generator<null> {
    const { message } = this;
    const { name, type } = pushed;
    message.reset();
    const help = pushed.help ?? stored?.help ?? null;
    appendFamilyHeader(message, name, help, type);
    const added = yield* this.records(pushed);
    if (stored === null) message.append(added);
    else {
      const before = yield* this.records(stored);
      yield* this.appendSums(before, added, this.adder(pushed, rule));
    }
    appendVarint(out, message.length);
    out.append(message.view());
  }

  private adder({ type, typeNote: note = NO_NOTE, rules }: AddedFamily, rule: GaugeRule): AddMetric {
    const isNoted = noteKind(note) > TYPELESS;
    return (stored, pushed, row) => {
      const own = rules?.[row] ?? null;
      if (isReplaced(type, rule, isNoted, own)) return pushed;
      return this.metrics.add(type, own === "sum" ? own : rule, stored, pushed);
    };
  }

  /** The metrics of a family as records of MetricFamily field 4. */
  private *records(family: AddedFamily): Generator<null, Uint8Array> {
    const { piece } = this;
    const records = new Writer(family.lines.length);
    piece.reset();
    for (const one of metricPieces(piece, family, this.scratch)) {
      records.append(one);
      yield null;
    }
    records.append(piece.view());
    piece.reset();
    return records.view();
  }

  private *appendSums(stored: Uint8Array, pushed: Uint8Array, add: AddMetric): Generator<null> {
    const { message } = this;
    const sums = new SumRows(this.metrics);
    for (const metric of eachMessage(stored)) if (sums.addStored(metric)) yield null;
    let row = 0;
    for (const metric of eachMessage(pushed)) if (sums.addPushed(metric, row++, add)) yield null;
    for (const [i, metric] of sums.rows.entries()) {
      appendBytesField(message, FAMILY_METRIC, metric, 0, metric.length);
      if (i % METRICS_A_TURN === 0) yield null;
    }
  }
}

/** The metrics of a family, each found by its labels. */
class SumRows {
  readonly rows: Uint8Array[] = [];
  private readonly keys = new KeyTable();
  private readonly rowOfKey: number[] = [];
  private seen = 0;

  constructor(private readonly metrics: MetricSum) {}

  /** True now and then: others may have a turn. */
  addStored(metric: Uint8Array): boolean {
    const key = this.metrics.keyOf(metric);
    if (this.keys.find(key, 0, key.length) < 0) this.rowOfKey[this.keys.add(key, 0, key.length)] = this.rows.length;
    this.rows.push(metric);
    return ++this.seen % METRICS_A_TURN === 0;
  }

  /** As above. */
  addPushed(metric: Uint8Array, pushedRow: number, add: AddMetric): boolean {
    const key = this.metrics.keyOf(metric);
    const row = this.rowOfKey[this.keys.find(key, 0, key.length)];
    const known = row === undefined ? undefined : this.rows[row];
    if (row === undefined || known === undefined) return this.addStored(metric);
    this.rows[row] = add(known, metric, pushedRow);
    return ++this.seen % METRICS_A_TURN === 0;
  }
}

function* eachMessage(records: Uint8Array): Generator<Uint8Array> {
  const cursor = new FieldCursor();
  cursor.open(records, 0, records.length);
  while (cursor.step()) yield records.subarray(cursor.start, cursor.end);
}
