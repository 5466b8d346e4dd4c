import { isUtf8 } from "node:buffer";
import { doubleAt } from "../bytes/at.ts";
import { countCharacters } from "../bytes/utf8.ts";
import { decodeText } from "../bytes/utf8-text.ts";
import { Writer } from "../bytes/writer.ts";
import { appendEscaped, escapeText } from "../exposition/escape.ts";
import { MOST_EXEMPLAR_CHARACTERS } from "../model/aside-rows.ts";
import { type EscapingScheme, escapeLabelName, isLegacyLabelName } from "../model/names.ts";
import {
  EXEMPLAR_LABEL,
  EXEMPLAR_TIMESTAMP,
  EXEMPLAR_VALUE,
  PAIR_NAME,
  PAIR_VALUE,
  TIMESTAMP_NANOS,
  TIMESTAMP_SECONDS,
} from "../protobuf/field-numbers.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { openMetricsFloat } from "./openmetrics-float.ts";

const NANOS_A_SECOND = 1_000_000_000n;

/** Writes exemplars and times, which are kept as messages, as OpenMetrics has them. Keep one. */
export class OpenMetricsAsides {
  private readonly fields = new FieldCursor();
  private readonly inner = new FieldCursor();
  private readonly labels = new Writer(512);
  /** There are few. */
  private readonly names: string[] = [];
  private characters = 0;

  /** Appends the exemplar at source[start, end) behind a value; what OpenMetrics does not allow is left out. */
  appendExemplar(out: Writer, source: Uint8Array, start: number, end: number, scheme: EscapingScheme): void {
    const { fields, labels } = this;
    let value = 0;
    let time: string | null = "";
    labels.reset();
    this.names.length = 0;
    this.characters = 0;
    fields.open(source, start, end);
    while (fields.step()) {
      const isMessage = fields.wire === WIRE_BYTES;
      if (fields.field === EXEMPLAR_VALUE && fields.wire === WIRE_FIXED64) value = doubleAt(source, fields.start);
      else if (isMessage && fields.field === EXEMPLAR_TIMESTAMP) time = this.timeText(source, fields.start, fields.end);
      else if (isMessage && fields.field === EXEMPLAR_LABEL)
        if (!this.takeLabel(source, fields.start, fields.end, scheme)) return;
    }
    if (time === null) return;
    out.ascii(" # {");
    out.append(labels.view());
    out.ascii(`} ${openMetricsFloat(value)}`);
    if (time !== "") out.ascii(` ${time}`);
  }

  /** False: an exemplar cannot have this label as well. */
  private takeLabel(source: Uint8Array, start: number, end: number, scheme: EscapingScheme): boolean {
    const { inner, labels, names } = this;
    let name = "";
    let value = source.subarray(0, 0);
    inner.open(source, start, end);
    while (inner.step()) {
      if (inner.wire !== WIRE_BYTES || inner.end - inner.start > 4 * MOST_EXEMPLAR_CHARACTERS) return false;
      if (inner.field === PAIR_NAME) name = decodeText(source, inner.start, inner.end);
      else if (inner.field === PAIR_VALUE) value = source.subarray(inner.start, inner.end);
    }
    if (!isUtf8(value) || name === "") return false;
    const written = escapeLabelName(name, scheme);
    this.characters += [...written].length + countCharacters(value);
    if (this.characters > MOST_EXEMPLAR_CHARACTERS || names.includes(written)) return false;
    names.push(written);
    if (labels.length > 0) labels.ascii(",");
    labels.text(isLegacyLabelName(written) ? written : `"${escapeText(written)}"`);
    labels.ascii('="');
    appendEscaped(labels, value);
    labels.ascii('"');
    return true;
  }

  /** The Timestamp at source[start, end) in seconds; null where it is none. */
  timeText(source: Uint8Array, start: number, end: number): string | null {
    const { inner } = this;
    let seconds = 0n;
    let nanos = 0n;
    inner.open(source, start, end);
    while (inner.step()) {
      if (inner.wire !== WIRE_VARINT) continue;
      if (inner.field === TIMESTAMP_SECONDS) seconds = BigInt.asIntN(64, inner.uint64());
      else if (inner.field === TIMESTAMP_NANOS) nanos = BigInt.asIntN(64, inner.uint64());
    }
    if (nanos < 0n || nanos >= NANOS_A_SECOND) return null;
    const total = seconds * NANOS_A_SECOND + nanos;
    const size = total < 0n ? -total : total;
    const fraction = (size % NANOS_A_SECOND).toString().padStart(9, "0").replace(/0+$/, "");
    return `${total < 0n ? "-" : ""}${size / NANOS_A_SECOND}.${fraction === "" ? "0" : fraction}`;
  }
}
