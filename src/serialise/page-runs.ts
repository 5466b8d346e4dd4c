import { intAt } from "../bytes/at.ts";
import type { ExposedPage } from "../model/exposition.ts";

/** Lines that are read together, with the records beside them (GroupFamily.side), or null. */
export interface PageRun {
  readonly lines: Uint8Array;
  readonly side: Uint8Array | null;
}

/** The chunks of a page that can be read together: all of them, or one by one where some have a side. */
export function* pageRuns(page: ExposedPage): Generator<PageRun> {
  if (page.sides === null || page.sides.size === 0) {
    yield { lines: page.bytes.subarray(0, page.used), side: null };
    return;
  }
  const { bytes } = page;
  let offset = 0;
  for (let slot = 0; slot < page.count; slot++) {
    const size = page.sizeOf(slot);
    const lines = bytes.subarray(offset, offset + size);
    yield { lines, side: page.sides.get(intAt(page.slots, slot)) ?? null };
    offset += size;
  }
}
