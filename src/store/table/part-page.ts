import { intAt } from "../../bytes/at.ts";
import { copyBytes } from "../../bytes/copy.ts";
import type { ExposedPage, LineRuns } from "../../model/exposition.ts";
import { deflatedBytes, type Page } from "./page.ts";
import type { KeptPart } from "./page-parts.ts";

/** The objects of a part, without what grows with its chunks: measured. */
const PART_BYTES = 680;
const PLACE_BYTES = 6;

/**
 * Some of the chunks of a page, which is held, in their order there. Their lines are put together each time that they
 * are asked for: nothing is kept of them for slow readers.
 */
export class PartPage implements KeptPart, LineRuns {
  readonly used: number;
  readonly slots: Int32Array;
  readonly count: number;
  readonly bounds: Int32Array;
  crc = 0;
  private keptDeflated: readonly Uint8Array[] | null = null;

  /** `places` are the slots of the chunks on the page, which is not one of a large chunk. */
  constructor(
    private readonly page: Page,
    private readonly places: Uint16Array,
  ) {
    this.count = places.length;
    this.slots = Int32Array.from(places, (slot) => intAt(page.slots, slot));
    this.bounds = boundsOf(page, places);
    let used = 0;
    for (const slot of places) used += page.sizes[slot] as number;
    this.used = used;
  }

  get runs(): LineRuns {
    return this;
  }

  get source(): Uint8Array {
    return this.page.bytes;
  }

  get sides(): ReadonlyMap<number, Uint8Array> | null {
    return this.page.sides;
  }

  get deflated(): readonly Uint8Array[] | null {
    return this.keptDeflated;
  }

  set deflated(parts: readonly Uint8Array[] | null) {
    this.keptDeflated = parts;
    this.page.recount();
  }

  get sizeBytes(): number {
    return PART_BYTES + this.count * PLACE_BYTES + this.bounds.byteLength + deflatedBytes(this.keptDeflated);
  }

  sizeOf(place: number): number {
    return this.page.sizeOf(this.places[place] as number);
  }

  get bytes(): Uint8Array {
    const { source, bounds } = this;
    const lines = new Uint8Array(this.used);
    for (let i = 0, used = 0; i < bounds.length; i += 2) {
      const [start, end] = [intAt(bounds, i), intAt(bounds, i + 1)];
      copyBytes(source, start, end, lines, used);
      used += end - start;
    }
    return lines;
  }
}

/** Where the chunks at some slots of a page are, those next to each other as one run. */
function boundsOf({ sizes }: Page, places: Uint16Array): Int32Array {
  const bounds: number[] = [];
  let [slot, offset] = [0, 0];
  for (let place = 0; place < places.length; ) {
    for (; slot < (places[place] as number); slot++) offset += sizes[slot] as number;
    bounds.push(offset);
    for (; place < places.length && places[place] === slot; place++) offset += sizes[slot++] as number;
    bounds.push(offset);
  }
  return Int32Array.from(bounds);
}

/** The chunks of a page at some of its slots, as a page: the page itself where they are all that it has. */
export function partOfPage(page: Page, places: Uint16Array): ExposedPage {
  return places.length === page.chunkCount ? page : new PartPage(page, places);
}
