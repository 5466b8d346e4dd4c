import { Elysia } from "elysia";
import { telemetryRoute } from "../config/prefix.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import { type Piece, textPieces } from "../serialise/exposition.ts";
import { type Format, negotiateEncoding, negotiateFormat } from "../serialise/negotiate.ts";
import { protobufPieces } from "../serialise/protobuf-exposition.ts";
import { sortEach } from "../serialise/sorted-series.ts";
import type { Snapshot } from "../store/snapshot.ts";
import type { OwnFamily } from "../telemetry/own-metrics.ts";
import type { HttpContext } from "./deps.ts";
import { notYet } from "./reply.ts";

/** A store of at most so much text is answered in one piece, with a length. */
const SMALL_STORE_BYTES = 64 * 1024;
/** The series of one of at most so much are sorted within their families. Of a larger one pages are sent as they are. */
const SORTED_STORE_BYTES = 1024 * 1024;

/** A header by which a scraping Prometheus of any release is known. */
const SCRAPE_TIMEOUT = "x-prometheus-scrape-timeout-seconds";

/** GET on the telemetry path: what Prometheus scrapes. */
export function scrapeRoutes(context: HttpContext) {
  const { routePrefix, telemetryPath } = context.settings;
  return new Elysia({ name: "scrape", strictPath: true }).get(
    telemetryRoute(routePrefix, telemetryPath),
    ({ request }) => scrape(context, request),
  );
}

/** A scrape of a part of the store would end the series of the other part for Prometheus; a failed scrape is only a gap. */
function scrape(context: HttpContext, request: Request): Response {
  const { durability, ownMetrics, store } = context;
  const notReady = durability.notReady();
  if (notReady !== null) return notYet(notReady);
  const format = negotiateFormat(request.headers.get("accept"));
  const gzipped = negotiateEncoding(request.headers.get("accept-encoding")) === "gzip";
  const snapshot = store.snapshot();
  context.reports.tellHelps(store);
  const own = ownMetrics.gather();
  const isSmall = store.stats.chunkBytes <= SMALL_STORE_BYTES;
  const isSorted = store.stats.chunkBytes <= SORTED_STORE_BYTES;
  const pieces = piecesOf(mergeFamilies(own, snapshot), format, request.headers.has(SCRAPE_TIMEOUT), isSorted);
  const parts = gzipped ? context.gzip.stitch(pieces) : bytesOf(pieces);
  const done = () => snapshot.release();
  const headers: Record<string, string> = { "content-type": format.contentType, "x-content-type-options": "nosniff" };
  if (gzipped) headers["content-encoding"] = "gzip";
  if (isSmall) return new Response(joined(parts, done), { headers });
  return new Response(context.longAnswers.stream(request, parts, done), { headers });
}

function piecesOf(
  families: Iterable<ExposedFamily>,
  format: Format,
  forPrometheus: boolean,
  isSorted: boolean,
): Iterable<Piece> {
  const ordered = isSorted ? sortEach(families) : families;
  if (format.kind === "protobuf") return protobufPieces(ordered, format.escaping, forPrometheus);
  return textPieces(ordered, format.escaping);
}

function* bytesOf(pieces: Iterable<Piece>): Generator<Uint8Array> {
  for (const { bytes } of pieces) yield bytes;
}

function joined(parts: Iterable<Uint8Array>, done: () => void): Uint8Array<ArrayBuffer> {
  try {
    return Buffer.concat([...parts]);
  } finally {
    done();
  }
}

/** Our own families and the pushed ones, sorted by name; where both have one, ours gives type and help. */
function mergeFamilies(own: readonly OwnFamily[], snapshot: Snapshot): ExposedFamily[] {
  const ownByName = new Map(own.map((family) => [family.name, family]));
  const merged: ExposedFamily[] = [];
  for (const family of snapshot.families) {
    if (!family.filled) continue;
    const ours = ownByName.get(family.name);
    ownByName.delete(family.name);
    merged.push({
      name: family.name,
      type: ours?.type ?? family.type,
      help: ours === undefined ? family.help : Buffer.from(ours.help),
      quoted: family.quoted,
      ownLines: ours?.lines ?? null,
      pages: family.pages,
    });
  }
  for (const { name, type, help, lines } of ownByName.values())
    merged.push({ name, type, help: Buffer.from(help), quoted: false, ownLines: lines, pages: [] });
  return merged.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}
