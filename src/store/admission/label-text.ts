import { byteAt } from "../../bytes/at.ts";
import { BRACE_OPEN, EQUALS, QUOTE } from "../../bytes/characters.ts";
import { copyLongRun, RUNTIME_BYTES } from "../../bytes/copy.ts";
import type { Writer } from "../../bytes/writer.ts";
import { appendEscaped } from "../../exposition/escape.ts";

/** Writes what a line begins with where the name needs quotes: `{"na.me_suffix",`. */
export function writeQuotedHead(out: Writer, name: Uint8Array, suffix: string): void {
  out.byte(BRACE_OPEN);
  out.byte(QUOTE);
  appendEscaped(out, name);
  out.ascii(suffix);
  out.ascii('",');
}

/** Appends `name="value"` of ranges that need no escapes; a name of size 0 has been written before. */
export function appendValueOf(
  out: Writer,
  name: Uint8Array,
  nameStart: number,
  nameSize: number,
  value: Uint8Array,
  valueStart: number,
  valueSize: number,
): void {
  out.reserve(nameSize + valueSize + 3);
  const target = out.bytes;
  let at = out.length;
  for (let i = nameStart; i < nameStart + nameSize; i++) target[at++] = byteAt(name, i);
  target[at++] = EQUALS;
  target[at++] = QUOTE;
  if (valueSize >= RUNTIME_BYTES) copyLongRun(value, valueStart, valueStart + valueSize, target, at);
  else for (let i = 0; i < valueSize; i++) target[at + i] = byteAt(value, valueStart + i);
  target[at + valueSize] = QUOTE;
  out.length = at + valueSize + 1;
}

/** Appends a name in quotes, escaped as label values are. */
export function appendQuoted(out: Writer, name: Uint8Array): void {
  out.byte(QUOTE);
  appendEscaped(out, name);
  out.byte(QUOTE);
}
