import { UNDERSCORE } from "../bytes/characters.ts";
import { sameBytes } from "../bytes/hash.ts";

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
