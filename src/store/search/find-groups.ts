import type { GroupSummary } from "../../model/view.ts";
import type { Groups } from "../table/groups.ts";
import { FacetCounts, type Facets } from "./facets.ts";
import { orderOf } from "./group-order.ts";
import type { GroupPage, GroupPlace, GroupQuery } from "./group-query.ts";
import { eachGroup, isBegun } from "./group-search.ts";
import { groupSummary } from "./group-summary.ts";

export interface GroupsFound {
  /** Groups in the store, as far as who asks may see them. */
  readonly total: number;
  /** Groups that were asked for, on all pages. */
  readonly matched: number;
  /** Not all groups were looked at: it was too much. */
  readonly isPartial: boolean;
  /** Those of the page, in order. */
  readonly groups: readonly GroupSummary[];
  /** Where the page ends; null: nothing follows. */
  readonly end: GroupPlace | null;
  /** Of all that matched; null where they were not asked for. */
  readonly facets: Facets | null;
}

/**
 * A page of the groups that are asked for. With `nowSeconds`, since 1970, facets are counted. null: a turn of the loop
 * may be taken.
 */
export function* findGroups(
  groups: Groups,
  query: GroupQuery,
  { sort, limit, after }: GroupPage,
  nowSeconds: number | null,
): Generator<null, GroupsFound> {
  const reached = query.reach === null ? null : yield* groups.reaches.judged(query.reach, (judged) => judged);
  const texts = yield* groups.texts();
  const order = orderOf(groups, sort);
  const first = order.first(texts, limit + 1);
  const counts = nowSeconds === null ? null : new FacetCounts(groups, texts, nowSeconds);
  let matched = 0;
  const { isWhole } = yield* eachGroup(groups, texts, query, (id, row) => {
    if (isBegun(groups, id)) return;
    matched++;
    counts?.add(id, row);
    if (after === null || order.compare(id, after) > 0) first.offer(id, row);
  });
  const places = first.taken();
  const page = places.slice(0, limit);
  return {
    total: reached?.count ?? groups.count,
    matched,
    isPartial: !isWhole,
    groups: page.map(({ id }) => groupSummary(groups, id)),
    end: places.length > limit ? (page[page.length - 1] ?? null) : null,
    facets: counts?.taken() ?? null,
  };
}
