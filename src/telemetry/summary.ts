import type { Writer } from "../bytes/writer.ts";
import { sampleHead, writeSample } from "../exposition/sample-line.ts";
import type { LabelPair } from "../model/view.ts";

/**
 * The window slides in steps: five slots of two minutes, so it spans the last 8 to 10 minutes (client_golang's
 * defaults).
 */
const SLOT_COUNT = 5;
const SLOT_MS = 120_000;

const QUANTILES = [0.1, 0.5, 0.9] as const;

/**
 * The bucket of a value is its exponent and the first 7 bits of its fraction: 128 log-linear buckets from one power of
 * two to the next, as in HdrHistogram.
 */
const FRACTION_BITS = 7;
const KEY_SHIFT = 20 - FRACTION_BITS;
const EXPONENT_BIAS = 1023;

/** The values that have a bucket: from 2^lowestExponent up to 2^highestExponent. */
export interface SummaryRange {
  readonly lowestExponent: number;
  readonly highestExponent: number;
}

/**
 * Counts observations in buckets of at most 1/128 of their value, one set of counts an age slot. A quantile is a value
 * that was observed in the bucket where the exact quantile (of rank ceil(q * n)) lies, so it is off by less than 0.79 %
 * of that value; below and above the range all values share one bucket, and the bound does not hold. `sum` and `count`
 * are exact and cover the whole life, not the window. An observation allocates nothing.
 */
export class SlidingSummary {
  sum = 0;
  count = 0;
  private readonly firstKey: number;
  private readonly bucketCount: number;
  /** Rows of SLOT_COUNT counts, one row a bucket. */
  private readonly counts: Uint32Array;
  /** The value last observed in each bucket. */
  private readonly values: Float64Array;
  /** Observations in each slot. */
  private readonly slotTotals = new Uint32Array(SLOT_COUNT);
  private readonly double = new Float64Array(1);
  private readonly halves = new Uint32Array(this.double.buffer);
  private slot = 0;
  private slotEndMs: number;

  /** `nowMs` is the time on the monotonic clock of `observe` and `quantiles`. */
  constructor(range: SummaryRange, nowMs: number) {
    this.firstKey = (range.lowestExponent + EXPONENT_BIAS) << FRACTION_BITS;
    this.bucketCount = (range.highestExponent - range.lowestExponent) << FRACTION_BITS;
    this.counts = new Uint32Array(this.bucketCount * SLOT_COUNT);
    this.values = new Float64Array(this.bucketCount);
    this.slotEndMs = nowMs + SLOT_MS;
  }

  /** Takes a finite value; NaN and what is below 0 count as 0. */
  observe(value: number, nowMs: number): void {
    if (nowMs > this.slotEndMs) this.rotate(nowMs);
    const observed = Math.max(value || 0, 0);
    this.sum += observed;
    this.count++;
    const bucket = this.bucketOf(observed);
    const slot = this.slot;
    const at = bucket * SLOT_COUNT + slot;
    const counts = this.counts;
    const slotTotals = this.slotTotals;
    counts[at] = (counts[at] as number) + 1;
    slotTotals[slot] = (slotTotals[slot] as number) + 1;
    this.values[bucket] = observed;
  }

  /** The quantiles of `ranks` (ascending, each above 0 and at most 1) in the window; NaN where it is empty. */
  quantiles(ranks: readonly number[], nowMs: number): number[] {
    if (nowMs > this.slotEndMs) this.rotate(nowMs);
    const total = this.slotTotals.reduce((sum, count) => sum + count, 0);
    if (total === 0) return ranks.map(() => Number.NaN);
    let bucket = -1;
    let seen = 0;
    return ranks.map((rank) => {
      const wanted = Math.ceil(rank * total);
      while (seen < wanted) seen += this.windowCount(++bucket);
      return this.values[bucket] as number;
    });
  }

  /** A quantile of what all of some summaries of one range have observed in the window; null where that is nothing. */
  static quantile(summaries: readonly SlidingSummary[], rank: number, nowMs: number): number | null {
    const [first] = summaries;
    if (first === undefined) return null;
    let total = 0;
    for (const one of summaries) {
      if (nowMs > one.slotEndMs) one.rotate(nowMs);
      total += one.slotTotals.reduce((sum, count) => sum + count, 0);
    }
    let seen = 0;
    for (let bucket = 0; bucket < first.bucketCount; bucket++)
      for (const one of summaries) {
        seen += one.windowCount(bucket);
        if (total > 0 && seen >= Math.ceil(rank * total)) return one.values[bucket] as number;
      }
    return null;
  }

  /** How often a bucket was hit in the window: the sum over its slots. */
  private windowCount(bucket: number): number {
    const counts = this.counts;
    const start = bucket * SLOT_COUNT;
    let sum = 0;
    for (let at = start; at < start + SLOT_COUNT; at++) sum += counts[at] as number;
    return sum;
  }

  /** The upper half of a positive double, cut to exponent and leading fraction bits, grows with the value. */
  private bucketOf(value: number): number {
    this.double[0] = value;
    const key = ((this.halves[1] as number) >>> KEY_SHIFT) - this.firstKey;
    if (key < 0) return 0;
    return key < this.bucketCount ? key : this.bucketCount - 1;
  }

  /** Moves on to the slot of `nowMs`, which is past the end of the present one, and empties each slot entered. */
  private rotate(nowMs: number): void {
    const steps = Math.ceil((nowMs - this.slotEndMs) / SLOT_MS);
    this.slotEndMs += steps * SLOT_MS;
    for (let step = Math.min(steps, SLOT_COUNT); step > 0; step--) {
      this.slot = (this.slot + 1) % SLOT_COUNT;
      this.emptySlot(this.slot);
    }
  }

  private emptySlot(slot: number): void {
    this.slotTotals[slot] = 0;
    const counts = this.counts;
    for (let at = slot; at < counts.length; at += SLOT_COUNT) counts[at] = 0;
  }
}

/** A sliding summary together with its sample lines. */
export class SummarySeries {
  readonly summary: SlidingSummary;
  private readonly quantileHeads: readonly string[];
  private readonly sumHead: string;
  private readonly countHead: string;

  constructor(name: string, labels: readonly LabelPair[], range: SummaryRange, nowMs: number) {
    this.summary = new SlidingSummary(range, nowMs);
    this.quantileHeads = QUANTILES.map((q) => sampleHead(name, [...labels, { name: "quantile", value: String(q) }]));
    this.sumHead = sampleHead(`${name}_sum`, labels);
    this.countHead = sampleHead(`${name}_count`, labels);
  }

  /** Appends the quantiles 0.1, 0.5 and 0.9, then `_sum` and `_count`. */
  write(writer: Writer, nowMs: number): void {
    const values = this.summary.quantiles(QUANTILES, nowMs);
    for (const [i, head] of this.quantileHeads.entries()) writeSample(writer, head, values[i] as number);
    writeSample(writer, this.sumHead, this.summary.sum);
    writeSample(writer, this.countHead, this.summary.count);
  }
}
