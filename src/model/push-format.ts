/** What the body of a push is, once it is decoded: the text format, or delimited MetricFamily messages. */
export type PushFormat = "text" | "protobuf";
