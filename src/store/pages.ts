/** The size of a page that holds many chunks. */
export const PAGE_BYTES = 8192;
/** A family's first page starts as small as this and grows. */
const FIRST_PAGE_BYTES = 512;
/** How full a page is filled with new chunks, so that chunks which grow a little still fit. */
export const FILL_BYTES = (PAGE_BYTES / 16) * 15;
/** Free buffers kept for the next pages. */
const SPARE_BUFFERS = 64;

/** Where a chunk stands on its page; filled by `Page.locate`, good until something is written to the page. */
export interface ChunkPlace {
  slot: number;
  offset: number;
  size: number;
}

/**
 * A run of chunks of one family, end to end, in no particular order.
 *
 *     bytes   [chunk][chunk][chunk]........free........
 *     slots   (chunk id, size in bytes) (id, size) (id, size)
 *
 * A snapshot holds pages as they are: a page that one may hold is never written; a copy takes its place (Pages.writable).
 */
export class Page {
  bytes: Uint8Array;
  used = 0;
  /** Two integers a chunk: its id and its size. */
  slots: Int32Array;
  count = 0;
  /** The place of the page in its family's list. */
  index = -1;
  /** What lines cannot say, by chunk id; null where there is nothing of the kind. */
  sides: Map<number, Uint8Array> | null = null;
  /** The page's bytes deflated, kept until they change; see serialise/gzip.ts. */
  deflated: Uint8Array | null = null;
  crc = 0;

  constructor(
    readonly id: number,
    readonly family: number,
    sizeBytes: number,
    /** The number of snapshots taken when the page came into being. */
    readonly epoch: number,
    bytes?: Uint8Array,
  ) {
    this.bytes = bytes ?? new Uint8Array(sizeBytes);
    this.slots = new Int32Array(sizeBytes > FIRST_PAGE_BYTES ? 64 : 8);
  }

  /** Finds a chunk that is on this page and sets where it stands. */
  locate(chunk: number, place: ChunkPlace): void {
    const { slots } = this;
    let offset = 0;
    for (let at = 0; at < this.count * 2; at += 2) {
      const size = slots[at + 1] as number;
      if (slots[at] === chunk) {
        place.slot = at >> 1;
        place.offset = offset;
        place.size = size;
        return;
      }
      offset += size;
    }
    throw new Error(`chunk ${chunk} is not on page ${this.id}`);
  }

  /** The slot of a chunk that is on this page. */
  slotOf(chunk: number): number {
    const slots = this.slots;
    for (let slot = 0; slot < this.count; slot++) if (slots[slot * 2] === chunk) return slot;
    throw new Error(`chunk ${chunk} is not on page ${this.id}`);
  }

  /** Where the chunk of a slot starts. */
  offsetOf(slot: number): number {
    const slots = this.slots;
    let offset = 0;
    for (let at = 1; at < slot * 2; at += 2) offset += slots[at] as number;
    return offset;
  }

  sizeOf(slot: number): number {
    return this.slots[slot * 2 + 1] as number;
  }
}

/** All pages, by id. Only here is decided whether a page may be written in place. */
export class Pages {
  private readonly pages: (Page | null)[] = [];
  private readonly freeIds: number[] = [];
  private readonly spare: Uint8Array[] = [];
  /** Snapshots that have begun and not been released. */
  heldBySnapshots = 0;
  private epoch = 0;
  /** Bytes of all pages in use; copies that only snapshots hold do not count. */
  sizeBytes = 0;
  /** Bytes copied because a snapshot held a page, so far. */
  copiedBytes = 0;

  get(id: number): Page {
    const page = this.pages[id];
    if (!page) throw new Error(`there is no page ${id}`);
    return page;
  }

  /** A snapshot begins: no page that exists now is written until it ends. */
  hold(): void {
    this.heldBySnapshots++;
    this.epoch++;
  }

  release(): void {
    this.heldBySnapshots--;
  }

  create(family: number, sizeBytes: number): Page {
    const id = this.freeIds.pop() ?? this.pages.length;
    const bytes = sizeBytes === PAGE_BYTES ? this.spare.pop() : undefined;
    const page = new Page(id, family, sizeBytes, this.epoch, bytes);
    this.pages[id] = page;
    this.sizeBytes += sizeBytes;
    return page;
  }

  drop(page: Page): void {
    this.pages[page.id] = null;
    this.freeIds.push(page.id);
    this.sizeBytes -= page.bytes.length;
    if (!this.isHeld(page) && page.bytes.length === PAGE_BYTES && this.spare.length < SPARE_BUFFERS)
      this.spare.push(page.bytes);
  }

  /** A page to write in place of `page`: itself, or its copy where a snapshot may hold it. `list` is its family's. */
  writable(page: Page, list: Page[]): Page {
    if (!this.isHeld(page)) {
      page.deflated = null;
      return page;
    }
    return this.replace(page, list, page.bytes.length);
  }

  /** Puts a copy of the page with room for `sizeBytes` in its place. */
  replace(page: Page, list: Page[], sizeBytes: number): Page {
    const copy = new Page(page.id, page.family, sizeBytes, this.epoch);
    copy.bytes.set(page.bytes.subarray(0, page.used));
    copy.used = page.used;
    copy.slots = page.slots.slice();
    copy.count = page.count;
    copy.index = page.index;
    copy.sides = page.sides === null ? null : new Map(page.sides);
    this.pages[page.id] = copy;
    list[page.index] = copy;
    this.sizeBytes += sizeBytes - page.bytes.length;
    this.copiedBytes += page.used;
    return copy;
  }

  clear(): void {
    this.pages.length = 0;
    this.freeIds.length = 0;
    this.spare.length = 0;
    this.sizeBytes = 0;
  }

  private isHeld(page: Page): boolean {
    return this.heldBySnapshots > 0 && page.epoch < this.epoch;
  }
}

/** The size of a new page of a family that has `pageCount` pages, for a chunk of `chunkBytes`. */
export function pageSizeFor(pageCount: number, chunkBytes: number): number {
  if (chunkBytes > FILL_BYTES) return Math.ceil((chunkBytes * 17) / 16 / 4096) * 4096;
  if (pageCount > 0) return PAGE_BYTES;
  let size = FIRST_PAGE_BYTES;
  while (size < chunkBytes * 2) size *= 2;
  return Math.min(PAGE_BYTES, size);
}
