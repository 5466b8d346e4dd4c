import { Broken, mustBe, mustHold } from "../../bytes/broken.ts";
import type { MetricType } from "../../model/metric-type.ts";
import { fullerNote, NO_NOTE } from "../../model/type-note.ts";
import type { Asides } from "./asides.ts";
import type { ChunkContent } from "./chunk-content.ts";
import type { Chunks } from "./chunks.ts";
import { CountMap } from "./count-map.ts";
import { NO_HELP } from "./help-texts.ts";
import { type ChunkPlace, FILL_BYTES, MAX_SLOTS, PAGE_BYTES, type Page, pageSizeFor } from "./page.ts";
import type { Pages } from "./pages.ts";

/** The objects of a family, but for its pages and counts: measured, with its places in arrays. */
const FAMILY_BYTES = 400;

/** A family as it was at one moment. */
export interface FamilySnapshot {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly type: MetricType;
  /** What was said of the type besides, as in type-note.ts. */
  readonly typeNote: number;
  /** The HELP text without escapes, or null. */
  readonly help: Uint8Array | null;
  /** Some name in it needs quotes. */
  readonly quoted: boolean;
  /** It has at least one series, and is shown. */
  readonly filled: boolean;
  /** Never written again while the snapshot is held. */
  readonly pages: readonly Page[];
}

/** Where the page and the slot of each chunk are noted. */
export type ChunkPlaces = Pick<Chunks, "setPlace">;
/** The lines of a chunk: source[start, end). */
type ChunkLines = Pick<ChunkContent, "source" | "start" | "end" | "page">;

/** A metric family over all groups: a column of the store. Its chunks are on its pages. */
export class Family {
  readonly pages: Page[] = [];
  /** Pages with much room, to be filled first; entries may be out of date. */
  private readonly roomy: number[] = [];
  /** How many groups hold the family, and how many of those with at least one metric. */
  chunkCount = 0;
  filledCount = 0;
  /** How many chunks have a name that an old scraper cannot read: those pages are rewritten for it. */
  quotedCount = 0;
  /** One of the two families of push times, which no PUT takes away. */
  isPushTime = false;
  /** What was said of the type besides, as in type-note.ts. */
  typeNote = NO_NOTE;
  /** Our own metrics have a family of this name. */
  isOwn = false;
  /** Its chunks are in the exposition; see known-contradictions.ts for this and the next four. */
  isShown = true;
  /** The name has another family besides. */
  isFurther = false;
  /** Since when some group has had metrics of it, in milliseconds since 1970; 0 where nobody asks. */
  age = 0;
  /** How often chunks came into it, or got other series. */
  entered = 0;
  /** Set where its chunks are set aside. */
  asides: Asides<Family> | null = null;
  /** The epoch of the pages when the family was last kept for snapshots: those from before it see nothing newer. */
  epoch = 0;
  /** The type of the chunks. */
  type: MetricType;
  /** The help texts of the chunks (ids of the store's table), with the number of chunks of each. */
  private readonly helps = new CountMap();
  help = NO_HELP;
  /** The chunks of each shape of grouping key. */
  readonly shapes = new CountMap();
  /** What the table has counted of it: see Table.recount. */
  readonly counted = { sizeBytes: 0, helpBytes: 0 };

  constructor(
    readonly id: number,
    readonly name: string,
    readonly nameBytes: Uint8Array,
    type: MetricType,
  ) {
    this.type = type;
  }

  /** Puts a chunk's lines on a page with room for them; returns the page. */
  insert(pages: Pages, places: ChunkPlaces, chunk: number, { source, start, end, page: given }: ChunkLines): Page {
    if (given !== null) return this.adopt(pages, places, chunk, given, end - start);
    const page = pages.writable(this.pageFor(pages, end - start), this.pages);
    places.setPlace(chunk, page.id, pages.put(page, chunk, source, start, end));
    return page;
  }

  /** Adds a page of the bytes that hold the lines already, `sizeBytes` of them. */
  private adopt(pages: Pages, places: ChunkPlaces, chunk: number, bytes: Uint8Array, sizeBytes: number): Page {
    const page = this.addPage(pages, bytes.length, bytes);
    places.setPlace(chunk, page.id, page.adopt(chunk, sizeBytes));
    return page;
  }

  private pageFor(pages: Pages, size: number): Page {
    const last = this.pages.at(-1);
    if (last !== undefined) {
      if (hasRoom(last, size)) return last;
      if (
        this.pages.length === 1 &&
        last.bytes.length < PAGE_BYTES &&
        last.used + size <= FILL_BYTES &&
        last.chunkCount < MAX_SLOTS
      )
        return pages.replace(
          last,
          this.pages,
          Math.min(PAGE_BYTES, Math.max(last.bytes.length * 2, pageSizeFor(0, last.used + size))),
        );
    }
    return this.roomyPage(size) ?? this.addPage(pages, pageSizeFor(this.pages.length, size));
  }

  private roomyPage(size: number): Page | undefined {
    for (let at = this.roomy.at(-1); at !== undefined; at = this.roomy.at(-1)) {
      const page = this.pages[at];
      if (page !== undefined && hasRoom(page, size)) return page;
      this.roomy.pop();
    }
    return undefined;
  }

  /** Lists a page as one with much room; once most entries are out of date the list is made anew. */
  private noteRoomy(page: Page): void {
    this.roomy.push(page.index);
    if (this.roomy.length <= 2 * this.pages.length + 16) return;
    this.roomy.length = 0;
    for (const { used, bytes, index } of this.pages) if (used < bytes.length / 2) this.roomy.push(index);
  }

  /** How many entries the list of pages with room has, for tests. */
  get roomyCount(): number {
    return this.roomy.length;
  }

  /** The family as it is now, with the text of its help. */
  shown(help: Uint8Array | null): FamilySnapshot {
    return { ...this.head(help), pages: this.isShown ? this.pages.slice() : [] };
  }

  /** The same without its pages. */
  head(help: Uint8Array | null): Omit<FamilySnapshot, "pages"> {
    return {
      name: this.name,
      nameBytes: this.nameBytes,
      type: this.type,
      help,
      typeNote: this.typeNote,
      quoted: this.quotedCount > 0,
      filled: this.isShown && this.filledCount > 0,
    };
  }

  private addPage(pages: Pages, sizeBytes: number, bytes?: Uint8Array): Page {
    const page = pages.create(this.id, sizeBytes, bytes);
    page.index = this.pages.length;
    this.pages.push(page);
    return page;
  }

  /** Takes a chunk off its page; an empty page is given back. */
  remove(pages: Pages, held: Page, place: ChunkPlace): void {
    if (held.chunkCount === 1) return this.dropPage(pages, held);
    const page = pages.writable(held, this.pages);
    page.remove(place);
    if (page.used < page.bytes.length / 2 && page.used + place.size >= page.bytes.length / 2) this.noteRoomy(page);
  }

  private dropPage(pages: Pages, page: Page): void {
    const last = this.pages.pop();
    if (last === undefined) throw new Broken(`family ${this.name} has no pages`);
    if (last !== page) {
      this.pages[page.index] = last;
      last.index = page.index;
      if (last.used < last.bytes.length / 2) this.noteRoomy(last);
    }
    pages.drop(page);
  }

  /**
   * Counts a chunk's help text in (1) or out (-1) and keeps `help` one that some chunk has, a text before none. Returns
   * whether there are other texts now than before.
   */
  countHelp(help: number, by: 1 | -1): boolean {
    const before = this.helps.add(help, by);
    if (this.help === NO_HELP || !this.helps.has(this.help)) this.chooseHelp();
    return before === 0 || before + by === 0;
  }

  private chooseHelp(): void {
    this.help = NO_HELP;
    for (const known of this.helps.keys()) {
      if (known === NO_HELP) continue;
      this.help = known;
      return;
    }
  }

  /** The help texts of the chunks, NO_HELP among them where some have none. */
  get helpIds(): CountMap {
    return this.helps;
  }

  /** Counts a chunk of a shape in (1) or out (-1). */
  countShape(shape: number, by: 1 | -1): void {
    if (by > 0) this.entered++;
    this.shapes.add(shape, by);
  }

  /** The memory that it takes up besides its pages. */
  get sizeBytes(): number {
    return FAMILY_BYTES + this.nameBytes.length * 2 + this.helps.sizeBytes + this.shapes.sizeBytes;
  }

  /** Throws where its pages and counts differ. */
  verify(): void {
    const what = `family ${this.name}`;
    let chunks = 0;
    for (const [index, page] of this.pages.entries()) {
      mustBe(page.index, index, `${what}: the place of page ${page.id}`);
      mustBe(page.family, this.id, `${what}: the family of page ${page.id}`);
      mustHold(page.chunkCount > 0, `${what}: page ${page.id} is empty`);
      chunks += page.chunkCount;
    }
    mustBe(this.chunkCount, chunks, `${what}: chunks on its pages`);
    this.helps.verify(`${what}: help texts`);
    this.shapes.verify(`${what}: shapes`);
    mustBe(this.counted.sizeBytes, this.sizeBytes, `${what}: bytes as they were counted`);
  }
}

/** Whether a new chunk goes on a page: not on a large page of one chunk; a small page is filled to its end. */
function hasRoom(page: Page, size: number): boolean {
  if (page.bytes.length > PAGE_BYTES || page.chunkCount >= MAX_SLOTS) return false;
  return page.used + size <= (page.bytes.length === PAGE_BYTES ? FILL_BYTES : page.bytes.length);
}

/**
 * Another push of a family, by a group that has a chunk of it or not: what one group says of its type counts for all.
 */
export function takeTypeNote(family: Family, note: number, hasChunk: boolean): void {
  const isAlone = family.chunkCount === (hasChunk ? 1 : 0);
  family.typeNote = isAlone ? note : fullerNote(family.typeNote, note);
}
