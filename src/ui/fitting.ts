import type { Family, Metric } from "./answers.ts";

/** Histograms and summaries of one family that are drawn; the exposition has the others. */
const DRAWN = 12;
/** Elements that all metrics of a page are drawn with, about. */
const MOST_ELEMENTS = 20_000;
/** Of a row of a table, of each label, of a bar, of a quantile, and of what stands beside a histogram. */
const ROW_ELEMENTS = 5;
const LABEL_ELEMENTS = 4;
const BAR_ELEMENTS = 5;
const QUANTILE_ELEMENTS = 6;
const BESIDE_ELEMENTS = 60;
const MOST_LABELS = 60;
const MOST_BARS = 200;

/** How many metrics of each family are shown, so that a page of whatever was pushed can be drawn. */
export function metricsThatFit(families: readonly Family[], most = MOST_ELEMENTS): readonly number[] {
  let left = most;
  return families.map(({ metrics }) => {
    const areDrawn = isDrawn(metrics);
    const limit = areDrawn ? DRAWN : Number.POSITIVE_INFINITY;
    let shown = 0;
    for (const metric of metrics) {
      // Of each family one is shown at the least, if it is not drawn: that is much.
      if (shown === limit || (left <= 0 && (shown > 0 || areDrawn))) break;
      left -= elementsOf(metric);
      shown++;
    }
    return shown;
  });
}

/** Whether they are histograms or summaries. */
export const isDrawn = (metrics: readonly Metric[]): boolean => metrics.some(({ count }) => count !== undefined);

function elementsOf({ labels, count, quantiles = {}, buckets = {} }: Metric): number {
  const ofLabels = LABEL_ELEMENTS * Math.min(MOST_LABELS, Object.keys(labels).length);
  if (count === undefined) return ROW_ELEMENTS + ofLabels;
  const bars = Math.min(MOST_BARS, Object.keys(buckets).length);
  return BESIDE_ELEMENTS + ofLabels + BAR_ELEMENTS * bars + QUANTILE_ELEMENTS * Object.keys(quantiles).length;
}
