/** The message of an exposition in protobuf, and its media type. */
export const METRIC_FAMILY = "io.prometheus.client.MetricFamily";
export const OPENMETRICS = "application/openmetrics-text";
export const PROTOBUF = "application/vnd.google.protobuf";
/** As the official clients write it, and as scrapes are answered. */
export const DELIMITED_PROTOBUF = `${PROTOBUF}; proto=${METRIC_FAMILY}; encoding=delimited`;
