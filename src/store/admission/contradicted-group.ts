import { intAt } from "../../bytes/at.ts";
import { readLabels } from "../../exposition/label-block.ts";
import type { AddressedGroup } from "../../model/view.ts";
import { NOBODY } from "../table/asides.ts";
import type { Family } from "../table/families.ts";
import type { Table } from "../table/table.ts";

/** Slots of pages that are looked at: which group is told matters little, and nobody waits for it. */
const MOST_SLOTS = 64;

/** Some group other than `except` that has metrics of a family; NOBODY where the first few chunks are of none. */
export function someGroupOf(table: Table, { pages }: Family, except: number): number {
  let left = MOST_SLOTS;
  for (const { slots, count } of pages)
    for (let slot = 0; slot < count; slot++) {
      if (left-- === 0) return NOBODY;
      const chunk = intAt(slots, slot);
      if (chunk < 0 || table.metricCountOf(chunk) === 0) continue;
      const group = table.groupOf(chunk);
      if (group !== except) return group;
    }
  return NOBODY;
}

/** A group as clients are told of it. */
export function addressOf({ groups }: Table, group: number): AddressedGroup {
  const key = groups.table.key(group);
  return { block: Buffer.from(key).toString(), labels: readLabels(key) };
}
