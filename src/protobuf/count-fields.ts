import { byteAt } from "../bytes/at.ts";
import { isPacked, type MessageSchema, wireOf } from "./metrics-proto.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64 } from "./wire.ts";

/**
 * How many fields and packed numbers source[start, end) has, if it is a message of this schema, with any unknown
 * fields; -1 if it is not. Nothing is read after the first `most` fields, but for one message's packed numbers.
 */
export function countFields(
  source: Uint8Array,
  start: number,
  end: number,
  schema: MessageSchema,
  most: number,
): number {
  const record = new FieldCursor();
  let count = 0;
  record.open(source, start, end);
  while (count <= most && record.step()) {
    const inner = record.wire === WIRE_BYTES ? countContent(source, record, schema, most - count) : 0;
    if (inner < 0) return -1;
    count += inner + 1;
  }
  return record.failed ? -1 : count;
}

function countContent(source: Uint8Array, record: FieldCursor, schema: MessageSchema, most: number): number {
  const field = schema.byNumber[record.field];
  if (field === undefined) return 0;
  const { start, end } = record;
  if (typeof field.content === "object") return countFields(source, start, end, field.content, most);
  if (!isPacked(field, record)) return 0;
  if (wireOf(field.content) === WIRE_FIXED64) return (end - start) % 8 === 0 ? (end - start) / 8 : -1;
  return countVarints(source, start, end);
}

/** How many varints source[start, end) is; -1 where it is not just varints. */
export function countVarints(source: Uint8Array, start: number, end: number): number {
  let count = 0;
  let size = 0;
  for (let at = start; at < end; at++) {
    size++;
    const byte = byteAt(source, at);
    if (size === 10 && byte > 1) return -1;
    if (byte >= 0x80) continue;
    size = 0;
    count++;
  }
  return size === 0 ? count : -1;
}
