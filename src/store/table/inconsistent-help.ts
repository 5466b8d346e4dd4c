import type { InconsistentHelp } from "../../model/store-reporter.ts";
import type { Family } from "./families.ts";
import { NO_HELP } from "./help-texts.ts";
import type { Table } from "./table.ts";

/**
 * What is inconsistent about the help texts of a family; `own` is the help of our own family of the name, if there is
 * one.
 */
export function findInconsistentHelp(table: Table, family: Family, own: string | undefined): InconsistentHelp | null {
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
