/** Something that a kept file holds and that is not taken over. */
export interface LeftOut {
  /** The labels of the group, as exposition lines have them. */
  readonly group: string;
  /** null: the whole group. */
  readonly family: string | null;
  readonly reason: string;
}

/** How many groups of the file have been read, or of those how many have been written. */
export type ImportStep = "read" | "written";

/** Observes the progress of an import. */
export interface ImportWatch {
  readonly leftOut: (what: LeftOut) => void;
  /** Called all the time; `ofGroups` is null where nobody knows. What it throws ends the import. */
  readonly step: (step: ImportStep, groups: number, ofGroups: number | null) => void;
}

/** What was taken over. */
export interface Imported {
  readonly groups: number;
  readonly families: number;
  readonly leftOutGroups: number;
  /** Families, those of the groups that were left out among them. */
  readonly leftOut: number;
}

/** Counts what an import brings. */
export class ImportCount {
  groups = 0;
  families = 0;
  leftOutGroups = 0;
  leftOut = 0;

  result(): Imported {
    const { groups, families, leftOutGroups, leftOut } = this;
    return { groups, families, leftOutGroups, leftOut };
  }
}
