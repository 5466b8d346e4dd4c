import { HeldPages } from "./held-pages.ts";
import type { SeriesIndex } from "./series-index.ts";

/** The size of a page that holds many chunks. */
export const PAGE_BYTES = 8192;
/** A family's first page starts as small as this and grows. */
const FIRST_PAGE_BYTES = 512;
/** How full a page is filled with new chunks, so that chunks which grow a little still fit. */
export const FILL_BYTES = (PAGE_BYTES / 16) * 15;
/** Free buffers kept for the next pages. */
const SPARE_BUFFERS = 64;

/** Most slots of a page; chunk rows keep a page and a slot in one integer. */
export const MAX_SLOTS = 512;
/** The slot of a chunk that was taken away; another chunk may get it. */
const HOLE = -1;

/** The objects of a page without its arrays' content, and of a record beside lines: measured. */
const PAGE_OBJECT_BYTES = 420;
const SIDE_OBJECT_BYTES = 180;
/** The objects of the deflated form of a page. */
const DEFLATED_OBJECT_BYTES = 150;
const SLOT_BYTES = 6;

/** Where a chunk is on its page: valid until something is written to the page. */
export interface ChunkPlace {
  slot: number;
  offset: number;
  size: number;
}

/**
 * A run of chunks of one family, end to end, in no particular order.
 *
 *     bytes   [chunk][chunk][chunk]........free........
 *     slots   id      id     id      -1                    a chunk keeps its slot as long as it is on the page
 *     sizes   size    size   size     0                    16 bits each: few bytes to sum up for an offset
 *
 * A chunk larger than a page has a page of its own, whose `used` is the size. A snapshot holds pages as they are: a
 * page that one may hold is never written; a copy replaces it (Pages.writable).
 */
export class Page {
  bytes: Uint8Array;
  used = 0;
  /** The chunk of each slot, or HOLE. */
  slots: Int32Array;
  sizes: Uint16Array;
  /** Slots in use or holes, and how many of them hold a chunk. */
  count = 0;
  chunkCount = 0;
  /** The place of the page in its family's list. */
  index = -1;
  /** What lines cannot say, by chunk id; null where there is nothing of the kind. */
  sides: Map<number, Uint8Array> | null = null;
  crc = 0;
  private keptDeflated: readonly Uint8Array[] | null = null;
  /** How many read this page alone, and are to see it as it is. */
  readers = 0;
  /** The memory of the page once it is no longer the store's and only `readers` hold it. */
  retiredBytes = 0;
  /** The number of snapshots taken until then. */
  retiredEpoch = 0;
  /** Finds series in the one chunk of a large page; null where nobody looked for any since it was written. */
  series: SeriesIndex | null = null;

  constructor(
    readonly id: number,
    readonly family: number,
    sizeBytes: number,
    /** The number of snapshots taken when the page came into being. */
    readonly epoch: number,
    bytes?: Uint8Array,
    /** Where the deflated form of the page is counted; null once the page is no longer the store's. */
    private tally: DeflatedTally | null = null,
  ) {
    const slotCount = sizeBytes === PAGE_BYTES ? 64 : 8;
    this.bytes = bytes ?? new Uint8Array(sizeBytes);
    this.slots = new Int32Array(slotCount);
    this.sizes = new Uint16Array(slotCount);
  }

  /** The page's bytes deflated, kept until they change; see serialise/gzip.ts. */
  get deflated(): readonly Uint8Array[] | null {
    return this.keptDeflated;
  }

  set deflated(parts: readonly Uint8Array[] | null) {
    if (parts === this.keptDeflated) return;
    if (this.tally !== null) this.tally.sizeBytes += deflatedBytes(parts) - deflatedBytes(this.keptDeflated);
    this.keptDeflated = parts;
  }

  /** Its memory without its deflated form and the records beside lines. */
  get sizeBytes(): number {
    return this.bytes.length + this.objectBytes;
  }

  get objectBytes(): number {
    return PAGE_OBJECT_BYTES + this.slots.length * SLOT_BYTES;
  }

  /** The page is no longer the store's: returns how much its readers hold. */
  retire(): number {
    const kept = deflatedBytes(this.keptDeflated);
    if (this.tally !== null) this.tally.sizeBytes -= kept;
    this.tally = null;
    let sideBytes = 0;
    if (this.sides !== null) for (const side of this.sides.values()) sideBytes += SIDE_OBJECT_BYTES + side.length;
    return this.sizeBytes + kept + sideBytes;
  }

  /** Sets where the chunk of a slot is. */
  locate(slot: number, place: ChunkPlace): void {
    const { sizes } = this;
    let offset = 0;
    for (let i = 0; i < slot; i++) offset += sizes[i] as number;
    place.slot = slot;
    place.offset = offset;
    place.size = this.sizeOf(slot);
  }

  sizeOf(slot: number): number {
    return this.bytes.length > PAGE_BYTES ? this.used : (this.sizes[slot] as number);
  }

  /** A chunk that is on the page; there always is one. */
  get someChunk(): number | undefined {
    return this.slots.find((chunk) => chunk !== HOLE);
  }

  /** Puts source[start, end) into a free slot and returns that; there must be room. */
  add(chunk: number, source: Uint8Array, start: number, end: number): number {
    const slot = this.takeSlot();
    const place = { slot: 0, offset: 0, size: 0 };
    this.sizes[slot] = 0;
    this.locate(slot, place);
    if (slot < this.count - 1) this.bytes.copyWithin(place.offset + end - start, place.offset, this.used);
    this.bytes.set(source.subarray(start, end), slot < this.count - 1 ? place.offset : this.used);
    this.slots[slot] = chunk;
    this.sizes[slot] = end - start;
    this.chunkCount++;
    this.used += end - start;
    return slot;
  }

  private takeSlot(): number {
    if (this.chunkCount < this.count) return this.slots.indexOf(HOLE);
    if (this.count === this.slots.length) this.growSlots();
    return this.count++;
  }

  private growSlots(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const sizes = new Uint16Array(this.slots.length * 2);
    slots.set(this.slots);
    sizes.set(this.sizes);
    this.slots = slots;
    this.sizes = sizes;
  }

  /** Takes a chunk away; those behind it move up. */
  delete(place: ChunkPlace): void {
    const { slot, offset, size } = place;
    this.bytes.copyWithin(offset, offset + size, this.used);
    this.sides?.delete(this.slots[slot] as number);
    this.slots[slot] = HOLE;
    this.sizes[slot] = 0;
    this.used -= size;
    this.chunkCount--;
    while (this.count > 0 && this.slots[this.count - 1] === HOLE) this.count--;
  }

  /** Changes the size of a chunk; those behind it move. The caller writes the bytes. */
  resize(place: ChunkPlace, size: number): void {
    if (size === place.size) return;
    this.bytes.copyWithin(place.offset + size, place.offset + place.size, this.used);
    this.sizes[place.slot] = size;
    this.used += size - place.size;
  }
}

/** What the deflated forms of all pages take up. */
interface DeflatedTally {
  sizeBytes: number;
}

function deflatedBytes(parts: readonly Uint8Array[] | null): number {
  if (parts === null) return 0;
  let sizeBytes = DEFLATED_OBJECT_BYTES;
  for (const part of parts) sizeBytes += part.length;
  return sizeBytes;
}

/** All pages, by id. Only here is decided whether a page may be written in place. */
export class Pages {
  private readonly pages: (Page | null)[] = [];
  /** Ids that had no page when they were noted. */
  private readonly freeIds: number[] = [];
  private readonly spare: Uint8Array[] = [];
  private readonly deflated: DeflatedTally = { sizeBytes: 0 };
  private readonly held = new HeldPages();
  /** Of pages that are none of the store's any more and have readers of their own. */
  private readBytes = 0;
  /** Readings of certain pages that have begun and not ended. */
  private readings = 0;
  /** How many times pages were held so far. */
  epoch = 0;
  /** Bytes of all pages in use; copies that only snapshots hold do not count. */
  sizeBytes = 0;
  /** Of their objects and slots. */
  private objectBytes = 0;
  /** Of what finds series on large pages. */
  indexBytes = 0;
  /** Bytes copied because a snapshot held a page, so far. */
  copiedBytes = 0;

  get(id: number): Page {
    const page = this.pages[id];
    if (!page) throw new Error(`there is no page ${id}`);
    return page;
  }

  /** The memory that pages take up, with their deflated forms; the few that wait to be used again are left out. */
  get memoryBytes(): number {
    const lists = (this.pages.length + this.freeIds.length) * 8;
    return this.sizeBytes + this.objectBytes + this.deflated.sizeBytes + lists;
  }

  /** Memory of pages that are none any more but for readers that go on. */
  get heldBytes(): number {
    return this.held.sizeBytes + this.readBytes;
  }

  /** Snapshots and readings that have begun and not been released. */
  get heldBySnapshots(): number {
    return this.held.count + this.readings;
  }

  /** Certain pages begin to be read, some perhaps several times: they are not written until `endReading`. */
  beginReading(pages: readonly Page[]): void {
    this.readings++;
    for (const page of pages) page.readers++;
  }

  endReading(pages: readonly Page[]): void {
    this.readings--;
    for (const page of pages) if (--page.readers === 0 && page.retiredBytes > 0) this.letGo(page);
  }

  /** The last reader of a page that is no longer the store's is gone: snapshots may still hold it. */
  private letGo(page: Page): void {
    this.readBytes -= page.retiredBytes;
    this.held.retire(page.epoch, page.retiredEpoch, page.retiredBytes);
  }

  /** A snapshot is taken: no page that exists now is written until it is released. Returns its epoch. */
  hold(): number {
    this.held.begin(++this.epoch);
    return this.epoch;
  }

  /** The snapshot of an epoch ends. */
  release(epoch: number): void {
    this.held.end(epoch);
  }

  /** Something else that was so from an epoch on, and is kept for readers that began then. */
  keepMore(epoch: number, sizeBytes: number): void {
    this.held.retire(epoch, this.epoch, sizeBytes);
  }

  create(family: number, sizeBytes: number): Page {
    const id = this.takeId();
    const bytes = sizeBytes === PAGE_BYTES ? this.spare.pop() : undefined;
    const page = new Page(id, family, sizeBytes, this.epoch, bytes, this.deflated);
    this.pages[id] = page;
    this.sizeBytes += sizeBytes;
    this.objectBytes += page.objectBytes;
    return page;
  }

  private takeId(): number {
    for (let id = this.freeIds.pop(); id !== undefined; id = this.freeIds.pop()) if (this.pages[id] === null) return id;
    return this.pages.length;
  }

  drop(page: Page): void {
    this.setSeries(page, null);
    this.sizeBytes -= page.bytes.length;
    this.objectBytes -= page.objectBytes;
    if (this.isHeld(page)) this.retire(page);
    else if (page.bytes.length === PAGE_BYTES && this.spare.length < SPARE_BUFFERS) this.spare.push(page.bytes);
    this.giveId(page.id);
  }

  /** A page is no longer the store's: counts it for those that hold it. */
  private retire(page: Page): void {
    const sizeBytes = page.retire();
    if (page.readers === 0) return this.held.retire(page.epoch, this.epoch, sizeBytes);
    page.retiredBytes = sizeBytes;
    page.retiredEpoch = this.epoch;
    this.readBytes += sizeBytes;
  }

  private giveId(id: number): void {
    const { pages, freeIds } = this;
    pages[id] = null;
    freeIds.push(id);
    while (pages.length > 0 && pages.at(-1) === null) pages.pop();
    if (pages.length === 0) freeIds.length = 0;
  }

  /** Puts source[start, end) on a page that may be written; returns the slot. There must be room. */
  put(page: Page, chunk: number, source: Uint8Array, start: number, end: number): number {
    const before = page.objectBytes;
    const slot = page.add(chunk, source, start, end);
    this.objectBytes += page.objectBytes - before;
    return slot;
  }

  /** A page to write in place of `page`: itself, or its copy where a snapshot may hold it. `list` is its family's. */
  writable(page: Page, list: Page[]): Page {
    if (page.series !== null) this.setSeries(page, null);
    if (!this.isHeld(page)) {
      page.deflated = null;
      return page;
    }
    return this.replace(page, list, page.bytes.length);
  }

  /** Puts a copy of the page with room for `sizeBytes` in its place. */
  replace(page: Page, list: Page[], sizeBytes: number): Page {
    const copy = new Page(page.id, page.family, sizeBytes, this.epoch, undefined, this.deflated);
    copy.bytes.set(page.bytes.subarray(0, page.used));
    copy.used = page.used;
    copy.slots = page.slots.slice();
    copy.sizes = page.sizes.slice();
    copy.count = page.count;
    copy.chunkCount = page.chunkCount;
    copy.index = page.index;
    copy.sides = page.sides === null ? null : new Map(page.sides);
    this.pages[page.id] = copy;
    list[page.index] = copy;
    this.sizeBytes += sizeBytes - page.bytes.length;
    this.objectBytes += copy.objectBytes - page.objectBytes;
    this.copiedBytes += page.used;
    this.retire(page);
    return copy;
  }

  /** Sets what finds the series of a page, or takes it away before the page changes. */
  setSeries(page: Page, index: SeriesIndex | null): void {
    if (page.series !== null) {
      this.indexBytes -= page.series.sizeBytes;
      page.series.isStale = true;
    }
    page.series = index;
    this.indexBytes += index?.sizeBytes ?? 0;
  }

  private isHeld(page: Page): boolean {
    return page.readers > 0 || page.epoch < this.held.newest;
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

/** The size of the records beside the lines of a chunk. */
export const sideSize = (page: Page, chunk: number): number => page.sides?.get(chunk)?.length ?? 0;

/** The memory that something of this size beside lines takes up; 0 is nothing. */
export const sideMemory = (sizeBytes: number): number => (sizeBytes === 0 ? 0 : SIDE_OBJECT_BYTES + sizeBytes);

/** Sets the records beside the lines of a chunk. */
export function setSide(page: Page, chunk: number, side: Uint8Array | null): void {
  if (side === null) page.sides?.delete(chunk);
  else {
    page.sides ??= new Map();
    page.sides.set(chunk, side);
  }
}
