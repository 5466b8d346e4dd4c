import type { ExposedPage } from "../../model/exposition.ts";

/** Of a page so many parts are kept: the last ones. */
const MAX_PARTS = 8;
/** What is kept of a page for somebody, without the part itself: measured. */
const ENTRY_BYTES = 48;

/** For whom a part is: the same object for the same chunks of a page, as long as the page is as it is. */
export type PartOwner = object;

/** A part that is kept with its page. */
export interface KeptPart extends ExposedPage {
  /** Its memory, with what is made of it. */
  readonly sizeBytes: number;
}

/** What somebody sees of a page. */
export type SeenPart = KeptPart | "all" | "none";

/** What is kept of a page for readers that may see only some of its chunks. */
export class PageParts {
  /** The one that was added last comes last. */
  private readonly parts = new Map<PartOwner, SeenPart>();

  /** undefined: nothing is kept. */
  find(owner: PartOwner): SeenPart | undefined {
    return this.parts.get(owner);
  }

  add(owner: PartOwner, part: SeenPart): void {
    this.parts.set(owner, part);
    if (this.parts.size > MAX_PARTS) this.removeOldest();
  }

  private removeOldest(): void {
    for (const owner of this.parts.keys()) {
      this.parts.delete(owner);
      return;
    }
  }

  get sizeBytes(): number {
    let sizeBytes = 0;
    for (const part of this.parts.values()) sizeBytes += ENTRY_BYTES + (typeof part === "string" ? 0 : part.sizeBytes);
    return sizeBytes;
  }
}
