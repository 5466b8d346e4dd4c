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
type Content = Scalar | Message;
/** uint32 and int32 are the low 32 bits of their varint, int64 and uint64 all 64; sint32 and sint64 are zigzag. */
export type Scalar = "uint32" | "int32" | "uint64" | "int64" | "sint32" | "sint64" | "double" | "string";
export interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
  /** The fields by their numbers. */
  readonly byNumber: readonly (Field | undefined)[];
  /** Numbers that are 0 count as absent (proto3). */
  readonly isImplicit: boolean;
}

function message(name: string, ...fields: readonly Field[]): Message {
  const byNumber: Field[] = [];
  for (const field of fields) byNumber[field.number] = field;
  return { name, fields, byNumber, isImplicit: false };
}
const one = (number: number, name: string, content: Content): Field => ({ number, name, content, repeated: false });
const many = (number: number, name: string, content: Content): Field => ({ number, name, content, repeated: true });

const timestamp = {
  ...message("Timestamp", one(1, "seconds", "int64"), one(2, "nanos", "int32")),
  isImplicit: true,
};
const labelPair = message("LabelPair", one(1, "name", "string"), one(2, "value", "string"));
const exemplar = message(
  "Exemplar",
  many(1, "label", labelPair),
  one(2, "value", "double"),
  one(3, "timestamp", timestamp),
);
const bucket = message(
  "Bucket",
  one(1, "cumulative_count", "uint64"),
  one(4, "cumulative_count_float", "double"),
  one(2, "upper_bound", "double"),
  one(3, "exemplar", exemplar),
);
const span = message("BucketSpan", one(1, "offset", "sint32"), one(2, "length", "uint32"));
const quantile = message("Quantile", one(1, "quantile", "double"), one(2, "value", "double"));
const counter = message(
  "Counter",
  one(1, "value", "double"),
  one(2, "exemplar", exemplar),
  one(3, "created_timestamp", timestamp),
);
const summary = message(
  "Summary",
  one(1, "sample_count", "uint64"),
  one(2, "sample_sum", "double"),
  many(3, "quantile", quantile),
  one(4, "created_timestamp", timestamp),
);
const histogram = message(
  "Histogram",
  one(1, "sample_count", "uint64"),
  one(4, "sample_count_float", "double"),
  one(2, "sample_sum", "double"),
  many(3, "bucket", bucket),
  one(15, "created_timestamp", timestamp),
  one(5, "schema", "sint32"),
  one(6, "zero_threshold", "double"),
  one(7, "zero_count", "uint64"),
  one(8, "zero_count_float", "double"),
  many(9, "negative_span", span),
  many(10, "negative_delta", "sint64"),
  many(11, "negative_count", "double"),
  many(12, "positive_span", span),
  many(13, "positive_delta", "sint64"),
  many(14, "positive_count", "double"),
  many(16, "exemplars", exemplar),
);

export const METRIC = message(
  "Metric",
  many(1, "label", labelPair),
  one(2, "gauge", message("Gauge", one(1, "value", "double"))),
  one(3, "counter", counter),
  one(4, "summary", summary),
  one(5, "untyped", message("Untyped", one(1, "value", "double"))),
  one(7, "histogram", histogram),
  one(6, "timestamp_ms", "int64"),
);

/** The wire type of one value of a field. */
export function wireOf(content: Content): number {
  if (content === "double") return WIRE_FIXED64;
  return typeof content === "object" || content === "string" ? WIRE_BYTES : WIRE_VARINT;
}

/** Whether the record at a cursor is a value, or several packed ones, of the field that its number names. */
export function isKnownField(shape: Message, record: FieldCursor): boolean {
  const field = shape.byNumber[record.field];
  if (field === undefined) return false;
  return wireOf(field.content) === record.wire || isPacked(field, record);
}

/** Whether a record of a field is a run of numbers. */
export function isPacked({ content, repeated }: Field, record: FieldCursor): boolean {
  return repeated && record.wire === WIRE_BYTES && wireOf(content) !== WIRE_BYTES;
}
