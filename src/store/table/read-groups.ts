import { readLabels } from "../../exposition/label-block.ts";
import type { ShownGroup } from "../../model/view.ts";
import { GroupReading, MOST_NOTED } from "./group-reading.ts";
import { LargeGroupReading } from "./large-group-reading.ts";
import type { Table } from "./table.ts";

/** Places of groups that are read before a turn of the loop may be taken. */
const GROUPS_A_TURN = 1024;

/** All groups of a table as Store.groups yields them. */
export function* readGroups(table: Table): Generator<ShownGroup | null> {
  const { groups } = table;
  for (let group = 0; group < groups.table.limit; group++) {
    if (group % GROUPS_A_TURN === GROUPS_A_TURN - 1) yield null;
    while (groups.beingStored === group) yield null;
    if (!groups.table.has(group)) continue;
    const labels = readLabels(groups.table.key(group));
    if (groups.chunkCount(group) > MOST_NOTED) yield* readLargeGroup(new LargeGroupReading(table, group, labels));
    else yield* readGroup(new GroupReading(table, group, labels));
  }
}

function* readGroup(reading: GroupReading): Generator<ShownGroup | null> {
  try {
    yield* reading.prepare();
    yield reading;
  } finally {
    reading.release();
  }
}

function* readLargeGroup(reading: LargeGroupReading): Generator<ShownGroup> {
  try {
    yield reading;
  } finally {
    reading.release();
  }
}
