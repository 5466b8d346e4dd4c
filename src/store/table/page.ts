import { intAt } from "../../bytes/at.ts";
import { mustBe, mustHold } from "../../bytes/broken.ts";
import { PageParts, type PartOwner, type SeenPart } from "./page-parts.ts";
import type { SeriesIndex } from "./series-index.ts";

/** The size of a page that holds many chunks. */
export const PAGE_BYTES = 8192;
/** A family's first page starts as small as this and grows. */
const FIRST_PAGE_BYTES = 512;
/** How full a page is filled with new chunks, so that chunks which grow a little still fit. */
export const FILL_BYTES = (PAGE_BYTES / 16) * 15;
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
  private parts: PageParts | null = null;
  /** The memory of both. */
  derivedBytes = 0;
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
    /** Where what is made of the page is counted; null once the page is no longer the store's. */
    private tally: DerivedTally | null = null,
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
    this.keptDeflated = parts;
    this.recount();
  }

  /** What was kept of the page for somebody since it last changed; undefined: nothing was. */
  partFor(owner: PartOwner): SeenPart | undefined {
    return this.parts?.find(owner);
  }

  keepPart(owner: PartOwner, part: SeenPart): void {
    this.parts ??= new PageParts();
    this.parts.add(owner, part);
    this.recount();
  }

  /** To be called after what is kept of what was made of the page may have another size. */
  recount(): void {
    const derivedBytes = deflatedBytes(this.keptDeflated) + (this.parts?.sizeBytes ?? 0);
    if (this.tally !== null) this.tally.sizeBytes += derivedBytes - this.derivedBytes;
    this.derivedBytes = derivedBytes;
  }

  /** The page is about to change: what was made of it is forgotten. */
  forgetDerived(): void {
    if (this.derivedBytes === 0) return;
    this.keptDeflated = null;
    this.parts = null;
    this.recount();
  }

  /** Its memory without what is made of it and the records beside lines. */
  get sizeBytes(): number {
    return this.bytes.length + this.objectBytes;
  }

  get objectBytes(): number {
    return PAGE_OBJECT_BYTES + this.slots.length * SLOT_BYTES;
  }

  /** The page is no longer the store's: returns how much its readers hold. */
  retire(): number {
    if (this.tally !== null) this.tally.sizeBytes -= this.derivedBytes;
    this.tally = null;
    let sideBytes = 0;
    if (this.sides !== null) for (const side of this.sides.values()) sideBytes += SIDE_OBJECT_BYTES + side.length;
    return this.sizeBytes + this.derivedBytes + sideBytes;
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

  /** Makes the bytes that the page was made with, up to `sizeBytes`, its one chunk; returns the slot. */
  adopt(chunk: number, sizeBytes: number): number {
    const slot = this.takeSlot();
    this.slots[slot] = chunk;
    this.sizes[slot] = sizeBytes;
    this.chunkCount++;
    this.used = sizeBytes;
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
  remove(place: ChunkPlace): void {
    const { slot, offset, size } = place;
    this.bytes.copyWithin(offset, offset + size, this.used);
    this.sides?.delete(intAt(this.slots, slot));
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

  /** Throws where slots, sizes and counts differ. */
  verify(): void {
    const what = `page ${this.id}`;
    const derivedBytes = deflatedBytes(this.keptDeflated) + (this.parts?.sizeBytes ?? 0);
    mustBe(this.derivedBytes, derivedBytes, `${what}: bytes of what was made of it`);
    let [chunks, usedBytes] = [0, 0];
    for (let slot = 0; slot < this.count; slot++) {
      if (this.slots[slot] !== HOLE) chunks++;
      usedBytes += this.sizeOf(slot);
    }
    mustBe(this.chunkCount, chunks, `${what}: chunks in slots`);
    mustBe(this.used, usedBytes, `${what}: bytes of chunks`);
    mustHold(this.used <= this.bytes.length, `${what}: more bytes are used than there are`);
    mustHold(this.count === 0 || this.slots[this.count - 1] !== HOLE, `${what}: the last slot is empty`);
    for (const chunk of this.sides?.keys() ?? [])
      mustHold(this.slots.includes(chunk), `${what}: something is beside chunk ${chunk}, which is not on it`);
  }
}

/** The memory of what is made of pages and kept with them: their deflated forms, and parts of them. */
export interface DerivedTally {
  sizeBytes: number;
}

export function deflatedBytes(parts: readonly Uint8Array[] | null): number {
  if (parts === null) return 0;
  let sizeBytes = DEFLATED_OBJECT_BYTES;
  for (const part of parts) sizeBytes += part.length;
  return sizeBytes;
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
