import { byteAt } from "../bytes/at.ts";
import { BACKSLASH } from "../bytes/characters.ts";
import { escapeOf, needsEscape } from "../exposition/escape.ts";
import type { PushColumns } from "../model/columns.ts";

/** As PushColumns.addLabel, for a value of `body` that has no escapes yet. */
export function addEscapedLabel(
  columns: PushColumns,
  nameAt: number,
  nameSize: number,
  valueAt: number,
  valueSize: number,
): void {
  const { body } = columns;
  let escapes = 0;
  for (let at = valueAt; at < valueAt + valueSize; at++) if (needsEscape(byteAt(body, at))) escapes++;
  if (escapes === 0) return columns.addLabel(nameAt, nameSize, valueAt, valueSize);
  columns.reserveSpill(valueSize + escapes);
  const { spill } = columns;
  const first = columns.spillSize;
  let to = first;
  for (let at = valueAt; at < valueAt + valueSize; at++) {
    const byte = byteAt(body, at);
    if (needsEscape(byte)) spill[to++] = BACKSLASH;
    spill[to++] = escapeOf(byte);
  }
  columns.spillSize = to;
  columns.addLabel(nameAt, nameSize, ~first, valueSize + escapes);
}
