import { type TSchema, Type } from "@sinclair/typebox";

/** Of objects that have the properties named and no others. */
export const CLOSED = { additionalProperties: false } as const;

/** An answer of the JSON API. */
export const success = <T extends TSchema>(data: T) => Type.Object({ status: Type.Literal("success"), data }, CLOSED);

/** A tuple: TypeBox writes those as JSON Schema did before 2020, which OpenAPI 3.1 follows. */
const NativeBucket = Type.Unsafe<[number, string, string, string]>({
  type: "array",
  prefixItems: [Type.Integer(), Type.String(), Type.String(), Type.String()],
  items: false,
  minItems: 4,
  description: "Of a native histogram: which ends belong to the bucket, lower bound, upper bound, count.",
});

/** What is told of a metric. */
export const METRIC_PROPERTIES = {
  labels: Type.Record(Type.String(), Type.String()),
  value: Type.Optional(Type.String({ description: "Of a counter, gauge or untyped metric." })),
  count: Type.Optional(Type.String()),
  sum: Type.Optional(Type.String()),
  quantiles: Type.Optional(Type.Record(Type.String(), Type.String())),
  buckets: Type.Optional(
    Type.Union([
      Type.Record(Type.String(), Type.String(), { description: "Cumulative counts by upper bound." }),
      Type.Array(NativeBucket),
    ]),
  ),
};

export const FamilyType = Type.Union(
  ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"].map((name) => Type.Literal(name)),
);

export const PushedAt = Type.String({ format: "date-time", description: "When the family was pushed." });
