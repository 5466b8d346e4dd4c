import { uninitialized } from "../../bytes/uninitialized.ts";
import { type ChunkContent, copyInto } from "./chunk-content.ts";
import type { ChunkPlaces, Family } from "./families.ts";
import { type ChunkPlace, PAGE_BYTES, type Page, pageSizeFor, setSide } from "./page.ts";
import type { Pages } from "./pages.ts";
import type { Splice } from "./splice.ts";

/** A family whose lines are written, and what is written with them. */
interface Written {
  readonly family: Family;
  readonly pages: Pages;
  readonly places: ChunkPlaces;
}

/**
 * Gives a chunk, which is at a place of the page that holds it, other lines. Lines of the same size are written in
 * place, others move the tail of the page; where there is no room, or too much of it, the chunk goes to another page.
 */
export function rewrite(out: Written, held: Page, place: ChunkPlace, chunk: number, content: ChunkContent): void {
  if (content.splice !== null) return rewriteSpliced(out, held, place, chunk, content, content.splice);
  const size = content.end - content.start;
  const isWide = held.bytes.length > PAGE_BYTES && size < held.bytes.length / 2;
  if (isWide || content.page !== null || held.used - place.size + size > held.bytes.length) {
    out.family.remove(out.pages, held, place);
    putOnPage(out, chunk, content);
    return;
  }
  const page = out.pages.writable(held, out.family.pages);
  page.resize(place, size);
  copyInto(page.bytes, place.offset, content);
  setSide(page, chunk, content.side);
}

/** Puts a chunk on a page that has room for it; returns that. */
export function putOnPage({ family, pages, places }: Written, chunk: number, content: ChunkContent): Page {
  const page = family.insert(pages, places, chunk, content);
  setSide(page, chunk, content.side);
  return page;
}

/** The one chunk of a large page gets other lines for some series. What finds them goes on finding them. */
function rewriteSpliced(
  out: Written,
  held: Page,
  place: ChunkPlace,
  chunk: number,
  content: ChunkContent,
  splice: Splice,
): void {
  const { pages } = out;
  const index = pages.takeSeries(held);
  let page = held;
  const write = (): Uint8Array => {
    page = spliceOn(out, held, place, chunk, content, splice);
    return page.bytes.subarray(0, page.used);
  };
  if (index === null) write();
  else if (index.follow(splice, content.source, write)) pages.setSeries(page, index);
  else index.isStale = true;
}

/** Returns the page with the lines. */
function spliceOn(
  out: Written,
  held: Page,
  place: ChunkPlace,
  chunk: number,
  content: ChunkContent,
  splice: Splice,
): Page {
  const { family, pages } = out;
  if (content.page === null && fits(held, splice)) {
    const page = pages.writable(held, family.pages);
    splice.applyIn(page.bytes, content.source);
    page.used += splice.moreBytes;
    setSide(page, chunk, content.side);
    return page;
  }
  if (content.page === null) {
    content.page = uninitialized(pageSizeFor(0, content.end - content.start));
    splice.writeTo(content.page, 0, held.bytes, content.source);
  }
  family.remove(pages, held, place);
  return putOnPage(out, chunk, content);
}

/** Whether a page has room for what a splice makes of its chunk. */
export const fits = (page: Page, splice: Splice): boolean => page.used + splice.moreBytes <= page.bytes.length;
