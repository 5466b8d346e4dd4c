import type { MetricType } from "./metric-type.ts";

/** The families of the Pushgateway's own metrics, by name: a push may add to one but not change its type. */
export type ReservedFamilies = ReadonlyMap<string, { readonly type: MetricType; readonly help: string }>;
