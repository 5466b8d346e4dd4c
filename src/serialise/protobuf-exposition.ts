import { appendVarint } from "../bytes/varint.ts";
import { Writer } from "../bytes/writer.ts";
import type { ExposedFamily, ExposedPage } from "../model/exposition.ts";
import { MetricType } from "../model/metric-type.ts";
import type { EscapingScheme } from "../model/names.ts";
import { escapedName } from "./escape-lines.ts";
import { escapeMetricNames } from "./escape-metrics.ts";
import type { Piece } from "./exposition.ts";
import { appendFamilyHeader, appendMetrics, EncodingScratch } from "./protobuf.ts";
import { ScrapedHistograms } from "./scraped-histograms.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * The exposition as delimited io.prometheus.client.MetricFamily messages. A family is put together before its length can be
 * told, so it comes in one piece; empty pieces come while that is done, for the caller to take a turn of the loop. Where the
 * scraper is a Prometheus, native and classic histograms of one family come in a message each: see ScrapedHistograms.
 */
export function* protobufPieces(
  families: Iterable<ExposedFamily>,
  escaping: EscapingScheme,
  forPrometheus = false,
): Generator<Piece> {
  const scratch = new EncodingScratch();
  const histograms = new ScrapedHistograms();
  const message = new Writer(65536);
  const native = new Writer(4096);
  const records = new Writer(8192);
  const sorted = new Writer(4096);
  for (const family of families) {
    message.reset();
    native.reset();
    const rewrite = family.quoted && escaping !== "allow-utf-8";
    const name = rewrite ? escapedName(family.name, escaping) : family.name;
    appendFamilyHeader(message, name, family.help, family.type);
    const headerSize = message.length;
    native.copy(message.bytes, 0, headerSize);
    if (family.ownLines !== null)
      appendMetrics(message, { type: family.type, lines: family.ownLines, side: null }, scratch);
    for (const page of family.pages) {
      records.reset();
      sorted.reset();
      const visitSide =
        forPrometheus && isHistogram(family.type) ? (side: Uint8Array) => histograms.sort(side, sorted, records) : null;
      appendPage(records, page, family, scratch, visitSide);
      appendRecords(message, records, rewrite, escaping);
      appendRecords(native, sorted, rewrite, escaping);
      yield { bytes: NO_BYTES, page: null };
    }
    if (native.length > headerSize) yield* delimited(native);
    if (native.length === headerSize || message.length > headerSize) yield* delimited(message);
  }
}

const isHistogram = (type: MetricType): boolean => type === MetricType.histogram || type === MetricType.gaugeHistogram;

function appendRecords(out: Writer, records: Writer, rewrite: boolean, escaping: EscapingScheme): void {
  if (rewrite) escapeMetricNames(out, records.view(), escaping);
  else out.copy(records.bytes, 0, records.length);
}

function* delimited(message: Writer): Generator<Piece> {
  const length = new Writer(16);
  appendVarint(length, message.length);
  yield { bytes: length.finish(), page: null };
  yield { bytes: message.finish(), page: null };
}

/** Chunks without a side are read together, as far as they stand together. `takeSide` takes sides instead of `out`. */
function appendPage(
  out: Writer,
  page: ExposedPage,
  family: ExposedFamily,
  scratch: EncodingScratch,
  takeSide: ((side: Uint8Array) => void) | null,
): void {
  if (page.sides === null || page.sides.size === 0) {
    appendMetrics(out, { type: family.type, lines: page.bytes.subarray(0, page.used), side: null }, scratch);
    return;
  }
  let offset = 0;
  for (let slot = 0; slot < page.count; slot++) {
    const size = page.sizeOf(slot);
    const side = page.sides.get(page.slots[slot] as number) ?? null;
    const lines = page.bytes.subarray(offset, offset + size);
    if (side !== null && takeSide !== null) takeSide(side);
    else appendMetrics(out, { type: family.type, lines, side }, scratch);
    offset += size;
  }
}
