import { Int32Column } from "../../bytes/columns.ts";
import type { GroupSummary } from "../../model/view.ts";
import type { Groups } from "../table/groups.ts";
import type { GroupQuery } from "./group-query.ts";
import { eachGroup, isBegun } from "./group-search.ts";
import { groupSummary } from "./group-summary.ts";

/** So many of the groups are shown. */
const SAMPLE_GROUPS = 5;
const HOUR_SECONDS = 3600;

/** All groups that are asked for and were not pushed after an instant. */
export interface GroupSelection {
  readonly matched: number;
  readonly seriesCount: number;
  readonly sizeBytes: number;
  /** Pushed in the hour before the instant: it may be that somebody still wants them. */
  readonly pushedLastHour: number;
  readonly sample: readonly GroupSummary[];
  /** Asked for, but pushed after the instant. */
  readonly leftAlone: number;
  /** Not all groups were looked at: it was too much. */
  readonly isPartial: boolean;
  /** The first `matched` of it are the ids. */
  readonly ids: Int32Column;
}

/** The groups of a query that were last pushed, well or in vain, at `asOfSeconds` or before. */
export function* selectGroups(groups: Groups, query: GroupQuery, asOfSeconds: number): Generator<null, GroupSelection> {
  const texts = yield* groups.texts();
  const ids = new Int32Column();
  const sample: GroupSummary[] = [];
  const count = { matched: 0, seriesCount: 0, sizeBytes: 0, pushedLastHour: 0, leftAlone: 0 };
  const { isWhole } = yield* eachGroup(groups, texts, query, (id) => {
    if (isBegun(groups, id)) return;
    const age = asOfSeconds - groups.pushedSeconds(id);
    if (age < 0) {
      count.leftAlone++;
      return;
    }
    ids.ensure(count.matched + 1);
    ids.rows[count.matched++] = id;
    count.seriesCount += groups.seriesCount(id);
    count.sizeBytes += groups.heldBytes(id);
    if (age < HOUR_SECONDS) count.pushedLastHour++;
    if (sample.length < SAMPLE_GROUPS) sample.push(groupSummary(groups, id));
  });
  return { ...count, sample, isPartial: !isWhole, ids };
}
