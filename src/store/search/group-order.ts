import { Broken } from "../../bytes/broken.ts";
import type { Groups } from "../table/groups.ts";
import type { GroupPlace, GroupSort } from "./group-query.ts";

/** One of the orders of groups. */
export interface GroupOrder {
  /** The value of the place where a group is. */
  readonly valueOf: (id: number) => GroupPlace["value"];
  /** Below 0: the group comes before that place, which is one of this order. */
  readonly compare: (id: number, place: GroupPlace) => number;
}

/** What groups are sorted by, but for `labels` and `stored`: the smallest comes first. */
const NUMBER_OF: Readonly<Record<Exclude<GroupSort, "labels" | "stored">, (groups: Groups, id: number) => number>> = {
  pushed: (groups, id) => groups.succeededSeconds(id),
  "-pushed": (groups, id) => -groups.succeededSeconds(id),
  "-failed": (groups, id) => -groups.failedSeconds(id),
  "-series": (groups, id) => -groups.seriesCount(id),
  "-bytes": (groups, id) => -groups.heldBytes(id),
};

/** Groups that are equal in an order come by their ids. */
export function orderOf(groups: Groups, sort: GroupSort): GroupOrder {
  if (sort === "labels") return orderByKey(groups);
  return sort === "stored" ? BY_ID : orderByNumber(groups, NUMBER_OF[sort]);
}

const BY_ID: GroupOrder = {
  valueOf: (id) => id,
  compare: (id, { id: other }) => id - other,
};

function orderByNumber(groups: Groups, numberOf: (groups: Groups, id: number) => number): GroupOrder {
  return {
    valueOf: (id) => numberOf(groups, id),
    compare: (id, { id: other, value }) => numberOf(groups, id) - numberIn(value) || id - other,
  };
}

function orderByKey(groups: Groups): GroupOrder {
  return {
    valueOf: (id) => groups.table.key(id).slice(),
    compare: (id, { value }) => groups.table.compareKey(id, keyIn(value)),
  };
}

export function comparePlaces(a: GroupPlace, b: GroupPlace): number {
  if (typeof a.value === "number") return a.value - numberIn(b.value) || a.id - b.id;
  return Buffer.compare(a.value, keyIn(b.value));
}

function numberIn(value: GroupPlace["value"]): number {
  if (typeof value !== "number") throw new Broken("comparing places of groups: a number is expected, not a key");
  return value;
}

function keyIn(value: GroupPlace["value"]): Uint8Array {
  if (typeof value === "number") throw new Broken(`comparing places of groups: a key is expected, not ${value}`);
  return value;
}
