import type { ExposedPage } from "../../model/exposition.ts";
import type { FamilySnapshot } from "./families.ts";

/** A family with the chunks of some groups, of which at least one has a series. */
export interface PartFamily extends Omit<FamilySnapshot, "filled" | "pages"> {
  readonly pages: readonly ExposedPage[];
}

/** What some groups hold, as it was at one moment. It must be released, whatever becomes of its reader. */
export interface StorePart {
  /**
   * The families that are shown, sorted by name; all but the chunks of other groups is as a snapshot has it. To be
   * taken once and without delay, over any number of turns: null.
   */
  prepare(): Generator<null, readonly PartFamily[]>;
  /** Once or more. */
  release(): void;
}

/** A family of that moment with some of its pages, or parts of them. */
export function partFamily(family: Omit<FamilySnapshot, "pages">, pages: readonly ExposedPage[]): PartFamily {
  const { name, nameBytes, type, typeNote, help, quoted } = family;
  return { name, nameBytes, type, typeNote, help, quoted, pages };
}
