import {
  BUCKET_BOUND,
  BUCKET_COUNT,
  BUCKET_COUNT_FLOAT,
  BUCKET_EXEMPLAR,
  COUNTER_CREATED,
  COUNTER_EXEMPLAR,
  EXEMPLAR_LABEL,
  EXEMPLAR_TIMESTAMP,
  EXEMPLAR_VALUE,
  HISTOGRAM_BUCKET,
  HISTOGRAM_COUNT,
  HISTOGRAM_COUNT_FLOAT,
  HISTOGRAM_CREATED,
  HISTOGRAM_EXEMPLAR,
  HISTOGRAM_NEGATIVE_COUNT,
  HISTOGRAM_NEGATIVE_DELTA,
  HISTOGRAM_NEGATIVE_SPAN,
  HISTOGRAM_POSITIVE_COUNT,
  HISTOGRAM_POSITIVE_DELTA,
  HISTOGRAM_POSITIVE_SPAN,
  HISTOGRAM_SCHEMA,
  HISTOGRAM_SUM,
  HISTOGRAM_ZERO_COUNT,
  HISTOGRAM_ZERO_COUNT_FLOAT,
  HISTOGRAM_ZERO_THRESHOLD,
  METRIC_COUNTER,
  METRIC_GAUGE,
  METRIC_HISTOGRAM,
  METRIC_LABEL,
  METRIC_SUMMARY,
  METRIC_TIMESTAMP_MS,
  METRIC_UNTYPED,
  PAIR_NAME,
  PAIR_VALUE,
  QUANTILE_RANK,
  QUANTILE_VALUE,
  SINGLE_VALUE,
  SPAN_LENGTH,
  SPAN_OFFSET,
  SUMMARY_COUNT,
  SUMMARY_CREATED,
  SUMMARY_QUANTILE,
  SUMMARY_SUM,
  TIMESTAMP_NANOS,
  TIMESTAMP_SECONDS,
} from "./field-numbers.ts";
import { type FieldCursor, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "./wire.ts";

/**
 * The messages of io.prometheus.client (https://github.com/prometheus/client_model, metrics.proto): what the fields
 * hold and what they are called, in the order in which they are declared. A field that comes with another wire type is
 * an unknown one, as in Go. Repeated numbers may come packed.
 */
export interface Field {
  readonly number: number;
  readonly name: string;
  readonly content: Content;
  /** Several records of the field are several values; otherwise messages are merged and of numbers the last counts. */
  readonly repeated: boolean;
}
type Content = Scalar | MessageSchema;
/** uint32 and int32 are the low 32 bits of their varint, int64 and uint64 all 64; sint32 and sint64 are zigzag. */
export type Scalar = "uint32" | "int32" | "uint64" | "int64" | "sint32" | "sint64" | "double" | "string";
export interface MessageSchema {
  readonly name: string;
  readonly fields: readonly Field[];
  /** The fields by their numbers. */
  readonly byNumber: readonly (Field | undefined)[];
  /** Numbers that are 0 count as absent (proto3). */
  readonly isImplicit: boolean;
}

function message(name: string, ...fields: readonly Field[]): MessageSchema {
  const byNumber: Field[] = [];
  for (const field of fields) byNumber[field.number] = field;
  return { name, fields, byNumber, isImplicit: false };
}
const one = (number: number, name: string, content: Content): Field => ({ number, name, content, repeated: false });
const many = (number: number, name: string, content: Content): Field => ({ number, name, content, repeated: true });

const timestamp = {
  ...message("Timestamp", one(TIMESTAMP_SECONDS, "seconds", "int64"), one(TIMESTAMP_NANOS, "nanos", "int32")),
  isImplicit: true,
};
const labelPair = message("LabelPair", one(PAIR_NAME, "name", "string"), one(PAIR_VALUE, "value", "string"));
const exemplar = message(
  "Exemplar",
  many(EXEMPLAR_LABEL, "label", labelPair),
  one(EXEMPLAR_VALUE, "value", "double"),
  one(EXEMPLAR_TIMESTAMP, "timestamp", timestamp),
);
const bucket = message(
  "Bucket",
  one(BUCKET_COUNT, "cumulative_count", "uint64"),
  one(BUCKET_COUNT_FLOAT, "cumulative_count_float", "double"),
  one(BUCKET_BOUND, "upper_bound", "double"),
  one(BUCKET_EXEMPLAR, "exemplar", exemplar),
);
const span = message("BucketSpan", one(SPAN_OFFSET, "offset", "sint32"), one(SPAN_LENGTH, "length", "uint32"));
const quantile = message("Quantile", one(QUANTILE_RANK, "quantile", "double"), one(QUANTILE_VALUE, "value", "double"));
const counter = message(
  "Counter",
  one(SINGLE_VALUE, "value", "double"),
  one(COUNTER_EXEMPLAR, "exemplar", exemplar),
  one(COUNTER_CREATED, "created_timestamp", timestamp),
);
const summary = message(
  "Summary",
  one(SUMMARY_COUNT, "sample_count", "uint64"),
  one(SUMMARY_SUM, "sample_sum", "double"),
  many(SUMMARY_QUANTILE, "quantile", quantile),
  one(SUMMARY_CREATED, "created_timestamp", timestamp),
);
const histogram = message(
  "Histogram",
  one(HISTOGRAM_COUNT, "sample_count", "uint64"),
  one(HISTOGRAM_COUNT_FLOAT, "sample_count_float", "double"),
  one(HISTOGRAM_SUM, "sample_sum", "double"),
  many(HISTOGRAM_BUCKET, "bucket", bucket),
  one(HISTOGRAM_CREATED, "created_timestamp", timestamp),
  one(HISTOGRAM_SCHEMA, "schema", "sint32"),
  one(HISTOGRAM_ZERO_THRESHOLD, "zero_threshold", "double"),
  one(HISTOGRAM_ZERO_COUNT, "zero_count", "uint64"),
  one(HISTOGRAM_ZERO_COUNT_FLOAT, "zero_count_float", "double"),
  many(HISTOGRAM_NEGATIVE_SPAN, "negative_span", span),
  many(HISTOGRAM_NEGATIVE_DELTA, "negative_delta", "sint64"),
  many(HISTOGRAM_NEGATIVE_COUNT, "negative_count", "double"),
  many(HISTOGRAM_POSITIVE_SPAN, "positive_span", span),
  many(HISTOGRAM_POSITIVE_DELTA, "positive_delta", "sint64"),
  many(HISTOGRAM_POSITIVE_COUNT, "positive_count", "double"),
  many(HISTOGRAM_EXEMPLAR, "exemplars", exemplar),
);

export const METRIC = message(
  "Metric",
  many(METRIC_LABEL, "label", labelPair),
  one(METRIC_GAUGE, "gauge", message("Gauge", one(SINGLE_VALUE, "value", "double"))),
  one(METRIC_COUNTER, "counter", counter),
  one(METRIC_SUMMARY, "summary", summary),
  one(METRIC_UNTYPED, "untyped", message("Untyped", one(SINGLE_VALUE, "value", "double"))),
  one(METRIC_HISTOGRAM, "histogram", histogram),
  one(METRIC_TIMESTAMP_MS, "timestamp_ms", "int64"),
);

/** The wire type of one value of a field. */
export function wireOf(content: Content): number {
  if (content === "double") return WIRE_FIXED64;
  return typeof content === "object" || content === "string" ? WIRE_BYTES : WIRE_VARINT;
}

/** Whether the record at a cursor is a value, or several packed ones, of the field that its number names. */
export function isKnownField(schema: MessageSchema, record: FieldCursor): boolean {
  const field = schema.byNumber[record.field];
  if (field === undefined) return false;
  return wireOf(field.content) === record.wire || isPacked(field, record);
}

/** Whether a record of a field is a run of numbers. */
export function isPacked({ content, repeated }: Field, record: FieldCursor): boolean {
  return repeated && record.wire === WIRE_BYTES && wireOf(content) !== WIRE_BYTES;
}
