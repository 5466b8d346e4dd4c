import { intAt } from "../bytes/at.ts";
import { LINE_FEED } from "../bytes/characters.ts";
import { Writer } from "../bytes/writer.ts";
import { escapeText } from "../exposition/escape.ts";
import { appendHelpText } from "../exposition/help-text.ts";
import { LineCursor } from "../exposition/line-cursor.ts";
import type { ExposedFamily, ExposedPage } from "../model/exposition.ts";
import { METRIC_TYPE_WORDS } from "../model/metric-type.ts";
import { type EscapingScheme, isLegacyMetricName } from "../model/names.ts";
import { escapedName, escapeLines } from "./escape-lines.ts";
import { lendPiece, NOTHING, PIECE_BYTES, takePiece } from "./pieces.ts";

/** A piece of an exposition; `page` is set where the piece is that page as a whole, `bytes` being its lines. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly page: ExposedPage | null;
}

/** Families in the order of their names; null: a turn of the loop may be taken. */
export type ExposedFamilies = Iterable<ExposedFamily | null>;

/** A page as a whole: its lines may have to be put together, which is done where they are asked for. */
class PagePiece implements Piece {
  constructor(readonly page: ExposedPage) {}

  get bytes(): Uint8Array {
    return this.page.bytes.subarray(0, this.page.used);
  }
}

function appendPage(out: Writer, page: ExposedPage): void {
  if (page.runs === undefined) return out.copy(page.bytes, 0, page.used);
  const { source, bounds } = page.runs;
  for (let i = 0; i < bounds.length; i += 2) out.copy(source, intAt(bounds, i), intAt(bounds, i + 1));
}

const PAUSE: Piece = { bytes: NOTHING, page: null };

/** How a text is cut into pieces. */
export interface Cut {
  /** A page of at least this size is a piece by itself, borrowed from its snapshot; smaller ones are gathered. */
  readonly pageBytes: number;
  /** What is gathered is a piece from this size on. */
  readonly pieceBytes: number;
  /** Takes what was gathered out of the writer. */
  readonly take: (out: Writer) => Uint8Array;
}

/**
 * For readers that deflate pages and cache that: each page that is not small is a piece, and pieces have bytes of their
 * own.
 */
export const PAGES: Cut = { pageBytes: 4096, pieceBytes: PIECE_BYTES, take: takePiece };
/** For what is sent as it is, in few system calls: a piece is lent until the next one is asked for. */
export const BLOCKS: Cut = { pageBytes: 32 * 1024, pieceBytes: 96 * 1024, take: lendPiece };

/**
 * The text exposition 0.0.4 of all families, piece by piece: headers and small pages gathered, large pages as they are.
 */
export function* textPieces(families: ExposedFamilies, escaping: EscapingScheme, cut = PAGES): Generator<Piece> {
  const { pageBytes, pieceBytes, take } = cut;
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
      else if (page.used >= pageBytes) {
        if (out.length > 0) yield { bytes: take(out), page: null };
        yield new PagePiece(page);
      } else appendPage(out, page);
      if (out.length >= pieceBytes) yield { bytes: take(out), page: null };
    }
    if (out.length >= pieceBytes) yield { bytes: take(out), page: null };
  }
  if (out.length > 0) yield { bytes: take(out), page: null };
}

/** Bytes of headers that are written, or pages that are read, to learn a size. */
const SIZED_HEADER_BYTES = 64 * 1024;
const SIZED_PAGES = 16 * 1024;

/**
 * The size of what `textPieces` makes of these families, all in one turn; null where that would be too much work for
 * one.
 */
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
  return `"${escapeText(name)}"`;
}
