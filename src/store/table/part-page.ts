import { intAt } from "../../bytes/at.ts";
import { copyBytes } from "../../bytes/copy.ts";
import type { ExposedPage } from "../../model/exposition.ts";
import type { Page } from "./page.ts";

/**
 * Some of the chunks of a page, which is held, in their order there. Their lines are put together each time that they
 * are asked for: nothing is kept of them for slow readers.
 */
export class PartPage implements ExposedPage {
  readonly used: number;
  readonly slots: Int32Array;
  readonly count: number;
  deflated: readonly Uint8Array[] | null = null;
  crc = 0;

  /** `places` are the slots of the chunks on the page, which is not one of a large chunk. */
  constructor(
    private readonly page: Page,
    private readonly places: Uint16Array,
  ) {
    this.count = places.length;
    this.slots = Int32Array.from(places, (slot) => intAt(page.slots, slot));
    let used = 0;
    for (const slot of places) used += page.sizes[slot] as number;
    this.used = used;
  }

  get sides(): ReadonlyMap<number, Uint8Array> | null {
    return this.page.sides;
  }

  sizeOf(place: number): number {
    return this.page.sizeOf(this.places[place] as number);
  }

  get bytes(): Uint8Array {
    const { page, places } = this;
    const { sizes } = page;
    const lines = new Uint8Array(this.used);
    for (let place = 0, slot = 0, offset = 0, used = 0; place < places.length; place++) {
      const wanted = places[place] as number;
      for (; slot < wanted; slot++) offset += sizes[slot] as number;
      const size = sizes[slot] as number;
      copyBytes(page.bytes, offset, offset + size, lines, used);
      used += size;
    }
    return lines;
  }
}

/** The chunks of a page at some of its slots, as a page: the page itself where they are all that it has. */
export function partOfPage(page: Page, places: Uint16Array): ExposedPage {
  return places.length === page.chunkCount ? page : new PartPage(page, places);
}
