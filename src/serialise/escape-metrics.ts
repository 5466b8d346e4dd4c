import { Broken } from "../bytes/broken.ts";
import { decodeText } from "../bytes/utf8-text.ts";
import { Writer } from "../bytes/writer.ts";
import { type EscapingScheme, escapeLabelName, isLegacyLabelName } from "../model/names.ts";
import { FAMILY_METRIC, METRIC_LABEL, PAIR_NAME } from "../protobuf/field-numbers.ts";
import { appendBytesField, appendTag, appendVarint } from "../protobuf/varint.ts";
import { FieldCursor, WIRE_BYTES } from "../protobuf/wire.ts";
import { NOTHING, PIECE_BYTES, pieceOf, STRIDE_BYTES, takePiece } from "./pieces.ts";

/**
 * Appends the metrics of a family (MetricFamily field 4 records, their labels first) with label names that are not of
 * the old character set escaped by `scheme`. All else is copied. Yields what was appended when it is large enough for a
 * piece, which may be borrowed from `records`; the rest is left in `out`.
 */
export function* escapeMetricNames(out: Writer, records: Uint8Array, scheme: EscapingScheme): Generator<Uint8Array> {
  const labels = new Writer(1024);
  const record = new FieldCursor();
  const field = new FieldCursor();
  record.open(records, 0, records.length);
  let stop = STRIDE_BYTES;
  while (record.step()) {
    labels.reset();
    let rest = record.start;
    field.open(records, record.start, record.end);
    while (field.step() && isBytes(field, METRIC_LABEL)) {
      appendLabel(labels, records, field, scheme);
      rest = field.next;
      if (rest < stop) continue;
      stop = rest + STRIDE_BYTES;
      yield NOTHING;
    }
    appendTag(out, FAMILY_METRIC, WIRE_BYTES);
    appendVarint(out, labels.length + record.end - rest);
    out.append(labels.view());
    if (record.end - rest <= PIECE_BYTES) out.copy(records, rest, record.end);
    else {
      yield takePiece(out);
      yield records.subarray(rest, record.end);
    }
    if (out.length < PIECE_BYTES && record.next < stop) continue;
    stop = record.next + STRIDE_BYTES;
    yield pieceOf(out);
  }
  if (record.failed) throw new Broken(`escaping stored label names: ${records.length} bytes are no metrics`);
}

function appendLabel(out: Writer, source: Uint8Array, pair: FieldCursor, scheme: EscapingScheme): void {
  const name = labelName(source, pair);
  if (name === null || isLegacyLabelName(name)) out.copy(source, pair.tagStart, pair.next);
  else appendRenamed(out, source, pair, escapeLabelName(name, scheme));
}

/** The name of a label pair, null where it has none. */
function labelName(source: Uint8Array, pair: FieldCursor): string | null {
  let name: string | null = null;
  eachField(source, pair.start, pair.end, (field) => {
    if (isBytes(field, PAIR_NAME)) name = decodeText(source, field.start, field.end);
  });
  return name;
}

function appendRenamed(out: Writer, source: Uint8Array, pair: FieldCursor, name: string): void {
  const renamed = new Writer(64);
  const bytes = Buffer.from(name);
  appendBytesField(renamed, PAIR_NAME, bytes, 0, bytes.length);
  eachField(source, pair.start, pair.end, (field) => {
    if (!isBytes(field, PAIR_NAME)) renamed.copy(source, field.tagStart, field.next);
  });
  appendBytesField(out, METRIC_LABEL, renamed.bytes, 0, renamed.length);
}

function isBytes(field: FieldCursor, number: number): boolean {
  return field.field === number && field.wire === WIRE_BYTES;
}

function eachField(source: Uint8Array, start: number, end: number, visit: (field: FieldCursor) => void): void {
  const fields = new FieldCursor();
  fields.open(source, start, end);
  while (fields.step()) visit(fields);
  if (fields.failed) throw new Broken(`escaping stored label names: bytes ${start} to ${end} are not a message`);
}
