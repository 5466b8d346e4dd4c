import { readLabels } from "../../exposition/label-block.ts";
import type { GroupReach } from "../../model/principal.ts";
import type { ShownGroup } from "../../model/view.ts";
import { GroupReading, MOST_NOTED } from "./group-reading.ts";
import { LargeGroupReading } from "./large-group-reading.ts";
import type { Table } from "./table.ts";

/** Places of groups that are read before a turn of the loop may be taken; fewer where each is to be judged. */
const GROUPS_A_TURN = 1024;
const JUDGED_A_TURN = 64;

/** The groups of a table as Store.groups yields them. */
export function* readGroups(table: Table, reach: GroupReach | null): Generator<ShownGroup | null> {
  const { groups } = table;
  const reached = reach === null ? null : groups.reaches.of(reach);
  const groupsATurn = reached === null ? GROUPS_A_TURN : JUDGED_A_TURN;
  for (let group = 0; group < groups.table.limit; group++) {
    if (group % groupsATurn === groupsATurn - 1) yield null;
    if (reached !== null && groups.table.has(group) && !reached.has(group)) continue;
    while (groups.beingStored === group) yield null;
    // While that was waited for, another one may have come in its place.
    if (!groups.table.has(group) || reached?.has(group) === false) continue;
    yield* readOneGroup(table, group);
  }
}

/** One group that is there, as it is when it is asked for; null: a turn of the loop may be taken. */
export function* readOneGroup(table: Table, group: number): Generator<ShownGroup | null> {
  const labels = readLabels(table.groups.table.key(group));
  if (table.groups.chunkCount(group) > MOST_NOTED) yield* readLarge(new LargeGroupReading(table, group, labels));
  else yield* readNoted(new GroupReading(table, group, labels));
}

function* readNoted(reading: GroupReading): Generator<ShownGroup | null> {
  try {
    yield* reading.prepare();
    yield reading;
  } finally {
    reading.release();
  }
}

function* readLarge(reading: LargeGroupReading): Generator<ShownGroup> {
  try {
    yield reading;
  } finally {
    reading.release();
  }
}
