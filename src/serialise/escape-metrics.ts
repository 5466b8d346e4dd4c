import { appendBytesField, appendVarint } from "../bytes/varint.ts";
import { FieldCursor, WIRE_BYTES } from "../bytes/wire.ts";
import { Writer } from "../bytes/writer.ts";
import { type EscapingScheme, escapeLabelName, isLegacyLabelName } from "../model/names.ts";
import { appendTextField } from "./protobuf.ts";
import { decodeText } from "./utf8-text.ts";

const METRIC = 4;
const METRIC_LABEL = 1;
const PAIR_NAME = 1;

/**
 * Appends the metrics of a family (MetricFamily field 4 records, as `appendMetrics` writes them) with label names that are
 * not of the old character set escaped by `scheme`. All else is copied. The family's own name is `appendFamilyHeader`'s.
 */
export function escapeMetricNames(out: Writer, records: Uint8Array, scheme: EscapingScheme): void {
  const scratch = new Writer(1024);
  eachField(records, 0, records.length, (record) => {
    scratch.reset();
    escapeMetric(scratch, records, record, scheme);
    out.byte((METRIC << 3) | WIRE_BYTES);
    appendVarint(out, scratch.length);
    out.copy(scratch.bytes, 0, scratch.length);
  });
}

function escapeMetric(out: Writer, source: Uint8Array, record: FieldCursor, scheme: EscapingScheme): void {
  eachField(source, record.start, record.end, (field) => {
    const name = isBytes(field, METRIC_LABEL) ? labelName(source, field) : null;
    if (name === null || isLegacyLabelName(name)) out.copy(source, field.tagStart, field.next);
    else appendRenamed(out, source, field, escapeLabelName(name, scheme));
  });
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
  appendTextField(renamed, PAIR_NAME, name);
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
  if (fields.failed) throw new Error(`escaping stored label names: bytes ${start} to ${end} are not a message`);
}
