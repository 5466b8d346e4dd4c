import { formatFloat } from "../bytes/float.ts";
import { type Field, isKnownField, type Message, type Scalar, wireOf } from "../bytes/metrics-proto.ts";
import {
  FieldCursor,
  readUint64,
  unzigzag,
  WIRE_BYTES,
  WIRE_FIXED32,
  WIRE_FIXED64,
  WIRE_VARINT,
} from "../bytes/wire.ts";
import { codePointAt, sizeOfCodePoint } from "../model/utf8.ts";

/** Between fields: Go has one blank or two, by a hash of the program; the reference's released builds have two. */
const GAP = "  ";
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SHORT: Record<number, string> = { 9: "\\t", 10: "\\n", 13: "\\r", [QUOTE]: '\\"', [BACKSLASH]: "\\\\" };

/** A range of bytes. */
type Range = readonly [start: number, end: number];

/**
 * A message as Go prints it in error texts, in protobuf's text form on one line: fields as they are declared, then unknown
 * ones by number. `source` must hold a message; what comes in several parts is merged.
 */
export function messageText(source: Uint8Array, shape: Message): string {
  return textOf(source, [[0, source.length]], shape);
}

/** The text of a message that the ranges hold together. */
function textOf(source: Uint8Array, ranges: readonly Range[], shape: Message): string {
  const record = new FieldCursor();
  const messages = new Map<Field, Range[]>();
  const values = new Map<Field, string[]>();
  const unknown: string[] = [];
  for (const [start, end] of ranges) {
    record.open(source, start, end);
    while (record.step()) {
      const field = shape.byNumber[record.field];
      if (field === undefined || !isKnownField(shape, record)) unknown.push(unknownText(source, record));
      else if (typeof field.content === "object") put(messages, field, [record.start, record.end]);
      else for (const text of scalarTexts(source, record, field.content)) put(values, field, text);
    }
  }
  const known = shape.fields.flatMap((field) => {
    const numbers = values.get(field);
    const isAbsent = shape.isImplicit && numbers?.at(-1) === "0";
    return isAbsent ? [] : fieldTexts(source, field, messages.get(field), numbers);
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
  messages: Range[] = [],
  values: string[] = [],
): string[] {
  if (typeof content !== "object") return (repeated ? values : values.slice(-1)).map((value) => `${name}:${value}`);
  if (messages.length === 0) return [];
  const merged = repeated ? messages.map((range) => [range]) : [messages];
  return merged.map((ranges) => `${name}:{${textOf(source, ranges, content)}}`);
}

/** The numbers of a record, of which there are several where they come packed, or its string. */
function scalarTexts(source: Uint8Array, record: FieldCursor, content: Scalar): string[] {
  if (content === "string") return [quoteString(source.subarray(record.start, record.end))];
  if (record.wire === WIRE_VARINT) return [integerText(record.uint64(), content)];
  if (record.wire === WIRE_FIXED64) return [doubleText(source, record.start)];
  const texts: string[] = [];
  for (let at = record.start; at < record.end; ) {
    let end = at + 8;
    if (wireOf(content) === WIRE_VARINT) for (end = at + 1; (source[end - 1] as number) >= 0x80; ) end++;
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
  const value = new DataView(source.buffer, source.byteOffset).getFloat64(at, true);
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : formatFloat(value);
}

/** A field that nobody knows: its number and what its wire type tells of it. */
function unknownText(source: Uint8Array, record: FieldCursor): string {
  const { field, wire, start, end } = record;
  if (wire === WIRE_VARINT) return `${field}:${record.uint64()}`;
  if (wire === WIRE_BYTES) return `${field}:${quoteString(source.subarray(start, end))}`;
  if (wire === WIRE_FIXED32 || wire === WIRE_FIXED64) return `${field}:0x${fixedHex(source, start, end)}`;
  return `${field}:{${groupText(source, record)}}`;
}

/** The fields of a group; its end tag, which is no field, ends the walk. */
function groupText(source: Uint8Array, group: FieldCursor): string {
  const record = new FieldCursor();
  let start = group.tagStart;
  while ((source[start++] as number) >= 0x80);
  record.open(source, start, group.next);
  const texts: string[] = [];
  while (record.step()) texts.push(unknownText(source, record));
  return texts.join(GAP);
}

function fixedHex(source: Uint8Array, start: number, end: number): string {
  let value = 0n;
  for (let at = end - 1; at >= start; at--) value = (value << 8n) | BigInt(source[at] as number);
  return value.toString(16);
}

/** A string in double quotes; bytes that are not UTF-8 and control characters are escaped. */
function quoteString(source: Uint8Array): string {
  let quoted = '"';
  for (let at = 0; at < source.length; ) {
    const code = codePointAt(source, at);
    quoted += characterText(code < 0 ? (source[at] as number) : code, code < 0);
    at += sizeOfCodePoint(code);
  }
  return `${quoted}"`;
}

function characterText(code: number, isByte: boolean): string {
  const short = SHORT[code];
  if (short !== undefined && !isByte) return short;
  if (isByte || code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code >= 0x80 && code <= 0x9f ? `\\u${code.toString(16).padStart(4, "0")}` : String.fromCodePoint(code);
}
