import { formatFloat } from "../../bytes/float.ts";
import { MetricType } from "../../model/metric-type.ts";
import { findUnscrapable } from "../../model/scraped-labels.ts";
import { MORE } from "../../model/work.ts";
import { FAMILY_METRIC } from "../../protobuf/field-numbers.ts";
import { HalfWalk, type MisplacedRun } from "../../protobuf/half-walk.ts";
import { addWhole, NativeFields, type NativeHalf } from "../../protobuf/native-fields.ts";
import { FieldCursor, WIRE_BYTES } from "../../protobuf/wire.ts";
import { WireCheck } from "./wire-check.ts";

/*
 * What would make a scrape by Prometheus fail, native histograms on: of all its releases the strictest counts. The
 * words are Prometheus' own. Source: model/histogram (Validate), model/textparse/protobufparse.go,
 * prompb/io/prometheus/client.
 */

const LEAST_SCHEMA = -4;
const GREATEST_SCHEMA = 8;
const CUSTOM_SCHEMA = -53;

/** What a step of a check costs, and is about: so many fields, or buckets; a smaller message is read in one. */
export const CHECK_UNITS = 16 * 1024;
const FIELDS_A_TURN = 1024;
const COUNTS_A_TURN = 1024;

/** What is done next of a check. */
const WIRES = 0;
const FIELDS = 1;
const NEGATIVE = 2;
const POSITIVE = 3;

/** Why a metric that has more than its lines say is refused, or null. Keep one and ask it about one after the other. */
export class ScrapeCheck {
  private readonly fields = new NativeFields();
  private readonly wires = new WireCheck();
  private readonly positive = new HalfWalk();
  private readonly negative = new HalfWalk();
  /** The message that is looked at, of a family of this type, and what of it is done. */
  private source: Uint8Array = new Uint8Array(0);
  private start = 0;
  private end = 0;
  private type: MetricType = MetricType.untyped;
  private stage = WIRES;
  /** Goes on with reading a large message. */
  private reading: Generator<null> | null = null;
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

  /** Begins with the Metric message at source[start, end), of a family of this type. Labels are not looked at. */
  begin(source: Uint8Array, start: number, end: number, type: MetricType): void {
    this.source = source;
    this.start = start;
    this.end = end;
    this.type = type;
    this.stage = WIRES;
    this.reading = null;
    this.wires.begin(source, start, end);
  }

  /** Goes on with it for a moment, of about CHECK_UNITS: what is wrong, or null. */
  checkOn(): string | null | typeof MORE {
    if (this.stage === WIRES) {
      const outcome = this.wires.checkOn(FIELDS_A_TURN);
      if (outcome === false) return MORE;
      if (outcome !== true) return `is not readable for Prometheus: ${outcome}`;
      if (this.type !== MetricType.histogram && this.type !== MetricType.gaugeHistogram) return null;
      this.stage = FIELDS;
    }
    if (this.stage === FIELDS) {
      if (!this.readOn()) return MORE;
      const early = this.fields.isNative ? this.beginHalves() : null;
      if (early !== null || !this.fields.isNative) return invalid(early);
    }
    if (this.stage === NEGATIVE && !this.negative.walkOn(COUNTS_A_TURN)) return MORE;
    this.stage = POSITIVE;
    if (!this.positive.walkOn(COUNTS_A_TURN)) return MORE;
    return invalid(this.findInvalid());
  }

  private readOn(): boolean {
    const { fields, source, start, end } = this;
    if (end - start <= CHECK_UNITS) fields.read(source, start, end);
    else {
      this.reading ??= fields.readInTurns(source, start, end);
      if (!this.reading.next().done) return false;
    }
    this.reading = null;
    return true;
  }

  /** What is wrong with a native histogram before its buckets are looked at, or null. */
  private beginHalves(): string | null {
    const { fields } = this;
    const { schema, isFloat, positive, negative } = fields;
    this.stage = NEGATIVE;
    if (schema !== CUSTOM_SCHEMA && (schema < LEAST_SCHEMA || schema > GREATEST_SCHEMA))
      return `histogram has an invalid schema, which must be between ${LEAST_SCHEMA} and ${GREATEST_SCHEMA} for exponential buckets, or ${CUSTOM_SCHEMA} for custom buckets, got schema ${schema}`;
    this.positive.begin(positive, isFloat);
    this.negative.begin(negative, isFloat);
    return mismatch("positive", positive, isFloat) ?? mismatch("negative", negative, isFloat);
  }

  /** What is wrong with its buckets, which have been gone through. */
  private findInvalid(): string | null {
    const { fields, positive, negative } = this;
    const misplaced =
      fields.schema === CUSTOM_SCHEMA
        ? findCustomFault(fields, positive, negative)
        : (misplacedRun("positive side", positive.misplacedLater) ??
          misplacedRun("negative side", negative.misplacedLater));
    return misplaced ?? findCountFault(fields, positive, negative);
  }

  /** About all metrics of a family, as they are kept beside its lines: see GroupFamily.side. */
  findSideFault(side: Uint8Array, type: MetricType): string | null {
    const record = new FieldCursor();
    record.open(side, 0, side.length);
    while (record.step()) {
      if (record.field !== FAMILY_METRIC || record.wire !== WIRE_BYTES) return "is no metric";
      this.begin(side, record.start, record.end, type);
      let fault = this.checkOn();
      while (fault === MORE) fault = this.checkOn();
      if (fault !== null) return fault;
    }
    return record.failed ? "is not whole" : null;
  }
}

const invalid = (why: string | null): string | null => (why === null ? null : `is no valid native histogram: ${why}`);

function areSame(names: readonly string[], others: readonly string[]): boolean {
  if (names.length !== others.length) return false;
  for (let i = 0; i < names.length; i++) if (names[i] !== others[i]) return false;
  return true;
}

function mismatch(side: string, { spans, deltas, counts }: NativeHalf, isFloat: boolean): string | null {
  const { length } = isFloat ? counts : deltas;
  let needed = 0;
  for (let i = 1; i < spans.length; i += 2) needed += spans[i] as number;
  if (needed === length) return null;
  return `${side} side: spans need ${needed} buckets, have ${length} buckets: histogram spans specify different number of buckets than provided`;
}

/** The bounds of custom buckets do not travel in protobuf: there is none, and so only the bucket up to +Inf. */
function findCustomFault(fields: NativeFields, positive: HalfWalk, negative: HalfWalk): string | null {
  const fault = misplacedRun("custom buckets", positive.misplaced);
  if (fault !== null) return fault;
  const { length } = positive;
  if (length > 1)
    return `custom buckets: only 0 custom bounds defined which is insufficient to cover total span length of ${length}: histogram custom bounds are too few`;
  if ((fields.isFloat ? fields.zeroFloatCount : Number(fields.zeroCount)) !== 0)
    return "custom buckets: must have zero count of 0";
  if (fields.zeroThreshold !== 0) return "custom buckets: must have zero threshold of 0";
  return negative.runCount > 0 ? "custom buckets: must not have negative spans" : null;
}

function misplacedRun(what: string, run: MisplacedRun | null): string | null {
  if (run === null) return null;
  return `${what}: span number ${run.number} with offset ${run.offset}: histogram has a span whose offset is negative`;
}

function findCountFault(fields: NativeFields, positive: HalfWalk, negative: HalfWalk): string | null {
  const below = negativeCount("negative", negative);
  if (below !== null) return below;
  if (fields.isFloat && fields.zeroFloatCount < 0)
    return `zero bucket has observation count of ${formatFloat(fields.zeroFloatCount)}: histogram has a bucket whose observation count is negative`;
  if (fields.isFloat && fields.floatCount < 0)
    return `observation count is  ${formatFloat(fields.floatCount)}: histogram's observation count is negative`;
  return negativeCount("positive", positive) ?? (fields.isFloat ? null : findTotalFault(fields, positive, negative));
}

function negativeCount(side: string, { below }: HalfWalk): string | null {
  if (below === null) return null;
  const { number, count } = below;
  const text = typeof count === "bigint" || Number.isInteger(count) ? String(count) : formatFloat(count);
  return `${side} side: bucket number ${number} has observation count of ${text}: histogram has a bucket whose observation count is negative`;
}

/**
 * Observations of NaN are counted but go to no bucket; there are such only if the sum is NaN. A count that leaves out
 * the negative buckets is accepted, as the reference does; a Prometheus gets the right one when it scrapes.
 */
function findTotalFault(fields: NativeFields, positive: HalfWalk, negative: HalfWalk): string | null {
  const { sum, count, zeroCount } = fields;
  const withoutNegative = addWhole(zeroCount, positive.total, BigInt.asUintN);
  const total = addWhole(withoutNegative, negative.total, BigInt.asUintN);
  const isOver = Number.isNaN(sum) ? total > count : BigInt(total) !== BigInt(count);
  if (!isOver || BigInt(withoutNegative) === BigInt(count)) return null;
  const reason = Number.isNaN(sum)
    ? "histogram's observation count should be at least the number of observations found in the buckets"
    : "histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)";
  return `${total} observations found in buckets, but the Count field is ${count}: ${reason}`;
}
