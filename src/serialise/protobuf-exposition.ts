import { appendVarint } from "../bytes/varint.ts";
import { Writer } from "../bytes/writer.ts";
import type { ExposedFamily, ExposedPage } from "../model/exposition.ts";
import type { EscapingScheme } from "../model/names.ts";
import { escapedName } from "./escape-lines.ts";
import { escapeMetricNames } from "./escape-metrics.ts";
import type { Piece } from "./exposition.ts";
import { appendFamilyHeader, appendMetrics, EncodingScratch } from "./protobuf.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * The exposition as delimited io.prometheus.client.MetricFamily messages. A family is put together before its length can be
 * told, so it comes in one piece; empty pieces come while that is done, for the caller to take a turn of the loop.
 */
export function* protobufPieces(families: Iterable<ExposedFamily>, escaping: EscapingScheme): Generator<Piece> {
  const scratch = new EncodingScratch();
  const message = new Writer(65536);
  const records = new Writer(8192);
  for (const family of families) {
    message.reset();
    const rewrite = family.quoted && escaping !== "allow-utf-8";
    const name = rewrite ? escapedName(family.name, escaping) : family.name;
    appendFamilyHeader(message, family.isNameless ? null : name, family.help, family.type);
    if (family.ownLines !== null)
      appendMetrics(message, { type: family.type, lines: family.ownLines, side: null }, scratch);
    for (const page of family.pages) {
      records.reset();
      appendPage(records, page, family, scratch);
      if (rewrite) escapeMetricNames(message, records.view(), escaping);
      else message.copy(records.bytes, 0, records.length);
      yield { bytes: NO_BYTES, page: null };
    }
    const length = new Writer(16);
    appendVarint(length, message.length);
    yield { bytes: length.finish(), page: null };
    yield { bytes: message.finish(), page: null };
  }
}

/** Chunks without a side are read together, as far as they stand together. */
function appendPage(out: Writer, page: ExposedPage, family: ExposedFamily, scratch: EncodingScratch): void {
  if (page.sides === null || page.sides.size === 0) {
    appendMetrics(out, { type: family.type, lines: page.bytes.subarray(0, page.used), side: null }, scratch);
    return;
  }
  let offset = 0;
  for (let slot = 0; slot < page.count; slot++) {
    const size = page.sizeOf(slot);
    const side = page.sides.get(page.slots[slot] as number) ?? null;
    const lines = page.bytes.subarray(offset, offset + size);
    appendMetrics(out, { type: family.type, lines, side }, scratch);
    offset += size;
  }
}
