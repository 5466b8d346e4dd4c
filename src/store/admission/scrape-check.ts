import { formatFloat } from "../../bytes/float.ts";
import { MetricType } from "../../model/metric-type.ts";
import { findUnscrapable } from "../../model/scraped-labels.ts";
import { FAMILY_METRIC, METRIC_LABEL } from "../../protobuf/field-numbers.ts";
import { isKnownField, METRIC, type MessageSchema } from "../../protobuf/metrics-proto.ts";
import { NativeFields, type NativeHalf, totalOf, type Whole, wholeCounts } from "../../protobuf/native-fields.ts";
import { FieldCursor, WIRE_BYTES } from "../../protobuf/wire.ts";

/*
 * What would make a scrape by Prometheus fail, native histograms on: of all its releases the strictest counts. The
 * words are Prometheus' own. Source: model/histogram (Validate), model/textparse/protobufparse.go,
 * prompb/io/prometheus/client.
 */

const LEAST_SCHEMA = -4;
const GREATEST_SCHEMA = 8;
const CUSTOM_SCHEMA = -53;

/** Why a metric that has more than its lines say is refused, or null. Keep one and ask it about one after the other. */
export class ScrapeCheck {
  private readonly fields = new NativeFields();
  /**
   * The label names that were asked about last, and what was said of them: the next metric nearly always has the same.
   */
  private names: readonly string[] = [];
  private namesFault: string | null = null;

  /** About the label names of a series; they are kept. */
  findNamesFault(names: readonly string[]): string | null {
    if (!areSame(names, this.names)) {
      this.names = names;
      this.namesFault = findUnscrapable(names);
    }
    return this.namesFault;
  }

  /** About the Metric message at source[start, end), of a family of this type. Labels are not looked at. */
  findFault(source: Uint8Array, start: number, end: number, type: MetricType): string | null {
    const unreadable = findWrongWire(source, start, end, METRIC);
    if (unreadable !== null) return `is not readable for Prometheus: ${unreadable}`;
    if (type !== MetricType.histogram && type !== MetricType.gaugeHistogram) return null;
    const { fields } = this;
    fields.read(source, start, end);
    const invalid = fields.isNative ? findInvalid(fields) : null;
    return invalid === null ? null : `is no valid native histogram: ${invalid}`;
  }

  /** About all metrics of a family, as they are kept beside its lines: see GroupFamily.side. */
  findSideFault(side: Uint8Array, type: MetricType): string | null {
    const record = new FieldCursor();
    record.open(side, 0, side.length);
    while (record.step()) {
      if (record.field !== FAMILY_METRIC || record.wire !== WIRE_BYTES) return "is no metric";
      const fault = this.findFault(side, record.start, record.end, type);
      if (fault !== null) return fault;
    }
    return record.failed ? "is not whole" : null;
  }
}

function areSame(names: readonly string[], others: readonly string[]): boolean {
  if (names.length !== others.length) return false;
  for (let i = 0; i < names.length; i++) if (names[i] !== others[i]) return false;
  return true;
}

/** Go reads a known field of another wire type as an unknown one; Prometheus' reader fails. */
function findWrongWire(source: Uint8Array, start: number, end: number, schema: MessageSchema): string | null {
  const record = new FieldCursor();
  record.open(source, start, end);
  while (record.step()) {
    const field = schema.byNumber[record.field];
    if (field === undefined) continue;
    if (!isKnownField(schema, record)) return `proto: wrong wireType = ${record.wire} for field ${goName(field.name)}`;
    if (typeof field.content !== "object" || (schema === METRIC && field.number === METRIC_LABEL)) continue;
    const fault = findWrongWire(source, record.start, record.end, field.content);
    if (fault !== null) return fault;
  }
  return null;
}

/** The name of a field in Go's generated code. */
const goName = (name: string): string => name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

function findInvalid(fields: NativeFields): string | null {
  const { schema, isFloat } = fields;
  const isCustom = schema === CUSTOM_SCHEMA;
  if (!isCustom && (schema < LEAST_SCHEMA || schema > GREATEST_SCHEMA))
    return `histogram has an invalid schema, which must be between ${LEAST_SCHEMA} and ${GREATEST_SCHEMA} for exponential buckets, or ${CUSTOM_SCHEMA} for custom buckets, got schema ${schema}`;
  const positive = isFloat ? fields.positive.counts : wholeCounts(fields.positive.deltas);
  const negative = isFloat ? fields.negative.counts : wholeCounts(fields.negative.deltas);
  return (
    mismatch("positive", fields.positive, positive) ??
    mismatch("negative", fields.negative, negative) ??
    (isCustom ? findCustomFault(fields, positive, negative) : findSpanFault(fields, positive, negative)) ??
    findCountFault(fields, positive, negative)
  );
}

function mismatch(side: string, { spans }: NativeHalf, counts: readonly Whole[]): string | null {
  let needed = 0;
  for (let i = 1; i < spans.length; i += 2) needed += spans[i] as number;
  if (needed === counts.length) return null;
  return `${side} side: spans need ${needed} buckets, have ${counts.length} buckets: histogram spans specify different number of buckets than provided`;
}

function findSpanFault(fields: NativeFields, positive: readonly Whole[], negative: readonly Whole[]): string | null {
  const positiveRuns = runsOf(fields.positive.spans, positive);
  return (
    negativeOffset("positive side", positiveRuns, 1) ??
    negativeOffset("negative side", runsOf(fields.negative.spans, negative), 1)
  );
}

/** The bounds of custom buckets do not travel in protobuf: there is none, and so only the bucket up to +Inf. */
function findCustomFault(fields: NativeFields, positive: readonly Whole[], negative: readonly Whole[]): string | null {
  const runs = runsOf(fields.positive.spans, positive);
  const fault = negativeOffset("custom buckets", runs, 0);
  if (fault !== null) return fault;
  const length = runs.reduce((total, { offset, size }) => total + offset + size, 0);
  if (length > 1)
    return `custom buckets: only 0 custom bounds defined which is insufficient to cover total span length of ${length}: histogram custom bounds are too few`;
  if ((fields.isFloat ? fields.zeroFloatCount : Number(fields.zeroCount)) !== 0)
    return "custom buckets: must have zero count of 0";
  if (fields.zeroThreshold !== 0) return "custom buckets: must have zero threshold of 0";
  return runsOf(fields.negative.spans, negative).length > 0 ? "custom buckets: must not have negative spans" : null;
}

/** Adjacent buckets, none of them empty: what Prometheus makes of spans before it checks them. */
interface BucketRun {
  /** How far behind the run before it begins, in 32 bits. */
  readonly offset: number;
  size: number;
}

function runsOf(spans: readonly number[], counts: readonly Whole[]): BucketRun[] {
  const runs: BucketRun[] = [];
  let at = 0;
  let index = 0;
  let end = 0;
  for (let i = 0; i < spans.length; i += 2) {
    index = (index + (spans[i] as number)) | 0;
    let run: BucketRun | null = i > 0 && spans[i] === 0 && end === index ? (runs.at(-1) ?? null) : null;
    for (let left = spans[i + 1] as number; left > 0; left--, index = (index + 1) | 0) {
      if (isEmpty(counts[at++] as Whole)) {
        run = null;
        continue;
      }
      if (run === null) {
        run = { offset: (index - end) | 0, size: 0 };
        runs.push(run);
      }
      run.size++;
      end = (index + 1) | 0;
    }
  }
  return runs;
}

const isEmpty = (count: Whole): boolean => count === 0 || count === 0n;

function negativeOffset(what: string, runs: readonly BucketRun[], first: number): string | null {
  const at = runs.findIndex(({ offset }, i) => i >= first && offset < 0);
  if (at < 0) return null;
  return `${what}: span number ${at + 1} with offset ${runs[at]?.offset}: histogram has a span whose offset is negative`;
}

function findCountFault(fields: NativeFields, positive: readonly Whole[], negative: readonly Whole[]): string | null {
  const below = negativeCount("negative", negative);
  if (below !== null) return below;
  if (fields.isFloat && fields.zeroFloatCount < 0)
    return `zero bucket has observation count of ${formatFloat(fields.zeroFloatCount)}: histogram has a bucket whose observation count is negative`;
  if (fields.isFloat && fields.floatCount < 0)
    return `observation count is  ${formatFloat(fields.floatCount)}: histogram's observation count is negative`;
  return negativeCount("positive", positive) ?? (fields.isFloat ? null : findTotalFault(fields, positive, negative));
}

function negativeCount(side: string, counts: readonly Whole[]): string | null {
  let number = 0;
  for (const count of counts) {
    if (!isEmpty(count)) number++;
    if (count >= 0 || Number.isNaN(count)) continue;
    const text = typeof count === "bigint" ? count : Number.isInteger(count) ? String(count) : formatFloat(count);
    return `${side} side: bucket number ${number} has observation count of ${text}: histogram has a bucket whose observation count is negative`;
  }
  return null;
}

/**
 * Observations of NaN are counted but go to no bucket; there are such only if the sum is NaN. A count that leaves out
 * the negative buckets is accepted, as the reference does; a Prometheus gets the right one when it scrapes.
 */
function findTotalFault(
  { sum, count, zeroCount }: NativeFields,
  positive: readonly Whole[],
  negative: readonly Whole[],
): string | null {
  const withoutNegative = totalOf(zeroCount, positive);
  const total = totalOf(withoutNegative, negative);
  const isOver = Number.isNaN(sum) ? total > count : BigInt(total) !== BigInt(count);
  if (!isOver || BigInt(withoutNegative) === BigInt(count)) return null;
  const reason = Number.isNaN(sum)
    ? "histogram's observation count should be at least the number of observations found in the buckets"
    : "histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)";
  return `${total} observations found in buckets, but the Count field is ${count}: ${reason}`;
}
