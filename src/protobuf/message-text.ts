import { byteAt, doubleAt } from "../bytes/at.ts";
import { BACKSLASH, DELETE, QUOTE, SPACE } from "../bytes/characters.ts";
import { formatFloat } from "../bytes/float.ts";
import { codePointAt, sizeOfCodePoint } from "../bytes/utf8.ts";
import { MAX_TOKEN_BYTES } from "../model/quote.ts";
import { type Field, isKnownField, type MessageSchema, type Scalar, wireOf } from "./metrics-proto.ts";
import { FieldCursor, readUint64, unzigzag, WIRE_BYTES, WIRE_FIXED32, WIRE_FIXED64, WIRE_VARINT } from "./wire.ts";

/** Between fields: Go has one blank or two, by a hash of the program; the reference's released builds have two. */
const GAP = "  ";
const SHORT: Record<number, string> = { 9: "\\t", 10: "\\n", 13: "\\r", [QUOTE]: '\\"', [BACKSLASH]: "\\\\" };

/** A range of bytes. */
type Range = readonly [start: number, end: number];

/** About the most bytes of a message that are printed; a message may be as large as a push. */
export const MAX_TOLD_BYTES = 16 * 1024;
/** What a field takes up in a text at least. */
const FIELD_BYTES = 8;

/** How much may still be printed. */
interface PrintRoom {
  bytes: number;
}

/**
 * A message as Go prints it in error texts, in protobuf's text form on one line: fields as they are declared, then
 * unknown ones by number. `source` must hold a message; what comes in several parts is merged. Of a long one the start
 * is printed.
 */
export function messageText(source: Uint8Array, schema: MessageSchema): string {
  const room = { bytes: MAX_TOLD_BYTES };
  const text = textOf(source, [[0, source.length]], schema, room);
  return room.bytes < 0 ? `${text}${GAP}...` : text;
}

/** The text of a message that the ranges hold together. */
function textOf(source: Uint8Array, ranges: readonly Range[], schema: MessageSchema, room: PrintRoom): string {
  const record = new FieldCursor();
  const messages = new Map<Field, Range[]>();
  const values = new Map<Field, string[]>();
  const unknown: string[] = [];
  for (const [start, end] of ranges) {
    record.open(source, start, end);
    while (room.bytes >= 0 && record.step()) {
      const field = schema.byNumber[record.field];
      room.bytes -= FIELD_BYTES;
      if (field === undefined || !isKnownField(schema, record)) unknown.push(unknownText(source, record, room));
      else if (typeof field.content === "object") put(messages, field, [record.start, record.end]);
      else for (const text of scalarTexts(source, record, field.content, room)) put(values, field, text);
    }
  }
  const known = schema.fields.flatMap((field) => {
    const numbers = values.get(field);
    const isAbsent = schema.isImplicit && numbers?.at(-1) === "0";
    return isAbsent ? [] : fieldTexts(source, field, room, messages.get(field), numbers);
  });
  return [...known, ...unknown].join(GAP);
}

function put<T>(lists: Map<Field, T[]>, field: Field, value: T): void {
  const list = lists.get(field);
  if (list === undefined) lists.set(field, [value]);
  else list.push(value);
}

function fieldTexts(
  source: Uint8Array,
  { name, content, repeated }: Field,
  room: PrintRoom,
  messages: Range[] = [],
  values: string[] = [],
): string[] {
  if (typeof content !== "object") return (repeated ? values : values.slice(-1)).map((value) => `${name}:${value}`);
  if (messages.length === 0) return [];
  const merged = repeated ? messages.map((range) => [range]) : [messages];
  return merged.map((ranges) => `${name}:{${textOf(source, ranges, content, room)}}`);
}

/** The numbers of a record, of which there are several where they come packed, or its string. */
function scalarTexts(source: Uint8Array, record: FieldCursor, content: Scalar, room: PrintRoom): string[] {
  if (content === "string") return [quoteString(source.subarray(record.start, record.end), room)];
  if (record.wire === WIRE_VARINT) return [integerText(record.uint64(), content)];
  if (record.wire === WIRE_FIXED64) return [doubleText(source, record.start)];
  const texts: string[] = [];
  for (let at = record.start; at < record.end && room.bytes >= 0; room.bytes -= FIELD_BYTES) {
    let end = at + 8;
    if (wireOf(content) === WIRE_VARINT) for (end = at + 1; byteAt(source, end - 1) >= 0x80; ) end++;
    texts.push(content === "double" ? doubleText(source, at) : integerText(readUint64(source, at, end), content));
    at = end;
  }
  return texts;
}

function integerText(value: bigint, content: Scalar): string {
  if (content === "int32") return String(BigInt.asIntN(32, value));
  if (content === "uint32") return String(BigInt.asUintN(32, value));
  if (content === "int64") return String(BigInt.asIntN(64, value));
  if (content === "sint32") return String(unzigzag(BigInt.asUintN(32, value)));
  return String(content === "sint64" ? unzigzag(value) : value);
}

function doubleText(source: Uint8Array, at: number): string {
  const value = doubleAt(source, at);
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : formatFloat(value);
}

/** An unknown field: its number and what its wire type says. */
function unknownText(source: Uint8Array, record: FieldCursor, room: PrintRoom): string {
  const { field, wire, start, end } = record;
  if (wire === WIRE_VARINT) return `${field}:${record.uint64()}`;
  if (wire === WIRE_BYTES) return `${field}:${quoteString(source.subarray(start, end), room)}`;
  if (wire === WIRE_FIXED32 || wire === WIRE_FIXED64) return `${field}:0x${fixedHex(source, start, end)}`;
  return `${field}:{${groupText(source, record, room)}}`;
}

/** The fields of a group; its end tag, which is no field, ends the walk. */
function groupText(source: Uint8Array, group: FieldCursor, room: PrintRoom): string {
  const record = new FieldCursor();
  let start = group.tagStart;
  while (byteAt(source, start++) >= 0x80);
  record.open(source, start, group.next);
  const texts: string[] = [];
  for (; room.bytes >= 0 && record.step(); room.bytes -= FIELD_BYTES) texts.push(unknownText(source, record, room));
  return texts.join(GAP);
}

function fixedHex(source: Uint8Array, start: number, end: number): string {
  let value = 0n;
  for (let at = end - 1; at >= start; at--) value = (value << 8n) | BigInt(byteAt(source, at));
  return value.toString(16);
}

/** A string in double quotes; bytes that are not UTF-8 and control characters are escaped. A long one is cut. */
function quoteString(source: Uint8Array, room: PrintRoom): string {
  let quoted = '"';
  const end = source.length > MAX_TOKEN_BYTES ? MAX_TOKEN_BYTES : source.length;
  room.bytes -= end;
  for (let at = 0; at < end; ) {
    const code = codePointAt(source, at);
    quoted += characterText(code < 0 ? byteAt(source, at) : code, code < 0);
    at += sizeOfCodePoint(code);
  }
  return end < source.length ? `${quoted}"... (${source.length} bytes)` : `${quoted}"`;
}

function characterText(code: number, isByte: boolean): string {
  const short = SHORT[code];
  if (short !== undefined && !isByte) return short;
  if (isByte || code < SPACE || code === DELETE) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code >= 0x80 && code <= 0x9f ? `\\u${code.toString(16).padStart(4, "0")}` : String.fromCodePoint(code);
}
