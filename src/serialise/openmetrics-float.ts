import { byteAt } from "../bytes/at.ts";
import { LOWER_E, NINE, POINT } from "../bytes/characters.ts";
import { formatFloat } from "../bytes/float.ts";
import type { Writer } from "../bytes/writer.ts";

/** A number as the reference's library writes it in OpenMetrics: as in text, but whole ones with a fraction of 0. */
export function openMetricsFloat(value: number): string {
  const text = formatFloat(value);
  return /[.eNI]/.test(text) ? text : `${text}.0`;
}

/** Appends the number lines[start, end) of finished lines in that form. */
export function appendOpenMetricsFloat(out: Writer, lines: Uint8Array, start: number, end: number): void {
  out.copy(lines, start, end);
  for (let at = start; at < end; at++) {
    const byte = byteAt(lines, at);
    // Letters are those of NaN, +Inf and -Inf.
    if (byte === POINT || byte === LOWER_E || byte > NINE) return;
  }
  out.ascii(".0");
}
