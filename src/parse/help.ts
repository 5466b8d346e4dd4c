import { toValidUtf8 } from "../bytes/valid-utf8.ts";
import type { PushColumns } from "../model/columns.ts";

/**
 * Sets the HELP text of a family; size -1 is none. Prometheus fails a whole scrape for a HELP text that is not UTF-8,
 * so what is not becomes U+FFFD here, before anything is stored. `hasHighBytes` false: the text is known to be ASCII.
 */
export function takeHelp(columns: PushColumns, family: number, at: number, size: number, hasHighBytes: boolean): void {
  columns.setHelp(family, at, size);
  if (!hasHighBytes || columns.excess !== null) return;
  const text = columns.slice(at, size);
  const valid = toValidUtf8(text);
  if (valid === text) return;
  columns.reserveSpill(valid.length);
  columns.spill.set(valid, columns.spillSize);
  columns.setHelp(family, ~columns.spillSize, valid.length);
  columns.spillSize += valid.length;
}
