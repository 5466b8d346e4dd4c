import { appendHelpText } from "../bytes/help-text.ts";
import { Writer } from "../bytes/writer.ts";
import type { ExposedFamily, ExposedPage } from "../model/exposition.ts";
import { METRIC_TYPE_WORDS } from "../model/metric-type.ts";
import { type EscapingScheme, isLegacyMetricName } from "../model/names.ts";
import { escapedName, escapeLines } from "./escape-lines.ts";
import { LineCursor } from "./lines.ts";
import { NOTHING, PIECE_BYTES, takePiece } from "./pieces.ts";

/** Of a text that is sent as it is; a system call sends no more at a time. */
const BLOCK_BYTES = 96 * 1024;
/** A page of at least this size is a piece by itself. */
const LARGE_PAGE_BYTES = 32 * 1024;
/** Pages with less than this are gathered to one piece. */
const SMALL_PAGE_BYTES = 4096;
const LINE_FEED = 0x0a;

/** A piece of an exposition; `page` is set where the piece is that page as a whole, `bytes` being its lines. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly page: ExposedPage | null;
}

/** Families in the order of their names; null: a turn of the loop may be taken. */
export type ExposedFamilies = Iterable<ExposedFamily | null>;

const PAUSE: Piece = { bytes: NOTHING, page: null };

/**
 * The text exposition 0.0.4 of all families, piece by piece: headers and small pages gathered in bytes of their own, large
 * pages as they are, borrowed from their snapshot.
 */
export function* textPieces(families: ExposedFamilies, escaping: EscapingScheme): Generator<Piece> {
  const out = new Writer(PIECE_BYTES);
  const cursor = new LineCursor();
  for (const family of families) {
    if (family === null) {
      yield PAUSE;
      continue;
    }
    writeTextHeader(out, family, escaping);
    if (family.ownLines !== null) out.append(family.ownLines);
    const rewrite = family.quoted && escaping !== "allow-utf-8";
    for (const page of family.pages) {
      if (rewrite) yield* rewrittenPage(out, family, page, escaping, cursor);
      else if (page.used >= SMALL_PAGE_BYTES) {
        if (out.length > 0) yield { bytes: takePiece(out), page: null };
        yield { bytes: page.bytes.subarray(0, page.used), page };
      } else out.copy(page.bytes, 0, page.used);
      if (out.length >= PIECE_BYTES) yield { bytes: takePiece(out), page: null };
    }
    if (out.length >= PIECE_BYTES) yield { bytes: takePiece(out), page: null };
  }
  if (out.length > 0) yield { bytes: takePiece(out), page: null };
}

/** So many bytes of headers are written, or pages looked at, to learn a size. */
const SIZED_HEADER_BYTES = 64 * 1024;
const SIZED_PAGES = 16 * 1024;

/** The text of `textPieces` in pieces of about this size, each lent until the next one is asked for. */
export function* textBlocks(families: ExposedFamilies, escaping: EscapingScheme): Generator<Uint8Array> {
  const out = new Writer(PIECE_BYTES);
  const cursor = new LineCursor();
  for (const family of families) {
    if (family === null) {
      yield NOTHING;
      continue;
    }
    writeTextHeader(out, family, escaping);
    if (family.ownLines !== null) out.append(family.ownLines);
    const rewrite = family.quoted && escaping !== "allow-utf-8";
    for (const page of family.pages) {
      if (rewrite) for (const { bytes } of rewrittenPage(out, family, page, escaping, cursor)) yield bytes;
      else if (page.used >= LARGE_PAGE_BYTES) {
        yield lent(out);
        yield page.bytes.subarray(0, page.used);
      } else out.copy(page.bytes, 0, page.used);
      if (out.length >= BLOCK_BYTES) yield lent(out);
    }
    if (out.length >= BLOCK_BYTES) yield lent(out);
  }
  if (out.length > 0) yield out.view();
}

/** What was written so far, until more is written; the writer is empty. */
function lent(out: Writer): Uint8Array {
  const bytes = out.view();
  out.reset();
  return bytes;
}

/** The size of what `textPieces` makes of these families, all in one turn; null where that would be too much work for one. */
export function textSize(families: ExposedFamilies, escaping: EscapingScheme): number | null {
  const header = new Writer(PIECE_BYTES);
  let headerBytes = 0;
  let sizeBytes = 0;
  let pages = 0;
  for (const family of families) {
    if (family === null) continue;
    headerBytes += 2 * family.name.length + (family.help?.length ?? 0);
    pages += family.pages.length;
    if (headerBytes > SIZED_HEADER_BYTES || pages > SIZED_PAGES) return null;
    if (family.quoted && escaping !== "allow-utf-8") return null;
    writeTextHeader(header, family, escaping);
    sizeBytes += header.length + (family.ownLines?.length ?? 0);
    header.reset();
    for (const { used } of family.pages) sizeBytes += used;
  }
  return sizeBytes;
}

function* rewrittenPage(
  out: Writer,
  { name }: ExposedFamily,
  page: ExposedPage,
  escaping: EscapingScheme,
  cursor: LineCursor,
): Generator<Piece> {
  const lines = page.bytes.subarray(0, page.used);
  for (const piece of escapeLines(out, name, lines, escaping, cursor))
    yield piece.length === 0 ? PAUSE : { bytes: piece, page: null };
}

/** HELP (where there is one) and TYPE. */
function writeTextHeader(out: Writer, family: ExposedFamily, escaping: EscapingScheme): void {
  const name = writtenName(family.name, escaping);
  if (family.help !== null) {
    out.text(`# HELP ${name} `);
    appendHelpText(out, family.help);
    out.byte(LINE_FEED);
  }
  out.text(`# TYPE ${name} ${METRIC_TYPE_WORDS[family.type]}\n`);
}

function writtenName(name: string, escaping: EscapingScheme): string {
  if (isLegacyMetricName(name)) return name;
  if (escaping !== "allow-utf-8") return escapedName(name, escaping);
  return `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
