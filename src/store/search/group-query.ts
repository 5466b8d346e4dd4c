import type { Selector } from "../../match/selector.ts";
import type { GroupReach } from "../../model/principal.ts";

/**
 * Orders of groups. `stored`: by their ids, which groups keep as long as they live. `labels`: by key. The others by the
 * time of the last push that succeeded or failed, by series, and by size; with a minus the largest come first.
 */
export const GROUP_SORTS = ["stored", "labels", "-pushed", "pushed", "-failed", "-series", "-bytes"] as const;
export type GroupSort = (typeof GROUP_SORTS)[number];

/** A place in an order: behind the group of this id, which has this value there. */
export interface GroupPlace {
  /** A number, or for `labels` the key. */
  readonly value: number | Uint8Array;
  readonly id: number;
}

/** Which groups are asked for; what is null or empty asks for nothing. */
export interface GroupQuery {
  /** Whom the groups are for: all that it does not cover are as if they were not there. */
  readonly reach: GroupReach | null;
  /** Any of these holds. */
  readonly selectors: readonly Selector[];
  /** All of these are in the key, whatever the case of ASCII letters. */
  readonly words: readonly string[];
  readonly state: "failing" | "ok" | null;
  /** Seconds since 1970 between which the last push that succeeded lies, both included. */
  readonly pushedBefore: number | null;
  readonly pushedAfter: number | null;
}

/** Which of the groups that are found are wanted, and how. */
export interface GroupPage {
  readonly sort: GroupSort;
  readonly limit: number;
  /** Groups behind this place; null: from the first one on. */
  readonly after: GroupPlace | null;
}
