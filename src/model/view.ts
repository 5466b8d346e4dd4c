import type { MetricType } from "./metric-type.ts";

/** One label: an unescaped name and an unescaped value. */
export interface LabelPair {
  readonly name: string;
  readonly value: string;
}

/** A group by its key. */
export interface AddressedGroup {
  /** The label block of its key: it names this group and no other. */
  readonly block: string;
  readonly labels: readonly LabelPair[];
}

/**
 * One family of one group, as the read side sees it. Its bytes are borrowed from the store: valid until the next turn
 * of the event loop, never to be written.
 *
 * `lines` are finished exposition lines in the text format 0.0.4, without HELP and TYPE, each ended by a line feed:
 *
 *     name[suffix]{label="value",...} value            a name of the old character set
 *     {"na.me",label="value",...} value                 any other UTF-8 name; such label names are quoted as well
 *
 * Labels are sorted by name and always hold `instance` and `job`; `quantile` or `le` come last. The lines of one metric
 * are together: quantiles, `_sum`, `_count` for a summary; buckets (always one for +Inf), `_sum`, `_count` for a
 * histogram.
 *
 * `side` is set where lines alone do not say everything (native histograms, exemplars, created timestamps, absent
 * fields, a +Inf bucket that was not pushed): the family's metrics as MetricFamily field 4 records, `0x22 length
 * Metric`, one a metric.
 */
export interface GroupFamily {
  readonly name: string;
  /** A small integer: the same in all groups that have the family; once none has it, another family may get it. */
  readonly id: number;
  readonly type: MetricType;
  /** What was said of the type besides, as in type-note.ts. */
  readonly typeNote?: number;
  /** As pushed, without escapes; null where no HELP was pushed. */
  readonly help: Uint8Array | null;
  /** Some name in the lines is outside the old character set. */
  readonly quoted: boolean;
  /**
   * By which it is decided what is shown of that which contradicts itself, in milliseconds since 1970: since when the
   * name has this type, or the chunk is set aside for series that it doubles. 0 where nothing is contradictory.
   */
  readonly age: number;
  readonly isAside: boolean;
  /** When the family was pushed, in milliseconds since 1970. */
  readonly pushedMs: number;
  readonly metricCount: number;
  readonly lineCount: number;
  readonly lines: Uint8Array;
  readonly side: Uint8Array | null;
}

/** A family as it is shown to people and programs. */
export type ShownFamily = Omit<GroupFamily, "age" | "isAside">;

/** One group as it was at one moment, to be shown over any number of turns. */
export interface ShownGroup {
  /** The grouping labels, sorted by name, `job` among them. */
  readonly labels: readonly LabelPair[];
  readonly lastPushSuccessful: boolean;
  /** The family of a name; null where the group has none. */
  readonly find: (name: string) => ShownFamily | null;
  /** Sorted by name, the push times among them; null: a turn of the loop may be taken. */
  readonly families: Iterable<ShownFamily | null>;
}

/**
 * Groups one after the other, each to be shown before the next one is asked for; null: a turn of the loop may be taken.
 */
export type ShownGroups = Iterable<ShownGroup | null>;

/** A group in a list: what it holds is counted. */
export interface GroupSummary {
  readonly labels: readonly LabelPair[];
  readonly lastPushSuccessful: boolean;
  /** Since 1970; 0: never. */
  readonly succeededSeconds: number;
  readonly failedSeconds: number;
  /** When it goes by itself, since 1970; Infinity: never. */
  readonly expiresSeconds: number;
  readonly familyCount: number;
  readonly seriesCount: number;
  readonly sizeBytes: number;
}

/** One group as the read side sees it within one turn. */
export interface GroupView {
  /** The grouping labels, sorted by name, `job` among them. */
  readonly labels: readonly LabelPair[];
  readonly lastPushSuccessful: boolean;
  /** Sorted by name; the push times are among them. */
  readonly families: readonly GroupFamily[];
}
