import {
  BLOCKS,
  type Cut,
  type ExposedFamilies,
  PAGES,
  type Piece,
  textPieces,
  textSize,
} from "../serialise/exposition.ts";
import { type Format, negotiateFormat, negotiateScrapeEncoding } from "../serialise/negotiate.ts";
import { openMetricsPieces } from "../serialise/openmetrics-exposition.ts";
import { type ProtobufReader, protobufPieces } from "../serialise/protobuf-exposition.ts";
import { sortEach } from "../serialise/sorted-series.ts";
import { zstdFrames } from "../serialise/zstd.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import type { HttpContext } from "./context.ts";

/** Largest exposition whose series are sorted within their families. Of a larger one pages are sent as they are. */
const SORTED_BYTES = 1024 * 1024;

/** A header by which a scraping Prometheus of any release is known. */
const SCRAPE_TIMEOUT = "x-prometheus-scrape-timeout-seconds";

/** What is exposed. */
export interface Exposed {
  /** From the first family on, each time that it is called. */
  readonly families: () => ExposedFamilies;
  /** Of the lines of all of them, but for our own. */
  readonly linesBytes: number;
  /** Whether there are so few families that it does not take long to add up the size of an answer. */
  readonly isSized: boolean;
  /** Called once, when the answer is sent or given up. */
  readonly release: () => void;
}

/** An exposition in the format that a reader prefers. */
export function expositionAnswer(
  { gzip, longAnswers, settings }: Pick<HttpContext, "gzip" | "longAnswers" | "settings">,
  exchange: Exchange,
  { families, linesBytes, isSized, release }: Exposed,
): Answer {
  const { openMetrics } = settings;
  const format = negotiateFormat(exchange.header("accept"), openMetrics.isOffered);
  const encoding = negotiateScrapeEncoding(exchange.header("accept-encoding"));
  const gzipped = encoding === "gzip";
  const ordered = linesBytes <= SORTED_BYTES ? sortEach(families()) : families();
  const pieces =
    format.kind === "openmetrics"
      ? openMetricsPieces(families, ordered, format.escaping, openMetrics.withCreated)
      : piecesOf(ordered, format, gzipped ? PAGES : BLOCKS, {
          forPrometheus: exchange.header(SCRAPE_TIMEOUT) !== null,
          withUnits: openMetrics.isOffered,
        });
  const parts = gzipped ? gzip.stitch(pieces) : encoding === "zstd" ? zstdFrames(bytesOf(pieces)) : bytesOf(pieces);
  const headers: Record<string, string> = { "Content-Type": format.contentType };
  if (encoding !== "identity") headers["Content-Encoding"] = encoding;
  const sizeBytes =
    isSized && encoding === "identity" && format.kind === "text" ? textSize(families(), format.escaping) : null;
  return longAnswers.answer(exchange, parts, headers, release, sizeBytes);
}

function piecesOf(families: ExposedFamilies, format: Format, cut: Cut, reader: ProtobufReader): Iterable<Piece> {
  if (format.kind === "protobuf") return protobufPieces(families, format.escaping, reader);
  return textPieces(families, format.escaping, cut);
}

function* bytesOf(pieces: Iterable<Piece>): Generator<Uint8Array> {
  for (const { bytes } of pieces) yield bytes;
}
