/** Over the rounds of one figure. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly rounds: number;
}

/** Whether more or less of it is better. */
export type Better = "more" | "less";

/** What a figure should be: a part of another one, or, if `of` is null, a value. */
export interface Wanted {
  readonly of: "former" | "limit" | null;
  readonly value: number;
}

/** One line of the report. null: not measured, `notes` say why. */
export interface Figure {
  /** As `--only` names it, as in `push/gauges/1000`. */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: Better;
  readonly ours: Spread | null;
  readonly theirs: Spread | null;
  readonly former: Spread | null;
  readonly limit: Spread | null;
  /** null: nothing in particular. */
  readonly wanted: Wanted | null;
  readonly notes: readonly string[];
}

export function spread(values: readonly number[]): Spread | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) return null;
  const upper = sorted[sorted.length >> 1] ?? max;
  const lower = sorted[(sorted.length - 1) >> 1] ?? min;
  return { min, median: (lower + upper) / 2, max, rounds: sorted.length };
}

/** How many times better the first is, by the medians; null where one is missing or nothing. */
export function timesBetter(figure: Figure, than: "theirs" | "former" | "limit"): number | null {
  const [ours, other] = [figure.ours?.median, figure[than]?.median];
  if (!ours || !other) return null;
  return figure.better === "more" ? ours / other : other / ours;
}

/** What was wanted, with what became of it, as in "0.55 of former, wanted at most 0.6". */
export function formatWanted({ ours, better, wanted, ...others }: Figure): string {
  if (wanted === null) return "";
  const words = `wanted at ${better === "more" ? "least" : "most"} ${formatNumber(wanted.value)}`;
  if (wanted.of === null) return words;
  const [own, other] = [ours?.median, others[wanted.of]?.median];
  return own && other ? `${formatNumber(own / other)} of ${wanted.of}, ${words}` : `${words} of ${wanted.of}`;
}

/** Three digits that count, with separators. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en-US", { maximumFractionDigits: Math.min(digits, 4), minimumFractionDigits: 0 });
}
