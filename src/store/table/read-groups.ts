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
