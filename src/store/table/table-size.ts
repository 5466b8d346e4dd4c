import { mustBe } from "../../bytes/broken.ts";
import type { KeyTable } from "../../bytes/key-table.ts";
import type { Chunks } from "./chunks.ts";
import type { Contradictions } from "./contradictions.ts";
import type { Family } from "./families.ts";
import type { GroupLists } from "./group-lists.ts";
import type { Groups } from "./groups.ts";
import type { HelpTexts } from "./help-texts.ts";
import { sideMemory } from "./page.ts";
import type { Pages } from "./pages.ts";

/** The parts of a table that know what they take up. */
interface Parts {
  readonly groups: Groups;
  readonly chunks: Chunks;
  readonly pages: Pages;
  readonly helps: HelpTexts;
  readonly names: KeyTable;
  readonly contradictions: Contradictions | null;
  readonly segments: { readonly sizeBytes: number } | null;
  readonly lists: GroupLists;
}

/** Counts what a table takes up. Costs some additions, whatever the table holds. */
export class TableSize {
  private sideBytes = 0;
  private familyBytes = 0;
  /** Of the help texts that families show: a text of several is in memory once, but each of them sends it. */
  shownHelpBytes = 0;
  private readonly emptyBytes: number;

  /** `parts` must be empty. */
  constructor(private readonly parts: Parts) {
    this.emptyBytes = this.allBytes;
  }

  /** The memory of all that clients made the table hold, in use or spare; 0 for a new one. */
  get memoryBytes(): number {
    return this.allBytes - this.emptyBytes;
  }

  private get allBytes(): number {
    const { groups, chunks, pages, helps, names, contradictions, segments, lists } = this.parts;
    const notes = lists.sizeBytes + pages.indexBytes + (contradictions?.sizeBytes ?? 0) + (segments?.sizeBytes ?? 0);
    const tables = groups.sizeBytes + chunks.sizeBytes + helps.sizeBytes + names.sizeBytes;
    return tables + pages.memoryBytes + this.sideBytes + this.familyBytes + notes;
  }

  /** What counts for the limit of the store's size. */
  get countedBytes(): number {
    return this.memoryBytes + this.shownHelpBytes;
  }

  /** The records beside the lines of a chunk had one size and have another; 0 is none. */
  changeSide(beforeBytes: number, sizeBytes: number): void {
    this.sideBytes += sideMemory(sizeBytes) - sideMemory(beforeBytes);
  }

  /** To be called after what a family takes up may have changed, and before its help texts are let go. */
  recount(family: Family): void {
    const { counted, sizeBytes } = family;
    const helpBytes = this.parts.helps.size(family.help);
    this.familyBytes += sizeBytes - counted.sizeBytes;
    this.shownHelpBytes += helpBytes - counted.helpBytes;
    counted.sizeBytes = sizeBytes;
    counted.helpBytes = helpBytes;
  }

  /** A family is no more; none of its help texts is left. */
  drop(family: Family): void {
    this.familyBytes -= family.counted.sizeBytes;
  }

  /** Throws unless the families take up, and show, what is counted of them. */
  verify(families: readonly Family[], sideBytes: number): void {
    let [familyBytes, helpBytes] = [0, 0];
    for (const { counted, help } of families) {
      familyBytes += counted.sizeBytes;
      helpBytes += this.parts.helps.size(help);
    }
    mustBe(this.familyBytes, familyBytes, "the table's size: bytes of families");
    mustBe(this.shownHelpBytes, helpBytes, "the table's size: bytes of help texts that are shown");
    mustBe(this.sideBytes, sideBytes, "the table's size: bytes beside lines");
  }
}
