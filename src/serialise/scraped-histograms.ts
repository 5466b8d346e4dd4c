import { Writer } from "../bytes/writer.ts";
import { FAMILY_METRIC, HISTOGRAM_COUNT, METRIC_HISTOGRAM } from "../protobuf/field-numbers.ts";
import { NativeFields, totalInTurns } from "../protobuf/native-fields.ts";
import { appendTag, appendUint64, appendVarint } from "../protobuf/varint.ts";
import { FieldCursor, WIRE_BYTES, WIRE_VARINT } from "../protobuf/wire.ts";
import { LARGE_METRIC_BYTES, STRIDE_BYTES } from "./pieces.ts";

/**
 * Histograms as every Prometheus reads them. Separates native histograms from classic ones, as Prometheus does.
 * Releases up to 3.5 take all metrics of a message for native ones once one is, and fail if a classic one follows; so
 * the two kinds must not share a message.
 */
export class ScrapedHistograms {
  private readonly fields = new NativeFields();
  private readonly count = new Writer(32);

  /**
   * The metrics of `records` (MetricFamily field 4) that are native, or those that are not, record by record, each good
   * until the next; null: a turn of the loop may be taken.
   */
  *pick(records: Uint8Array, native: boolean): Generator<Uint8Array | null> {
    const { fields } = this;
    const record = new FieldCursor();
    record.open(records, 0, records.length);
    let stop = STRIDE_BYTES;
    while (record.step()) {
      if (record.end - record.start > LARGE_METRIC_BYTES) yield* fields.readInTurns(records, record.start, record.end);
      else fields.read(records, record.start, record.end);
      if (fields.isNative === native) yield native ? yield* this.counted(records, record) : recordOf(records, record);
      if (record.next < stop) continue;
      stop = record.next + STRIDE_BYTES;
      yield null;
    }
  }

  /** If the count of a metric leaves out the negative buckets, the right one is added: the last one counts. */
  private *counted(records: Uint8Array, metric: FieldCursor): Generator<null, Uint8Array> {
    const total = yield* this.missedTotal();
    if (total === null) return recordOf(records, metric);
    const { count } = this;
    const out = new Writer(metric.end - metric.start + 64);
    count.reset();
    appendTag(count, HISTOGRAM_COUNT, WIRE_VARINT);
    appendUint64(count, total);
    appendTag(out, FAMILY_METRIC, WIRE_BYTES);
    appendVarint(out, metric.end - metric.start + count.length + 2);
    out.copy(records, metric.start, metric.end);
    appendTag(out, METRIC_HISTOGRAM, WIRE_BYTES);
    appendVarint(out, count.length);
    out.append(count.view());
    return out.view();
  }

  private *missedTotal(): Generator<null, bigint | null> {
    const { count, isFloat, negative, positive, zeroCount } = this.fields;
    if (isFloat || negative.deltas.length === 0) return null;
    const withoutNegative = yield* totalInTurns(zeroCount, positive.deltas);
    if (BigInt(withoutNegative) !== BigInt(count)) return null;
    return BigInt(yield* totalInTurns(withoutNegative, negative.deltas));
  }
}

const recordOf = (records: Uint8Array, { tagStart, next }: FieldCursor): Uint8Array => records.subarray(tagStart, next);
