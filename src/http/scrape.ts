import { clientAddress } from "../config/address.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import {
  BLOCKS,
  type Cut,
  type ExposedFamilies,
  PAGES,
  type Piece,
  textPieces,
  textSize,
} from "../serialise/exposition.ts";
import { type Format, negotiateEncoding, negotiateFormat } from "../serialise/negotiate.ts";
import { protobufPieces } from "../serialise/protobuf-exposition.ts";
import { sortEach } from "../serialise/sorted-series.ts";
import type { Answer, Answers, Exchange } from "../server/exchange.ts";
import type { Snapshot } from "../store/table/snapshot.ts";
import type { OwnFamily } from "../telemetry/own-metrics.ts";
import type { HttpContext } from "./context.ts";
import { notYet } from "./reply.ts";

export type ScrapeDeps = Pick<
  HttpContext,
  | "activity"
  | "clock"
  | "gzip"
  | "longAnswers"
  | "ownMetrics"
  | "persistence"
  | "refusals"
  | "reports"
  | "store"
  | "storeTurns"
>;

/** Largest store whose series are sorted within their families. Of a larger one pages are sent as they are. */
const SORTED_STORE_BYTES = 1024 * 1024;
/** Families without a series that are skipped before a turn of the loop may be taken. */
const FAMILIES_A_TURN = 256;

/** With more families than this an answer has no Content-Length: to add it up would take milliseconds. */
const SIZED_FAMILIES = 2000;

/** A header by which a scraping Prometheus of any release is known. */
const SCRAPE_TIMEOUT = "x-prometheus-scrape-timeout-seconds";

/**
 * What Prometheus scrapes. A scrape of a part of the store would end the series of the other part for Prometheus; a
 * failed scrape is only a gap.
 */
export function scrape(deps: ScrapeDeps, exchange: Exchange): Answers {
  const notReady = deps.persistence.notReady();
  if (notReady !== null) return notYet(deps.refusals, notReady, exchange);
  // A group that is on its way out would be seen by halves.
  const changing = deps.storeTurns.calm();
  return changing === null ? exposition(deps, exchange) : changing.then(() => scrape(deps, exchange));
}

function exposition(deps: ScrapeDeps, exchange: Exchange): Answer {
  const snapshot = deps.store.snapshot();
  try {
    return expositionOf(deps, exchange, snapshot);
  } catch (fault) {
    snapshot.release();
    throw fault;
  }
}

/** The snapshot is released when the answer is sent. */
function expositionOf(deps: ScrapeDeps, exchange: Exchange, snapshot: Snapshot): Answer {
  const { ownMetrics, reports, store } = deps;
  const noteEnd = beginScrape(deps, exchange);
  const format = negotiateFormat(exchange.header("accept"));
  const gzipped = negotiateEncoding(exchange.header("accept-encoding")) === "gzip";
  reports.tellHelps(store);
  const own = ownMetrics.gather();
  const families = exposedFamilies(own, snapshot);
  const isSorted = store.stats.chunkBytes <= SORTED_STORE_BYTES;
  const ordered = isSorted ? sortEach(families) : families;
  const pieces = piecesOf(ordered, format, exchange.header(SCRAPE_TIMEOUT) !== null, gzipped ? PAGES : BLOCKS);
  const parts = gzipped ? deps.gzip.stitch(pieces) : bytesOf(pieces);
  const headers: Record<string, string> = { "Content-Type": format.contentType };
  if (gzipped) headers["Content-Encoding"] = "gzip";
  const isSized = !gzipped && format.kind === "text" && store.stats.families <= SIZED_FAMILIES;
  const sizeBytes = isSized ? textSize(exposedFamilies(own, snapshot), format.escaping) : null;
  const end = () => {
    snapshot.release();
    noteEnd();
  };
  return deps.longAnswers.answer(exchange, parts, headers, end, sizeBytes);
}

/** To be called at the end of the scrape that begins now. */
function beginScrape({ activity, clock }: ScrapeDeps, { client }: Exchange): () => void {
  const [startMs, sinceMs] = [clock.now(), clock.nowMs()];
  return () => activity.scraped(clientAddress(client), { startMs, tookMs: clock.nowMs() - sinceMs });
}

function piecesOf(families: ExposedFamilies, format: Format, forPrometheus: boolean, cut: Cut): Iterable<Piece> {
  if (format.kind === "protobuf") return protobufPieces(families, format.escaping, forPrometheus);
  return textPieces(families, format.escaping, cut);
}

function* bytesOf(pieces: Iterable<Piece>): Generator<Uint8Array> {
  for (const { bytes } of pieces) yield bytes;
}

/** Our own families and the pushed ones, sorted by name; if both have one, type and help are ours. */
function* exposedFamilies(own: readonly OwnFamily[], snapshot: Snapshot): Generator<ExposedFamily | null> {
  const ours = own.map(ownExposed).sort((a, b) => Buffer.compare(a.nameBytes, b.nameBytes));
  let next = 0;
  let passed = 0;
  for (const pushed of snapshot.eachFamily()) {
    let order = -1;
    for (; next < ours.length; next++) {
      const one = ours[next] as NamedFamily;
      order = Buffer.compare(one.nameBytes, pushed.nameBytes);
      if (order >= 0) break;
      yield one;
    }
    if (!pushed.filled) {
      if (++passed % FAMILIES_A_TURN === 0) yield null;
    } else if (order === 0 && next < ours.length) {
      const { type, help, ownLines } = ours[next++] as NamedFamily;
      yield { ...pushed, type, isTypeless: false, help, ownLines };
    } else yield { ...pushed, ownLines: null };
  }
  yield* ours.slice(next);
}

interface NamedFamily extends ExposedFamily {
  readonly nameBytes: Uint8Array;
}

function ownExposed({ name, type, help, lines }: OwnFamily): NamedFamily {
  const texts = { name, nameBytes: Buffer.from(name), help: Buffer.from(help) };
  return { ...texts, type, quoted: false, ownLines: lines, pages: [] };
}
