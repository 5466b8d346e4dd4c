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
import { type ProtobufReader, protobufPieces } from "../serialise/protobuf-exposition.ts";
import { sortEach } from "../serialise/sorted-series.ts";
import { zstdFrames } from "../serialise/zstd.ts";
import type { Answer, Answers, Exchange } from "../server/exchange.ts";
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
  /** A page of at least this size is deflated by itself, so that this form can be kept with it. */
  readonly leastKeptBytes: number;
  /** Called once, when the answer is sent or given up. */
  readonly release: () => void;
}

type ExpositionDeps = Pick<HttpContext, "gzip" | "longAnswers" | "settings">;

/** An exposition in the format that a reader prefers. */
export function expositionAnswer(deps: ExpositionDeps, exchange: Exchange, exposed: Exposed): Answers {
  const { openMetrics } = deps.settings;
  const format = negotiateFormat(exchange.header("accept"), openMetrics.isOffered);
  if (format.kind === "openmetrics") return openMetricsAnswer(deps, exchange, exposed, format);
  const isGzipped = encodingFor(exchange) === "gzip";
  const pieces = piecesOf(
    orderedOf(exposed),
    format,
    isGzipped ? { ...PAGES, pageBytes: exposed.leastKeptBytes } : BLOCKS,
    {
      forPrometheus: exchange.header(SCRAPE_TIMEOUT) !== null,
      withUnits: openMetrics.isOffered,
    },
  );
  return answerOf(deps, exchange, exposed, format, pieces);
}

/** What writes OpenMetrics is loaded when it is first asked for. */
async function openMetricsAnswer(
  deps: ExpositionDeps,
  exchange: Exchange,
  exposed: Exposed,
  format: Format,
): Promise<Answer> {
  try {
    const { openMetricsPieces } = await import("../serialise/openmetrics-exposition.ts");
    const { withCreated } = deps.settings.openMetrics;
    const pieces = openMetricsPieces(exposed.families, orderedOf(exposed), format.escaping, withCreated);
    return answerOf(deps, exchange, exposed, format, pieces);
  } catch (fault) {
    exposed.release();
    throw fault;
  }
}

const encodingFor = (exchange: Exchange) => negotiateScrapeEncoding(exchange.header("accept-encoding"));

const orderedOf = ({ families, linesBytes }: Exposed): ExposedFamilies =>
  linesBytes <= SORTED_BYTES ? sortEach(families()) : families();

function answerOf(
  { gzip, longAnswers }: ExpositionDeps,
  exchange: Exchange,
  { families, isSized, release }: Exposed,
  format: Format,
  pieces: Iterable<Piece>,
): Answer {
  const encoding = encodingFor(exchange);
  const parts =
    encoding === "gzip" ? gzip.stitch(pieces) : encoding === "zstd" ? zstdFrames(bytesOf(pieces)) : bytesOf(pieces);
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
