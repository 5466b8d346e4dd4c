import { NO_PUSH_ID_LIMITS, type PushIdLimits } from "./push-id.ts";

/** How much one push may carry. */
export interface PushLimits {
  /** Exposition lines, and as many metrics. */
  readonly maxSeries: number;
  readonly maxFamilies: number;
  /** Labels of one series without those of the grouping key, and labels of the grouping key. */
  readonly maxLabels: number;
  /** Of all labels of one series together, as they are in the body. */
  readonly maxLabelsBytes: number;
  /**
   * Of a metric name, label name, label value or help text as it is in the body, and of names and values in the path.
   */
  readonly maxTextBytes: number;
}

/** How much the store may hold. */
export interface StoreLimits {
  readonly maxGroups: number;
  readonly maxSeries: number;
  readonly maxFamilies: number;
  /** Of the memory of everything kept, by the store's own count, and of help texts as often as they are sent. */
  readonly maxSizeBytes: number;
  /** Of one group, its push times among them. */
  readonly maxGroupSeries: number;
  /** Of the lines of one group, the records beside them, and its help texts. */
  readonly maxGroupBytes: number;
  readonly pushIds: PushIdLimits;
}

/** The limits, by the flags that set them: what metrics and rejections call them. */
export const LIMIT_NAMES = [
  "push.max-body-size",
  "push.max-buffered-size",
  "push.max-decompressed-size",
  "push.max-families",
  "push.max-label-length",
  "push.max-labels",
  "push.max-labels-size",
  "push.max-series",
  "store.max-families",
  "store.max-group-series",
  "store.max-group-size",
  "store.max-groups",
  "store.max-series",
  "store.max-size",
  "web.body-timeout",
  "web.max-connections",
  "web.max-held-size",
  "web.max-pushes-in-flight",
  "web.max-scrapes-in-flight",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

export const NO_PUSH_LIMITS: PushLimits = {
  maxSeries: Infinity,
  maxFamilies: Infinity,
  maxLabels: Infinity,
  maxLabelsBytes: Infinity,
  maxTextBytes: Infinity,
};

export const NO_STORE_LIMITS: StoreLimits = {
  maxGroups: Infinity,
  maxSeries: Infinity,
  maxFamilies: Infinity,
  maxSizeBytes: Infinity,
  maxGroupSeries: Infinity,
  maxGroupBytes: Infinity,
  pushIds: NO_PUSH_ID_LIMITS,
};
