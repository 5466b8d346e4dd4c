/** What becomes of a gauge that is there where a push is added up. */
export const GAUGE_RULES = ["replace", "sum", "min", "max"] as const;

export type GaugeRule = (typeof GAUGE_RULES)[number];
