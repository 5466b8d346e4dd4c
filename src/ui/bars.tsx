/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { type Bucket, growthOf, isAroundZero, type Quantile } from "./histogram.ts";
import { countText, measureText } from "./words.ts";

/** In pixels from the top. */
const TOP = 16;
const BASE = 136;
const TICK_END = 140;
const WORDS = 153;
/** Of the highest bar: room for its count is left above. */
const MOST_HEIGHT = 104;
const LEAST_HEIGHT = 2;
/** More bars have no room for their counts. */
const COUNTED_BARS = 16;
/** More cannot be told apart. */
const MOST_BARS = 200;
const MOST_TICKS = 12;
const NATIVE_TICKS = 5;
/** Shares of the width, in per cent, of the bucket around zero and what is beside it. */
const ZERO_WIDTH = 5;
const ZERO_GAP = 2;

/** A bar from `x` on, in per cent of the width. */
interface Bar {
  readonly x: number;
  readonly width: number;
  readonly bucket: Bucket;
  readonly isZero: boolean;
}

interface BarsProps {
  /** Of the metric, for the unit. */
  readonly name: string;
  readonly buckets: readonly Bucket[];
  readonly quantiles: readonly { readonly label: string; readonly at: Quantile | null }[];
}

/** A classic histogram: all buckets are of the same width, whatever their bounds. */
export function ClassicBars({ name, buckets, quantiles }: BarsProps) {
  const width = 100 / Math.max(1, buckets.length);
  const bars = buckets.map((bucket, i) => ({ x: i * width, width, bucket, isZero: false }));
  const step = Math.ceil(buckets.length / MOST_TICKS);
  const bounds = buckets.slice(0, -1);
  return (
    <Bars name={name} bars={bars} quantiles={quantiles} about={`Histogram with ${countText(buckets.length)} buckets.`}>
      <line class="axis" x1="0" x2="100%" y1={BASE} y2={BASE} />
      {bounds.map(
        ({ upper }, i) =>
          (i + 1) % step === 0 && (
            <Tick key={upper} x={(i + 1) * width} text={measureText(name, upper)} isOdd={((i + 1) / step) % 2 === 0} />
          ),
      )}
    </Bars>
  );
}

/** A native histogram: bounds grow by powers, so on a scale of powers all buckets are of the same width. */
export function NativeBars({ name, buckets, quantiles }: BarsProps) {
  const bars = nativeBars(buckets);
  const others = bars.filter(({ isZero }) => !isZero);
  const step = Math.max(1, Math.ceil(others.length / NATIVE_TICKS));
  const zero = bars.find(({ isZero }) => isZero);
  const about = `Native histogram with ${countText(others.length)} buckets${zero ? " and a zero bucket" : ""}.`;
  return (
    <Bars name={name} bars={bars} quantiles={quantiles} about={about}>
      {zero !== undefined && (
        <text x={percent(zero.x + zero.width / 2)} y={WORDS} text-anchor="middle">
          0
        </text>
      )}
      <line class="axis" x1="0" x2="100%" y1={BASE} y2={BASE} />
      {others.map(
        ({ x, bucket }, i) =>
          i % step === step - 1 && (
            <Tick key={bucket.lower} x={x} text={measureText(name, bucket.lower)} isOdd={false} />
          ),
      )}
    </Bars>
  );
}

/** Buckets below zero, around it, and above it, one beside the other. */
function nativeBars(buckets: readonly Bucket[]): readonly Bar[] {
  const step = Math.log(growthOf(buckets) ?? 2);
  const slotOf = (bound: number) => Math.round(Math.log(bound) / step);
  const below = spread(
    buckets.filter(({ upper }) => upper < 0),
    ({ lower }) => -slotOf(-lower),
  );
  const above = spread(
    buckets.filter(({ lower }) => lower > 0),
    ({ lower }) => slotOf(lower),
  );
  const zero = buckets.filter(isAroundZero);
  const slots = below.slots + above.slots;
  const kept = zero.length === 0 ? 0 : ZERO_WIDTH + (below.slots > 0 ? ZERO_GAP : 0) + (above.slots > 0 ? ZERO_GAP : 0);
  const width = slots === 0 ? 0 : (100 - kept) / slots;
  const zeroX = below.slots * width + (below.slots > 0 ? ZERO_GAP : 0);
  const aboveX = 100 - above.slots * width;
  return [
    ...below.placed.map(({ bucket, slot }) => ({ x: slot * width, width, bucket, isZero: false })),
    ...zero.map((bucket) => ({ x: zeroX, width: ZERO_WIDTH, bucket, isZero: true })),
    ...above.placed.map(({ bucket, slot }) => ({ x: aboveX + slot * width, width, bucket, isZero: false })),
  ];
}

/** Buckets with their places from 0 on; empty ones between them have places, too. */
function spread(buckets: readonly Bucket[], slotOf: (bucket: Bucket) => number) {
  const slots = buckets.map(slotOf).map((slot) => (Number.isFinite(slot) ? slot : 0));
  const first = slots.reduce((least, slot) => Math.min(least, slot), Number.POSITIVE_INFINITY);
  const last = slots.reduce((most, slot) => Math.max(most, slot), Number.NEGATIVE_INFINITY);
  const placed = buckets.map((bucket, i) => ({ bucket, slot: (slots[i] ?? 0) - first }));
  return { placed, slots: buckets.length === 0 ? 0 : last - first + 1 };
}

const percent = (share: number): string => `${share.toFixed(2)}%`;

interface DrawnProps extends Pick<BarsProps, "name" | "quantiles"> {
  readonly bars: readonly Bar[];
  readonly about: string;
  readonly children: ComponentChildren;
}

function Bars({ name, bars, quantiles, about, children }: DrawnProps) {
  const drawn = atMost(MOST_BARS, bars);
  const highest = drawn.reduce((most, { bucket }) => Math.max(most, bucket.count), 1e-300);
  const total = drawn.reduce((sum, { bucket }) => sum + bucket.count, 0);
  const withCounts = drawn.length <= COUNTED_BARS;
  return (
    <svg role="img" aria-label={`${about} The exposition holds the numbers.`}>
      {drawn.map((bar) => (
        <BarOf key={bar.bucket.lower} bar={bar} name={name} highest={highest} total={total} withCount={withCounts} />
      ))}
      {children}
      {quantiles.map(({ label, at }) => at !== null && <Mark key={label} label={label} x={markX(bars, at)} />)}
    </svg>
  );
}

/** Neighbours are drawn as one where there are more bars than can be told apart. */
function atMost(most: number, bars: readonly Bar[]): readonly Bar[] {
  const size = Math.ceil(bars.length / most);
  if (size <= 1) return bars;
  return Array.from({ length: most }, (_, i) => joined(bars.slice(i * size, (i + 1) * size))).flat();
}

/** One bar in place of some; none of none. */
function joined(bars: readonly Bar[]): readonly Bar[] {
  const [first, last] = [bars[0], bars.at(-1)];
  if (first === undefined || last === undefined) return [];
  const count = bars.reduce((sum, { bucket }) => sum + bucket.count, 0);
  const bucket = { lower: first.bucket.lower, upper: last.bucket.upper, count };
  return [{ x: first.x, width: last.x + last.width - first.x, bucket, isZero: false }];
}

/** Buckets and bars are in the same order. */
function markX(bars: readonly Bar[], { bucket, within }: Quantile): number {
  const bar = bars[bucket];
  return bar === undefined ? 0 : bar.x + bar.width * within;
}

interface BarProps {
  readonly bar: Bar;
  readonly name: string;
  readonly highest: number;
  readonly total: number;
  readonly withCount: boolean;
}

function BarOf({ bar, name, highest, total, withCount }: BarProps) {
  const { x, width, bucket, isZero } = bar;
  const { count } = bucket;
  const height = count === 0 ? 0 : Math.max(LEAST_HEIGHT, (MOST_HEIGHT * count) / highest);
  const gap = Math.min(0.25, width / 20);
  const y = BASE - height;
  return (
    <g>
      <title>{titleOf(bar, name, total)}</title>
      <rect class="slot" x={percent(x)} y={TOP} width={percent(width)} height={BASE - TOP} />
      <rect
        class={isZero ? "z" : "b"}
        x={percent(x + gap)}
        y={y.toFixed(1)}
        width={percent(width - 2 * gap)}
        height={height.toFixed(1)}
        rx="2"
      />
      {withCount && count > 0 && (
        <text class="n" x={percent(x + width / 2)} y={(y - 5).toFixed(1)} text-anchor="middle">
          {measureText("", count)}
        </text>
      )}
    </g>
  );
}

function titleOf({ bucket, isZero }: Bar, name: string, total: number): string {
  const { lower, upper, count } = bucket;
  const share = total === 0 ? "" : ` (${((100 * count) / total).toFixed(1)} %)`;
  const where = isZero
    ? `zero bucket, at most ${measureText(name, upper)} from 0`
    : `${measureText(name, lower)} to ${measureText(name, upper)}`;
  return `${where}: ${measureText("", count)}${share}`;
}

function Tick({ x, text, isOdd }: { x: number; text: string; isOdd: boolean }) {
  return (
    <>
      <line x1={percent(x)} x2={percent(x)} y1={BASE} y2={TICK_END} />
      <text class={isOdd ? "odd" : undefined} x={percent(x)} y={WORDS} text-anchor="middle">
        {text}
      </text>
    </>
  );
}

/** Where a quantile lies. */
function Mark({ label, x }: { label: string; x: number }) {
  return (
    <>
      <line class="q" x1={percent(x)} x2={percent(x)} y1="8" y2={BASE} />
      <svg x={percent(x)} overflow="visible" aria-hidden="true">
        <text class="qt" x="5" y="14">
          {label}
        </text>
      </svg>
    </>
  );
}
