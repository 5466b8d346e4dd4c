import { BRACE_OPEN, COMMA, QUOTE } from "../bytes/characters.ts";
import type { Writer } from "../bytes/writer.ts";
import { unescapeText } from "../exposition/escape.ts";
import { LineCursor } from "../exposition/line-cursor.ts";
import { MetricType } from "../model/metric-type.ts";
import { type EscapingScheme, escapeLabelName, escapeName, isLegacyMetricName } from "../model/names.ts";
import { inRuns, LARGE_METRIC_BYTES, NOTHING, PIECE_BYTES, pieceOf, STRIDE_BYTES } from "./pieces.ts";

/** A metric name as a scrape with this escaping prints it; one of the old character set always stays as it is. */
export function escapedName(name: string, scheme: EscapingScheme): string {
  return isLegacyMetricName(name) ? name : escapeName(name, scheme);
}

/**
 * Whether some name in finished lines may be quoted; never false if one is. It looks for a quote after a comma or an
 * opening brace; a value that ends in either looks the same.
 */
export function mayHoldQuotedNames(lines: Uint8Array): boolean {
  for (let at = lines.indexOf(QUOTE); at > 0; at = lines.indexOf(QUOTE, at + 1)) {
    const before = lines[at - 1];
    if (before === COMMA || before === BRACE_OPEN) return true;
  }
  return false;
}

/**
 * Appends the finished lines of the family `name` with its quoted names put into the old character set by `scheme`,
 * which is not "allow-utf-8". The family's name is escaped on its own, and `_bucket`, `_sum` or `_count` follow it.
 * Labels keep their order. Yields what was appended when it is large enough for a piece; the rest is left in `out`.
 */
export function* escapeLines(
  out: Writer,
  name: string,
  lines: Uint8Array,
  scheme: EscapingScheme,
  cursor = new LineCursor(),
): Generator<Uint8Array> {
  if (lines.length <= STRIDE_BYTES && !mayHoldQuotedNames(lines)) {
    out.append(lines);
    return;
  }
  const family = { escaped: escapedName(name, scheme), quotedSize: quotedSize(name) };
  cursor.open(lines, MetricType.untyped);
  let stop = STRIDE_BYTES;
  while (cursor.begin()) {
    while (!cursor.readOn()) yield NOTHING;
    if (cursor.sizeBytes > LARGE_METRIC_BYTES) yield* escapeLargeLine(out, cursor, family, scheme);
    else if (cursor.hasQuotedNames) escapeLine(out, cursor, family, scheme);
    else out.copy(lines, cursor.lineStart, cursor.lineEnd);
    if (out.length < PIECE_BYTES && cursor.lineEnd < stop) continue;
    stop = cursor.lineEnd + STRIDE_BYTES;
    yield pieceOf(out);
  }
}

interface EscapedFamily {
  readonly escaped: string;
  /** The bytes of the name as it is in the lines, without quotes. */
  readonly quotedSize: number;
}

function escapeLine(out: Writer, cursor: LineCursor, family: EscapedFamily, scheme: EscapingScheme): void {
  appendName(out, cursor, family);
  appendLabels(out, cursor, scheme, 0, cursor.labelCount);
  appendValue(out, cursor);
}

function* escapeLargeLine(
  out: Writer,
  cursor: LineCursor,
  family: EscapedFamily,
  scheme: EscapingScheme,
): Generator<Uint8Array> {
  appendName(out, cursor, family);
  yield* inRuns(out, cursor.labelCount, 1, (from, to) => appendLabels(out, cursor, scheme, from, to));
  appendValue(out, cursor);
}

function appendName(out: Writer, cursor: LineCursor, family: EscapedFamily): void {
  out.text(family.escaped);
  out.copy(cursor.lines, cursor.nameStart + family.quotedSize, cursor.nameEnd);
}

function appendLabels(out: Writer, cursor: LineCursor, scheme: EscapingScheme, from: number, to: number): void {
  const { lines, labels } = cursor;
  for (let label = from; label < to; label++) {
    out.byte(label === 0 ? BRACE_OPEN : COMMA);
    appendLabelName(out, cursor, label, scheme);
    out.ascii('="');
    out.copy(lines, labels.valueStart(label), labels.valueEnd(label));
    out.byte(QUOTE);
  }
}

function appendValue(out: Writer, cursor: LineCursor): void {
  out.ascii(cursor.labelCount === 0 ? " " : "} ");
  out.copy(cursor.lines, cursor.valueStart, cursor.lineEnd);
}

function appendLabelName(out: Writer, cursor: LineCursor, label: number, scheme: EscapingScheme): void {
  const { lines, labels } = cursor;
  const start = labels.nameStart(label);
  const end = labels.nameEnd(label);
  if (lines[start - 1] !== QUOTE) out.copy(lines, start, end);
  else out.text(escapeLabelName(unescapeText(lines, start, end, labels.nameEscapes(label)), scheme));
}

function quotedSize(name: string): number {
  let size = Buffer.byteLength(name);
  for (const character of name) if (character === "\\" || character === '"' || character === "\n") size++;
  return size;
}
