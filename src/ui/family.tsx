/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import type { Family, Metric } from "./answers.ts";
import { ClassicBars, NativeBars } from "./bars.tsx";
import { isDrawn } from "./fitting.ts";
import {
  type Bucket,
  classicBuckets,
  classicQuantile,
  growthOf,
  isAroundZero,
  isNative,
  nativeBuckets,
  nativeQuantile,
  numberOf,
  schemaOf,
} from "./histogram.ts";
import { Labels, Seen, Track } from "./text.tsx";
import { countText, durationText, meaningOf, measureText } from "./words.ts";

/** Characters of a help text, and of a name. */
const HELP_CHARACTERS = 2000;
const NAME_CHARACTERS = 400;
/** Quantiles of a summary that are drawn. */
const MOST_QUANTILES = 50;
const QUANTILES = [
  { label: "p50", q: 0.5 },
  { label: "p95", q: 0.95 },
  { label: "p99", q: 0.99 },
] as const;

interface FamilyProps {
  readonly family: Family;
  /** So many of its metrics are shown. */
  readonly most: number;
  readonly nowSeconds: number;
  /** A link to where all of it is. */
  readonly whole: ComponentChildren;
}

/** A metric family of one group: a value, series, histograms or summaries. */
export function FamilyView({ family, most, nowSeconds, whole }: FamilyProps) {
  const { name, help, metrics, metrics_total: total } = family;
  const single = singleValue(family);
  const areDrawn = isDrawn(metrics);
  const shown = metrics.slice(0, most);
  return (
    <section class="family">
      <header>
        <h2>
          <Seen text={name} most={NAME_CHARACTERS} />
          <span class="type">{typeWords(family)}</span>
        </h2>
        {single !== null && <Value name={name} value={single} nowSeconds={nowSeconds} />}
        {help !== "" && (
          <p>
            <Seen text={help} most={HELP_CHARACTERS} />
          </p>
        )}
      </header>
      {areDrawn && shown.map((metric, i) => <Drawn key={i} name={name} metric={metric} />)}
      {!areDrawn && shown.length > 0 && single === null && (
        <Series name={name} metrics={shown} nowSeconds={nowSeconds} />
      )}
      {total > shown.length && (
        <p class="quiet">
          {shown.length === 0
            ? "More than is shown at once."
            : `The first ${countText(shown.length)} of ${countText(total)}.`}{" "}
          {whole}
        </p>
      )}
    </section>
  );
}

function typeWords({ type, metrics }: Family): string {
  const words = type.toLowerCase().replace("_", " ");
  return metrics.some(isNative) ? `native ${words}` : words;
}

/** Of a family with one metric that has no labels but its group's. */
function singleValue({ metrics, metrics_total: total }: Family): string | null {
  const [only] = metrics;
  if (total !== 1 || only === undefined || Object.keys(only.labels).length > 0) return null;
  return only.value ?? null;
}

function Value({ name, value, nowSeconds }: { name: string; value: string; nowSeconds: number }) {
  const meaning = meaningOf(name, value, nowSeconds);
  return (
    <div class="value">
      <b>{value}</b>
      {meaning !== null && <small>{meaning}</small>}
    </div>
  );
}

function Series({ name, metrics, nowSeconds }: { name: string; metrics: readonly Metric[]; nowSeconds: number }) {
  return (
    <table class="series">
      <tbody>
        {metrics.map(({ labels, value = "" }, i) => (
          <tr key={i}>
            <td>
              {Object.keys(labels).length === 0 ? <span class="quiet">no labels</span> : <Labels labels={labels} />}
            </td>
            <td>
              <Meaning text={meaningOf(name, value, nowSeconds)} />
              {value}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Meaning({ text }: { text: string | null }) {
  return text === null ? null : <small class="quiet">{text} </small>;
}

/** A histogram or a summary. */
function Drawn({ name, metric }: { name: string; metric: Metric }) {
  const { buckets, quantiles } = metric;
  if (isNative(metric)) return <NativeHistogram name={name} metric={metric} buckets={nativeBuckets(metric.buckets)} />;
  if (quantiles !== undefined) return <Summary name={name} metric={metric} quantiles={quantiles} />;
  const classic = buckets as Readonly<Record<string, string>> | undefined;
  return <Histogram name={name} metric={metric} buckets={classicBuckets(classic ?? {})} />;
}

interface HistogramProps {
  readonly name: string;
  readonly metric: Metric;
  readonly buckets: readonly Bucket[];
}

function Histogram({ name, metric, buckets }: HistogramProps) {
  const found = QUANTILES.map(({ label, q }) => ({ label, at: classicQuantile(buckets, q) }));
  return (
    <div class="hist">
      <div>
        <Labels labels={metric.labels} />
        <ClassicBars name={name} buckets={buckets} quantiles={found.slice(0, 2)} />
      </div>
      <dl class="stats">
        <Totals name={name} metric={metric} />
        {found.map(
          ({ label, at }) => at !== null && <Stat key={label} term={`${label} ≈`} text={measureText(name, at.value)} />,
        )}
      </dl>
    </div>
  );
}

function NativeHistogram({ name, metric, buckets }: HistogramProps) {
  const found = QUANTILES.slice(0, 2).map(({ label, q }) => ({ label, at: nativeQuantile(buckets, q) }));
  const growth = growthOf(buckets);
  const zero = buckets.find(isAroundZero);
  return (
    <div class="hist">
      <div>
        <Labels labels={metric.labels} />
        <NativeBars name={name} buckets={buckets} quantiles={found} />
      </div>
      <dl class="stats">
        <Totals name={name} metric={metric} />
        {found.map(
          ({ label, at }) => at !== null && <Stat key={label} term={`${label} ≈`} text={measureText(name, at.value)} />,
        )}
        {growth !== null && <Stat term="schema" text={`${schemaOf(growth)} (×${growth.toFixed(2)})`} />}
        {zero !== undefined && <Stat term="zero bucket" text={measureText("", zero.count)} />}
      </dl>
    </div>
  );
}

function Summary({
  name,
  metric,
  quantiles,
}: Omit<HistogramProps, "buckets"> & { quantiles: Readonly<Record<string, string>> }) {
  const values = Object.entries(quantiles)
    .map(([q, value]) => ({ q: Number(q), value: numberOf(value) }))
    .sort((a, b) => a.q - b.q)
    .slice(0, MOST_QUANTILES);
  const highest = Math.max(0, ...values.map(({ value }) => (Number.isFinite(value) ? value : 0)));
  return (
    <div class="hist">
      <div>
        <Labels labels={metric.labels} />
        <ul class="quant">
          {values.map(({ q, value }) => (
            <li key={q}>
              <span>p{Number((q * 100).toPrecision(6))}</span>
              <Track share={highest > 0 && Number.isFinite(value) ? value / highest : 0} />
              <b>{measureText(name, value)}</b>
            </li>
          ))}
        </ul>
      </div>
      <dl class="stats">
        <Totals name={name} metric={metric} />
      </dl>
    </div>
  );
}

function Totals({ name, metric }: Omit<HistogramProps, "buckets">) {
  const count = metric.count === undefined ? null : numberOf(metric.count);
  const sum = metric.sum === undefined ? null : numberOf(metric.sum);
  return (
    <>
      {count !== null && <Stat term="count" text={measureText("", count)} />}
      {sum !== null && <Stat term="sum" text={sumText(name, sum)} />}
      {count !== null && sum !== null && count > 0 && <Stat term="mean" text={measureText(name, sum / count)} />}
    </>
  );
}

/** A sum of durations is one of seconds: it is no time that anything took. */
function sumText(name: string, sum: number): string {
  if (!/_seconds$/.test(name) || !Number.isFinite(sum)) return measureText(name, sum);
  const [whole = "", fraction = ""] = Math.abs(sum).toFixed(2).split(".");
  return Math.abs(sum) < 1 ? durationText(sum) : `${sum < 0 ? "−" : ""}${countText(Number(whole))}.${fraction} s`;
}

function Stat({ term, text }: { term: string; text: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{text}</dd>
    </div>
  );
}
