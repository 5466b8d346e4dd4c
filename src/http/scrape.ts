import { Elysia } from "elysia";
import { telemetryRoute } from "../config/prefix.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import { type ExposedFamilies, type Piece, textPieces } from "../serialise/exposition.ts";
import { type Format, negotiateEncoding, negotiateFormat } from "../serialise/negotiate.ts";
import { protobufPieces } from "../serialise/protobuf-exposition.ts";
import type { Snapshot } from "../store/snapshot.ts";
import type { OwnFamily } from "../telemetry/own-metrics.ts";
import type { HttpContext } from "./deps.ts";
import { notYet } from "./reply.ts";

/** So many families without a series are passed over before a turn of the loop may be taken. */
const FAMILIES_A_TURN = 256;

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
  const pieces = piecesOf(exposedFamilies(ownMetrics.gather(), snapshot), format);
  const parts = gzipped ? context.gzip.stitch(pieces) : bytesOf(pieces);
  const headers: Record<string, string> = { "content-type": format.contentType, "x-content-type-options": "nosniff" };
  if (gzipped) headers["content-encoding"] = "gzip";
  return context.longAnswers.answer(request, parts, headers, () => snapshot.release());
}

function piecesOf(families: ExposedFamilies, format: Format): Iterable<Piece> {
  if (format.kind === "protobuf-delimited") return protobufPieces(families, format.escaping);
  return textPieces(textOnly(families), format.escaping);
}

/**
 * The reference's text form ends where a family without a name is to be written, and such a family sorts first: so it does
 * here, but for our own metrics. Only protobuf pushes can make one.
 */
function* textOnly(families: ExposedFamilies): Generator<ExposedFamily | null> {
  let isCut = false;
  for (const family of families) {
    isCut ||= family?.name === "";
    if (!isCut || family === null || family.ownLines !== null) yield family;
  }
}

function* bytesOf(pieces: Iterable<Piece>): Generator<Uint8Array> {
  for (const { bytes } of pieces) yield bytes;
}

/** Our own families and the pushed ones, sorted by name; where both have one, ours gives type and help. */
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
    if (order === 0 && next < ours.length) {
      const { type, help, ownLines } = ours[next++] as NamedFamily;
      yield { ...pushed, type, help, ownLines };
    } else if (pushed.filled) yield { ...pushed, ownLines: null };
    else if (++passed % FAMILIES_A_TURN === 0) yield null;
  }
  yield* ours.slice(next);
}

interface NamedFamily extends ExposedFamily {
  readonly nameBytes: Uint8Array;
}

function ownExposed({ name, type, help, lines }: OwnFamily): NamedFamily {
  const texts = { name, nameBytes: Buffer.from(name), help: Buffer.from(help) };
  return { ...texts, isNameless: false, type, quoted: false, ownLines: lines, pages: [] };
}
