import type { MetricType } from "./metric-type.ts";
import type { GroupView, LabelPair } from "./view.ts";

/** One family of a group that was kept; `lines` and `side` are as in GroupFamily. All bytes are borrowed from whoever read them. */
export interface KeptFamily {
  readonly name: Uint8Array;
  readonly type: MetricType;
  /** Without escapes. */
  readonly help: Uint8Array | null;
  readonly pushedMs: number;
  readonly metricCount: number;
  readonly lineCount: number;
  readonly lines: Uint8Array;
  readonly side: Uint8Array | null;
}

/** One group as it was kept outside of memory. */
export interface KeptGroup {
  readonly labels: readonly LabelPair[];
  readonly succeededSeconds: number;
  readonly failedSeconds: number;
  readonly families: readonly KeptFamily[];
}

/** A group as the store lends it, with what keeping it needs besides. */
export interface KeyedGroup {
  /** The label block of its key. */
  readonly key: Uint8Array;
  readonly view: GroupView;
  readonly succeededSeconds: number;
  readonly failedSeconds: number;
}
