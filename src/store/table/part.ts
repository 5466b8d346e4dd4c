import { intAt } from "../../bytes/at.ts";
import type { ExposedPage } from "../../model/exposition.ts";
import type { FamilySnapshot } from "./families.ts";
import { NO_HELP } from "./help-texts.ts";
import type { Table } from "./table.ts";

/** A family with the chunks of some groups, of which at least one has a series. */
export interface PartFamily extends Omit<FamilySnapshot, "filled" | "pages"> {
  readonly pages: readonly ExposedPage[];
}

/** What some groups hold, as it was at one moment. It must be released, whatever becomes of its reader. */
export interface StorePart {
  /** Whether what is made of its pages is kept with them for the next part of the same reader. */
  readonly isKept: boolean;
  /**
   * The families that are shown, sorted by name; all but the chunks of other groups is as a snapshot has it. To be
   * taken once and without delay, over any number of turns: null.
   */
  prepare(): Generator<null, readonly PartFamily[]>;
  /** Once or more. */
  release(): void;
}

/**
 * Whose help text a family has: one that any group gave it, as in a full scrape; or of the groups that are shown, as if
 * there were no others, the first that gave one.
 */
export type HelpOf = "all" | "shown";

/** A family of that moment with some of its pages, or parts of them. */
export function partFamily(family: Omit<FamilySnapshot, "pages">, pages: readonly ExposedPage[]): PartFamily {
  const { name, nameBytes, type, typeNote, help, quoted } = family;
  return { name, nameBytes, type, typeNote, help, quoted, pages };
}

/** The first help text that the chunks of some slots have, or null. */
export function helpOnPage(
  { chunks, helps }: Table,
  { slots, count }: Pick<ExposedPage, "slots" | "count">,
): Uint8Array | null {
  for (let slot = 0; slot < count; slot++) {
    const chunk = intAt(slots, slot);
    const help = chunk < 0 ? NO_HELP : chunks.help(chunk);
    if (help !== NO_HELP) return helps.text(help);
  }
  return null;
}
