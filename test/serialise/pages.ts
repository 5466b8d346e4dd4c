import type { ExposedFamily, ExposedPage } from "../../src/model/exposition.ts";
import { MetricType } from "../../src/model/metric-type.ts";

/** A page as a snapshot lends it, of one chunk. */
export function pageOf(text: string, size = Buffer.byteLength(text)): ExposedPage {
  const bytes = new Uint8Array(size).fill(0x23);
  Buffer.from(text).copy(bytes);
  const used = Buffer.byteLength(text);
  return { bytes, used, slots: Int32Array.of(0), sizeOf: () => used, count: 1, sides: null, deflated: null, crc: 0 };
}

export function exposedFamily(
  name: string,
  texts: readonly string[],
  more: Partial<ExposedFamily> = {},
): ExposedFamily {
  const pages = texts.map((text) => pageOf(text));
  const plain = { type: MetricType.gauge, help: null, quoted: false, ownLines: null };
  return { name, ...plain, pages, ...more };
}

/** So many lines of a family, as one text. */
export function linesOf(name: string, count: number, from = 0): string {
  return Array.from({ length: count }, (_, i) => `${name}{instance="",job="job ${from + i}"} ${from + i}\n`).join("");
}
