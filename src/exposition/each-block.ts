import { BRACE_CLOSE, BRACE_OPEN, LINE_FEED } from "../bytes/characters.ts";
import { closingQuote } from "./label-block.ts";

/**
 * Calls `visit` with the labels of every metric in finished lines, from the line at `from` to the one that ends at or
 * behind `to`. Returns that line's end. Of a summary or histogram only the `_count` lines are read: there is one a
 * metric, and it has no `quantile` or `le`.
 */
export function eachBlock(
  lines: Uint8Array,
  composite: boolean,
  from: number,
  to: number,
  visit: (start: number, end: number) => void,
): number {
  let at = from;
  while (at < lines.length && at < to) {
    const lineFeed = lines.indexOf(LINE_FEED, at);
    const quoted = lines[at] === BRACE_OPEN;
    const nameEnd = quoted ? closingQuote(lines, at + 2, lines.length) : lines.indexOf(BRACE_OPEN, at);
    const start = quoted ? nameEnd + 2 : nameEnd + 1;
    if (!composite || endsWithCount(lines, nameEnd)) visit(start, lines.lastIndexOf(BRACE_CLOSE, lineFeed));
    at = lineFeed + 1;
  }
  return at;
}

function endsWithCount(lines: Uint8Array, end: number): boolean {
  for (let i = 1; i <= COUNT_SUFFIX.length; i++)
    if (lines[end - i] !== COUNT_SUFFIX.charCodeAt(COUNT_SUFFIX.length - i)) return false;
  return true;
}

const COUNT_SUFFIX = "_count";
