import { Writer } from "../bytes/writer.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import { MetricType } from "../model/metric-type.ts";
import type { EscapingScheme } from "../model/names.ts";
import { NO_NOTE, noteKind, TYPELESS, unitOf } from "../model/type-note.ts";
import { appendVarint } from "../protobuf/varint.ts";
import { escapedName } from "./escape-lines.ts";
import { escapeMetricNames } from "./escape-metrics.ts";
import type { ExposedFamilies, Piece } from "./exposition.ts";
import { pageRuns } from "./page-runs.ts";
import { NOTHING, PIECE_BYTES, pieceOf, takePiece } from "./pieces.ts";
import { appendFamilyHeader, EncodingScratch, metricPieces } from "./protobuf.ts";
import { ScrapedHistograms } from "./scraped-histograms.ts";

/** Largest family that is kept until its length is known; a larger one is written twice. */
const KEPT_BYTES = 1024 * 1024;

const PAUSE: Piece = { bytes: NOTHING, page: null };

/** What the messages are for. */
export interface ProtobufReader {
  /** A Prometheus: native and classic histograms of one family come in a message each, see ScrapedHistograms. */
  readonly forPrometheus?: boolean;
  /** It gets the units of families; the reference has none. */
  readonly withUnits?: boolean;
}

/**
 * The exposition as delimited io.prometheus.client.MetricFamily messages, small ones gathered. A message begins with
 * its length: so a large family is worked through once to learn its length and once more to be sent, which takes no
 * memory.
 */
export function* protobufPieces(
  families: ExposedFamilies,
  escaping: EscapingScheme,
  { forPrometheus = false, withUnits = false }: ProtobufReader = {},
): Generator<Piece> {
  const out = new Writer(PIECE_BYTES);
  const tools = {
    scratch: new EncodingScratch(),
    head: new Writer(1024),
    rest: new Writer(PIECE_BYTES),
    histograms: new ScrapedHistograms(),
    withUnits,
  };
  for (const family of families) {
    if (family === null) yield PAUSE;
    else if (forPrometheus && isHistogram(family.type)) yield* histogramMessages(out, family, escaping, tools);
    else yield* familyMessage(out, family, escaping, tools, "all");
    if (out.length >= PIECE_BYTES) yield { bytes: takePiece(out), page: null };
  }
  if (out.length > 0) yield { bytes: takePiece(out), page: null };
}

const isHistogram = (type: MetricType): boolean => type === MetricType.histogram || type === MetricType.gaugeHistogram;

/** Which metrics of a family a message has: those whose histogram is native, the others, or all. */
type Kind = "native" | "classic" | "all";

function* histogramMessages(
  out: Writer,
  family: ExposedFamily,
  escaping: EscapingScheme,
  tools: MessageTools,
): Generator<Piece> {
  const hasSides = family.pages.some(({ sides }) => sides !== null && sides.size > 0);
  const hasNative = hasSides && (yield* familyMessage(out, family, escaping, tools, "native"));
  yield* familyMessage(out, family, escaping, tools, hasNative ? "classic" : "all");
}

/** What messages are put together with, one after the other. */
interface MessageTools {
  readonly scratch: EncodingScratch;
  /** The fields of the family itself. */
  readonly head: Writer;
  /** The end of its metrics. */
  readonly rest: Writer;
  readonly histograms: ScrapedHistograms;
  readonly withUnits: boolean;
}

/** One message; what is too small for a piece is left in `out`. Returns false if there are no metrics of this kind. */
function* familyMessage(
  out: Writer,
  family: ExposedFamily,
  escaping: EscapingScheme,
  { scratch, head, rest, histograms, withUnits }: MessageTools,
  kind: Kind,
): Generator<Piece, boolean> {
  scratch.escaping = family.quoted ? escaping : "allow-utf-8";
  rest.reset();
  head.reset();
  let kept: Uint8Array[] | null = [];
  let size = 0;
  for (const piece of familyRecords(rest, family, scratch, histograms, kind)) {
    size += piece.length;
    if (size > KEPT_BYTES) kept = null;
    else if (piece.length > 0) kept?.push(piece);
    yield PAUSE;
  }
  if (kind !== "all" && size + rest.length === 0) return false;
  const name = family.quoted && escaping !== "allow-utf-8" ? escapedName(family.name, escaping) : family.name;
  const { typeNote = NO_NOTE } = family;
  const unit = withUnits && name === family.name ? unitOf(family) : "";
  appendFamilyHeader(head, name, family.help, noteKind(typeNote) === TYPELESS ? null : family.type, unit);
  appendVarint(out, head.length + size + rest.length);
  out.append(head.view());
  if (size > 0) yield { bytes: takePiece(out), page: null };
  if (kept === null) rest.reset();
  for (const bytes of kept ?? familyRecords(rest, family, scratch, histograms, kind)) yield { bytes, page: null };
  out.append(rest.view());
  return true;
}

/** The metrics of a family as records, piece by piece; the last ones are left in `out`. */
function* familyRecords(
  out: Writer,
  family: ExposedFamily,
  scratch: EncodingScratch,
  histograms: ScrapedHistograms,
  kind: Kind,
): Generator<Uint8Array> {
  const { type, ownLines } = family;
  if (ownLines !== null && kind !== "native") yield* metricPieces(out, { type, lines: ownLines, side: null }, scratch);
  for (const page of family.pages)
    for (const chunks of pageRuns(page)) {
      if (chunks.side === null || kind === "all") {
        if (kind !== "native" || chunks.side !== null) yield* metricPieces(out, { type, ...chunks }, scratch);
      } else yield* histogramPieces(out, chunks.side, scratch.escaping, histograms, kind);
    }
}

/** The metrics of one kind among the records beside a chunk's lines. */
function* histogramPieces(
  out: Writer,
  side: Uint8Array,
  escaping: EscapingScheme,
  histograms: ScrapedHistograms,
  kind: Kind,
): Generator<Uint8Array> {
  for (const record of histograms.pick(side, kind === "native"))
    if (record === null) yield pieceOf(out);
    else if (escaping === "allow-utf-8" && record.length <= PIECE_BYTES) out.append(record);
    else if (escaping === "allow-utf-8") {
      yield takePiece(out);
      yield record;
    } else yield* escapeMetricNames(out, record, escaping);
}
