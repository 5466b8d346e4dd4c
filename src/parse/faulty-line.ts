import { LINE_FEED } from "../bytes/characters.ts";
import { decodeText } from "../bytes/utf8-text.ts";
import { Rejection } from "../model/rejection.ts";

/** Most of a line at fault that is shown. */
const SHOWN_BYTES = 200;

/** That a line, which begins at `start` of `body`, cannot be read, in the reference's words. */
export function faultyLine(
  body: Uint8Array,
  start: number,
  line: number,
  error: string,
  format: "text format" | "OpenMetrics" = "text format",
): Rejection {
  const shown = body.subarray(start, start + SHOWN_BYTES);
  const lineEnd = shown.indexOf(LINE_FEED);
  const text = decodeText(shown, 0, lineEnd < 0 ? shown.length : lineEnd);
  const message = `${format} parsing error in line ${line}: ${error}`;
  return new Rejection("malformed", message, null, message, { number: line, text });
}
