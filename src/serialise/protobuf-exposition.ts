import { appendVarint } from "../bytes/varint.ts";
import { Writer } from "../bytes/writer.ts";
import type { ExposedFamily, ExposedPage } from "../model/exposition.ts";
import type { MetricType } from "../model/metric-type.ts";
import type { EscapingScheme } from "../model/names.ts";
import { escapedName } from "./escape-lines.ts";
import type { ExposedFamilies, Piece } from "./exposition.ts";
import { NOTHING, PIECE_BYTES, takePiece } from "./pieces.ts";
import { appendFamilyHeader, EncodingScratch, metricPieces } from "./protobuf.ts";

/** A family of at most so many bytes is kept until its length can be told; a larger one is written twice. */
const KEPT_BYTES = 4 * 1024 * 1024;

const PAUSE: Piece = { bytes: NOTHING, page: null };

/**
 * The exposition as delimited io.prometheus.client.MetricFamily messages, small ones gathered. A message begins with its length:
 * so a large family is worked through once to learn its length and once more to be sent, which takes no memory.
 */
export function* protobufPieces(families: ExposedFamilies, escaping: EscapingScheme): Generator<Piece> {
  const out = new Writer(PIECE_BYTES);
  const tools = { scratch: new EncodingScratch(), head: new Writer(1024), rest: new Writer(PIECE_BYTES) };
  for (const family of families) {
    if (family === null) yield PAUSE;
    else yield* familyMessage(out, family, escaping, tools);
    if (out.length >= PIECE_BYTES) yield { bytes: takePiece(out), page: null };
  }
  if (out.length > 0) yield { bytes: takePiece(out), page: null };
}

/** What messages are put together with, one after the other. */
interface MessageTools {
  readonly scratch: EncodingScratch;
  /** The fields of the family itself. */
  readonly head: Writer;
  /** The end of its metrics. */
  readonly rest: Writer;
}

/** One message; what is no piece yet is left in `out`. */
function* familyMessage(
  out: Writer,
  family: ExposedFamily,
  escaping: EscapingScheme,
  { scratch, head, rest }: MessageTools,
): Generator<Piece> {
  scratch.escaping = family.quoted ? escaping : "allow-utf-8";
  rest.reset();
  head.reset();
  let kept: Uint8Array[] | null = [];
  let size = 0;
  for (const piece of familyRecords(rest, family, scratch)) {
    size += piece.length;
    if (size > KEPT_BYTES) kept = null;
    else if (piece.length > 0) kept?.push(piece);
    yield PAUSE;
  }
  const name = family.quoted && escaping !== "allow-utf-8" ? escapedName(family.name, escaping) : family.name;
  appendFamilyHeader(head, family.isNameless ? null : name, family.help, family.type);
  appendVarint(out, head.length + size + rest.length);
  out.append(head.view());
  if (size > 0) yield { bytes: takePiece(out), page: null };
  if (kept === null) rest.reset();
  for (const bytes of kept ?? familyRecords(rest, family, scratch)) yield { bytes, page: null };
  out.append(rest.view());
}

/** The metrics of a family as records, piece by piece; the last ones are left in `out`. */
function* familyRecords(out: Writer, family: ExposedFamily, scratch: EncodingScratch): Generator<Uint8Array> {
  const { type, ownLines } = family;
  if (ownLines !== null) yield* metricPieces(out, { type, lines: ownLines, side: null }, scratch);
  for (const page of family.pages) yield* pageRecords(out, page, type, scratch);
}

/** Chunks without a side are read together, as far as they stand together. */
function* pageRecords(
  out: Writer,
  page: ExposedPage,
  type: MetricType,
  scratch: EncodingScratch,
): Generator<Uint8Array> {
  if (page.sides === null || page.sides.size === 0)
    return yield* metricPieces(out, { type, lines: page.bytes.subarray(0, page.used), side: null }, scratch);
  let offset = 0;
  for (let slot = 0; slot < page.count; slot++) {
    const size = page.sizeOf(slot);
    const side = page.sides.get(page.slots[slot] as number) ?? null;
    const lines = page.bytes.subarray(offset, offset + size);
    yield* metricPieces(out, { type, lines, side }, scratch);
    offset += size;
  }
}
