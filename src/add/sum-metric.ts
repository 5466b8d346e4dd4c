import { Writer } from "../bytes/writer.ts";
import type { SeriesRule } from "../model/clear-mode.ts";
import type { GaugeRule } from "../model/gauge-rule.ts";
import { isComposite, MetricType } from "../model/metric-type.ts";
import { keyOf, METRIC_LABEL, PAIR_NAME, PAIR_VALUE, valueFieldOf } from "../protobuf/field-numbers.ts";
import { appendBytesField } from "../protobuf/varint.ts";
import { WIRE_BYTES } from "../protobuf/wire.ts";
import { addClassic } from "./classic-histogram.ts";
import { addCounts } from "./counts.ts";
import { eachField, earliest, latestOf } from "./messages.ts";
import type { HistogramValue } from "./metric.ts";
import { addNative } from "./native-histogram.ts";
import { addNumbers } from "./numbers.ts";
import { readHistogram, readSingle, readSummary } from "./read-value.ts";
import { addSummaries } from "./summary.ts";
import { ValueWriter } from "./write-value.ts";

const LABEL = keyOf(METRIC_LABEL, WIRE_BYTES);
const NAME = keyOf(PAIR_NAME, WIRE_BYTES);
const VALUE = keyOf(PAIR_VALUE, WIRE_BYTES);

/** Whether a metric is replaced, not added; `own` is what it says of itself. */
export function isReplaced(type: MetricType, rule: GaugeRule, isNoted: boolean, own: SeriesRule): boolean {
  if (own !== null) return own === "replace" || (type === MetricType.gauge && isNoted);
  if (type === MetricType.gauge) return rule === "replace" || isNoted;
  return type === MetricType.gaugeHistogram && rule !== "sum";
}

/** Adds up Metric messages, the labels of which are the same. */
export class MetricSum {
  private readonly writer = new ValueWriter();
  private readonly out = new Writer(1024);
  private readonly key = new Writer(256);
  private readonly part = new Writer(256);

  /** What the labels of a message are looked up by: a text that is absent is an empty one. Lent until the next call. */
  keyOf(metric: Uint8Array): Uint8Array {
    const { key, part } = this;
    key.reset();
    eachField(metric, 0, metric.length, (field, fields) => {
      if (field !== LABEL) return;
      const pair: { name: Uint8Array; value: Uint8Array } = { name: NO_TEXT, value: NO_TEXT };
      eachField(metric, fields.start, fields.end, (inner, { start, end }) => {
        if (inner === NAME) pair.name = metric.subarray(start, end);
        else if (inner === VALUE) pair.value = metric.subarray(start, end);
      });
      part.reset();
      appendBytesField(part, PAIR_NAME, pair.name, 0, pair.name.length);
      appendBytesField(part, PAIR_VALUE, pair.value, 0, pair.value.length);
      appendBytesField(key, METRIC_LABEL, part.bytes, 0, part.length);
    });
    return key.view();
  }

  /** The message of the sum, in bytes of its own; one that lacks its value adds nothing to the other. */
  add(type: MetricType, rule: GaugeRule, stored: Uint8Array, pushed: Uint8Array): Uint8Array {
    const field = valueFieldOf(type);
    const [before, now] = [messageOf(stored, field), messageOf(pushed, field)];
    if (before === null || now === null) return now === null ? stored : pushed;
    this.addValues(type, rule, before, now);
    const { out, writer } = this;
    out.reset();
    eachField(pushed, 0, pushed.length, (key, { tagStart, next }) => {
      if (key === LABEL) out.copy(pushed, tagStart, next);
    });
    appendBytesField(out, field, writer.out.bytes, 0, writer.out.length);
    return out.finish();
  }

  private addValues(type: MetricType, rule: GaugeRule, before: Uint8Array, now: Uint8Array): void {
    const { writer } = this;
    if (!isComposite(type))
      writer.single(addNumbers(type, rule, readSingle(before, 0, before.length), readSingle(now, 0, now.length)));
    else if (type === MetricType.summary)
      writer.summary(addSummaries(readSummary(before, 0, before.length), readSummary(now, 0, now.length)));
    else writer.histogram(addHistograms(readHistogram(before, 0, before.length), readHistogram(now, 0, now.length)));
  }
}

const NO_TEXT = new Uint8Array(0);

/** The value of a Metric, or null; one that comes in parts is put together. */
function messageOf(metric: Uint8Array, field: number): Uint8Array | null {
  const parts: Uint8Array[] = [];
  eachField(metric, 0, metric.length, (key, { start, end }) => {
    if (key === keyOf(field, WIRE_BYTES)) parts.push(metric.subarray(start, end));
  });
  const [first = null] = parts;
  return parts.length > 1 ? Buffer.concat(parts) : first;
}

/** The classic buckets are always added; native ones only where both have them. */
function addHistograms(stored: HistogramValue, pushed: HistogramValue): HistogramValue {
  return {
    count: addCounts(stored.count, pushed.count),
    sum: stored.sum + pushed.sum,
    buckets: addClassic(stored, pushed),
    native: stored.native === null || pushed.native === null ? null : addNative(stored.native, pushed.native),
    exemplars: latestOf(stored.exemplars, pushed.exemplars),
    created: earliest(stored.created, pushed.created),
  };
}
