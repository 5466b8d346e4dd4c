import type { ReservedFamilies } from "../../model/reserved-families.ts";
import type { InconsistentHelp } from "../../model/store-reporter.ts";
import type { Family } from "./families.ts";
import { NO_HELP } from "./help-texts.ts";
import type { Table } from "./table.ts";

/** Families whose help texts are compared at a time in search of an inconsistent one; others wait for the next time. */
const HELPS_LOOKED_AT = 1024;

/** A family of inconsistent help texts that was not given since these changed, or null: none of those looked at. */
export function takeInconsistentHelp(table: Table, reserved: ReservedFamilies): InconsistentHelp | null {
  let left = HELPS_LOOKED_AT;
  for (const family of table.newHelps) {
    if (--left < 0) break;
    table.newHelps.delete(family);
    const found = findInconsistentHelp(table, family, reserved.get(family.name)?.help);
    if (found !== null) return found;
  }
  return null;
}

/**
 * What is inconsistent about the help texts of a family; `own` is the help of our own family of the name, if there is
 * one.
 */
function findInconsistentHelp(table: Table, family: Family, own: string | undefined): InconsistentHelp | null {
  if (own === undefined && family.helpIds.size <= 1) return null;
  const textOf = (help: number) => (help === NO_HELP ? null : Buffer.from(table.helps.text(help)).toString());
  const { name, type } = family;
  const shown = own ?? textOf(family.help);
  for (const help of family.helpIds.keys()) {
    const other = textOf(help);
    if (other !== shown) return { name, type, shown, other, isOwn: own !== undefined };
  }
  return null;
}
