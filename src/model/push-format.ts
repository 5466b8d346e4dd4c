/** What the body of a push is, once it is decoded: the text format, OpenMetrics, or delimited MetricFamily messages. */
export type PushFormat = "text" | "openmetrics" | "protobuf";
