import { Int32Column } from "../../bytes/columns.ts";
import type { GroupTexts } from "../table/group-texts.ts";
import type { Groups } from "../table/groups.ts";
import type { GroupQuery } from "./group-query.ts";
import { eachGroup } from "./group-search.ts";

export interface PickedGroups {
  readonly ids: Int32Array;
  /** Not all groups were looked at: it was too much. */
  readonly isPartial: boolean;
  /** How many were looked at; others could be passed over. */
  readonly lookedAt: number;
}

/**
 * All groups that any of the selectors selects and the reach covers, at the moment of its end: `take` is called then,
 * within the same turn. null: a turn of the loop may be taken.
 */
export function* pickGroups<T>(
  groups: Groups,
  { selectors, reach }: Pick<GroupQuery, "selectors" | "reach">,
  take: (picked: PickedGroups) => T,
): Generator<null, T> {
  const query = { selectors, reach, words: [], state: null, pushedBefore: null, pushedAfter: null };
  for (;;) {
    const texts = yield* groups.texts();
    const rows = new Int32Column();
    let count = 0;
    const { isWhole, lookedAt } = yield* eachGroup(groups, texts, query, (_, row) => {
      rows.ensure(count + 1);
      rows.rows[count++] = row;
    });
    const ids = stillThere(texts, rows, count);
    if (groups.isSearched(texts)) return take({ ids, isPartial: !isWhole, lookedAt });
  }
}

/** The groups of the first `count` of these rows that are not gone. */
function stillThere(texts: GroupTexts, rows: Int32Column, count: number): Int32Array {
  const ids = new Int32Array(count);
  let found = 0;
  for (let i = 0; i < count; i++) {
    const id = texts.idAt(rows.at(i));
    if (id >= 0) ids[found++] = id;
  }
  return ids.subarray(0, found);
}
