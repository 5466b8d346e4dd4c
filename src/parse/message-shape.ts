import { isPacked, type Message, wireOf } from "../bytes/metrics-proto.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64 } from "../bytes/wire.ts";

/** Whether source[start, end) is a message of this shape, whatever unknown fields it has besides. */
export function hasShape(source: Uint8Array, start: number, end: number, shape: Message): boolean {
  const record = new FieldCursor();
  record.open(source, start, end);
  while (record.step()) if (record.wire === WIRE_BYTES && !hasContent(source, record, shape)) return false;
  return !record.failed;
}

function hasContent(source: Uint8Array, record: FieldCursor, shape: Message): boolean {
  const field = shape.byNumber[record.field];
  if (field === undefined) return true;
  if (typeof field.content === "object") return hasShape(source, record.start, record.end, field.content);
  if (!isPacked(field, record)) return true;
  if (wireOf(field.content) === WIRE_FIXED64) return (record.end - record.start) % 8 === 0;
  return isVarints(source, record.start, record.end);
}

function isVarints(source: Uint8Array, start: number, end: number): boolean {
  let size = 0;
  for (let at = start; at < end; at++) {
    size++;
    const byte = source[at] as number;
    if (size === 10 && byte > 1) return false;
    if (byte < 0x80) size = 0;
  }
  return size === 0;
}
