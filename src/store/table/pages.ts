import { Broken, mustBe, mustHold } from "../../bytes/broken.ts";
import { HeldPages } from "./held-pages.ts";
import { type DerivedTally, PAGE_BYTES, Page } from "./page.ts";
import type { SeriesIndex } from "./series-index.ts";

/** Free buffers kept for the next pages. */
const SPARE_BUFFERS = 64;

/** All pages, by id. Only here is decided whether a page may be written in place. */
export class Pages {
  private readonly pages: (Page | null)[] = [];
  /** Ids that had no page when they were noted. */
  private readonly freeIds: number[] = [];
  private readonly spare: Uint8Array[] = [];
  private readonly derived: DerivedTally = { sizeBytes: 0 };
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
    if (!page) throw new Broken(`there is no page ${id}`);
    return page;
  }

  /** The memory that pages take up, with what is made of them; the few that wait to be used again are left out. */
  get memoryBytes(): number {
    const lists = (this.pages.length + this.freeIds.length) * 8;
    return this.sizeBytes + this.objectBytes + this.derived.sizeBytes + lists;
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

  /** `given` is the memory for the page, if somebody has some of that size. */
  create(family: number, sizeBytes: number, given?: Uint8Array): Page {
    const id = this.takeId();
    const bytes = given ?? (sizeBytes === PAGE_BYTES ? this.spare.pop() : undefined);
    const page = new Page(id, family, sizeBytes, this.epoch, bytes, this.derived);
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
    const isHeld = this.isHeld(page);
    this.retire(page);
    if (!isHeld && page.bytes.length === PAGE_BYTES && this.spare.length < SPARE_BUFFERS) this.spare.push(page.bytes);
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
      page.forgetDerived();
      return page;
    }
    return this.replace(page, list, page.bytes.length);
  }

  /** Puts a copy of the page with room for `sizeBytes` in its place. */
  replace(page: Page, list: Page[], sizeBytes: number): Page {
    const copy = new Page(page.id, page.family, sizeBytes, this.epoch, undefined, this.derived);
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

  /** Takes what finds the series off a page which is about to change; null: there is nothing. */
  takeSeries(page: Page): SeriesIndex | null {
    const { series } = page;
    this.indexBytes -= series?.sizeBytes ?? 0;
    page.series = null;
    return series;
  }

  /** Whether a page must not be written, for somebody reads it. */
  isHeld(page: Page): boolean {
    return page.readers > 0 || page.epoch < this.held.newest;
  }

  /** Throws where pages and what is counted of them differ. */
  verify(): void {
    let [sizeBytes, objectBytes, indexBytes, derivedBytes, count] = [0, 0, 0, 0, 0];
    for (const [id, page] of this.pages.entries()) {
      if (page === null) continue;
      mustBe(page.id, id, "pages: the id of a page");
      page.verify();
      sizeBytes += page.bytes.length;
      objectBytes += page.objectBytes;
      indexBytes += page.series?.sizeBytes ?? 0;
      derivedBytes += page.derivedBytes;
      page.series?.verify();
      count++;
    }
    mustBe(this.sizeBytes, sizeBytes, "pages: bytes");
    mustBe(this.objectBytes, objectBytes, "pages: bytes of objects");
    mustBe(this.indexBytes, indexBytes, "pages: bytes of indexes");
    mustBe(this.derived.sizeBytes, derivedBytes, "pages: bytes of what is made of them");
    const free = new Set(this.freeIds.filter((id) => this.pages[id] === null));
    mustBe(count + free.size, this.pages.length, "pages: pages and free ids");
    mustHold(this.readings > 0 || this.readBytes === 0, "pages: bytes are held by readers of which there are none");
    this.held.verify();
  }
}
