import { UNDERSCORE } from "../bytes/characters.ts";
import { sameBytes } from "../bytes/hash.ts";

const TOTAL = Buffer.from("_total");

/** The size of the suffix `_total` of name[start, end), which has more; 0 without it. */
export function totalSize(name: Uint8Array, start: number, end: number): number {
  const size = TOTAL.length;
  return end - start > size && sameBytes(name, end - size, TOTAL, 0, size) ? size : 0;
}

/** Whether name[start, end) is more than an underscore and the unit. */
export function endsInUnit(
  name: Uint8Array,
  start: number,
  end: number,
  unit: Uint8Array,
  unitAt: number,
  unitSize: number,
): boolean {
  const at = end - unitSize;
  return at - 1 > start && name[at - 1] === UNDERSCORE && sameBytes(name, at, unit, unitAt, unitSize);
}
