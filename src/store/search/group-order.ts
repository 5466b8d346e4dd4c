import { Broken } from "../../bytes/broken.ts";
import type { GroupTexts } from "../table/group-texts.ts";
import type { Groups } from "../table/groups.ts";
import { FirstByKey } from "./first-by-key.ts";
import { FirstByNumber } from "./first-by-number.ts";
import type { GroupPlace, GroupSort } from "./group-query.ts";

/** Of many groups the first ones in an order, as many as are wanted. */
export interface FirstGroups {
  /** Takes a group where it is among the first so far. Its place is that of this moment. */
  offer(id: number, row: number): void;
  /** In order, without those that are gone since. */
  taken(): GroupPlace[];
}

/** One of the orders of groups. */
export interface GroupOrder {
  /** Below 0: the group comes before that place, which is one of this order. */
  readonly compare: (id: number, place: GroupPlace) => number;
  readonly first: (texts: GroupTexts, limit: number) => FirstGroups;
}

/** What groups are sorted by, but for `labels`: the smallest comes first. */
const NUMBER_OF: Readonly<Record<Exclude<GroupSort, "labels">, (groups: Groups) => (id: number) => number>> = {
  stored: () => (id) => id,
  pushed: (groups) => (id) => groups.succeededSeconds(id),
  "-pushed": (groups) => (id) => -groups.succeededSeconds(id),
  "-failed": (groups) => (id) => -groups.failedSeconds(id),
  "-series": (groups) => (id) => -groups.seriesCount(id),
  "-bytes": (groups) => (id) => -groups.heldBytes(id),
};

/** Groups that are equal in an order come by their ids. */
export function orderOf(groups: Groups, sort: GroupSort): GroupOrder {
  return sort === "labels" ? orderByKey(groups) : orderByNumber(NUMBER_OF[sort](groups));
}

function orderByNumber(numberOf: (id: number) => number): GroupOrder {
  return {
    compare: (id, { id: other, value }) => numberOf(id) - numberIn(value) || id - other,
    first: (texts, limit) => new FirstByNumber(numberOf, texts, limit),
  };
}

function orderByKey({ table }: Groups): GroupOrder {
  return {
    compare: (id, { value }) => table.compareKey(id, keyIn(value)),
    first: (texts, limit) => new FirstByKey(table, texts, limit),
  };
}

function numberIn(value: GroupPlace["value"]): number {
  if (typeof value !== "number") throw new Broken("comparing places of groups: a number is expected, not a key");
  return value;
}

function keyIn(value: GroupPlace["value"]): Uint8Array {
  if (typeof value === "number") throw new Broken(`comparing places of groups: a key is expected, not ${value}`);
  return value;
}
