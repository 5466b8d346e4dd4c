/**
 * The types of a metric family, numbered as in io.prometheus.client.MetricType
 * (https://github.com/prometheus/client_model, metrics.proto).
 */
export const MetricType = {
  counter: 0,
  gauge: 1,
  summary: 2,
  untyped: 3,
  histogram: 4,
  gaugeHistogram: 5,
} as const;

export type MetricType = (typeof MetricType)[keyof typeof MetricType];

/** The names of the protobuf enumeration, by number; the JSON API and error texts print these. */
export const METRIC_TYPE_NAMES = ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"] as const;

/** The words of a TYPE line, by number. The text format 0.0.4 knows no gauge histograms. */
export const METRIC_TYPE_WORDS = ["counter", "gauge", "summary", "untyped", "histogram", "histogram"] as const;

/** Whether a metric of a type has several lines. */
export const isComposite = (type: MetricType): boolean => type === MetricType.summary || type >= MetricType.histogram;

/** Whether a number that protobuf brought is a type. */
export const isMetricType = (type: number): type is MetricType => type >= 0 && type < METRIC_TYPE_NAMES.length;
