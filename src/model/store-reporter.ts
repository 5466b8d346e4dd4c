import type { MetricType } from "./metric-type.ts";

/** A metric family that is stored but not shown, for it contradicts what came before it. */
export interface LeftOutFamily {
  readonly name: string;
  readonly type: MetricType;
  /**
   * The label block of the group that pushed it; null where it was shown before, in whatever groups. To be asked at
   * once.
   */
  readonly group: (() => string) | null;
  /** In the words with which a checked push is refused. To be asked at once. */
  readonly why: () => string;
}

/**
 * A family whose chunks have several help texts, or whose help is not that of our own family of the name. Null: no HELP
 * line.
 */
export interface InconsistentHelp {
  readonly name: string;
  readonly type: MetricType;
  /** What is shown. */
  readonly shown: string | null;
  readonly other: string | null;
  readonly isOwn: boolean;
}

/** What the store reports to its operator. */
export interface StoreReporter {
  readonly leftOut: (family: LeftOutFamily) => void;
  /** What a family contradicted is gone: it is shown, the first time or again. */
  readonly shown: (family: { readonly name: string; readonly type: MetricType }) => void;
  /** The time of a group was over, and it has gone: `key` is the label block of its key. */
  readonly expired: (key: Uint8Array) => void;
}

export const NO_REPORTER: StoreReporter = { leftOut: () => {}, shown: () => {}, expired: () => {} };
