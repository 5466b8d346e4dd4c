import { FieldCursor, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../bytes/wire.ts";

/**
 * What the fields of io.prometheus.client messages hold (https://github.com/prometheus/client_model, metrics.proto). A field
 * that comes with another wire type is an unknown one, as in Go. Repeated numbers may come packed.
 */
type Content = "varint" | "double" | "bytes" | "varints" | "doubles" | Shape;
export interface Shape {
  readonly [field: number]: Content;
}

const timestamp: Shape = { 1: "varint", 2: "varint" };
const labelPair: Shape = { 1: "bytes", 2: "bytes" };
const exemplar: Shape = { 1: labelPair, 2: "double", 3: timestamp };
const bucket: Shape = { 1: "varint", 2: "double", 3: exemplar, 4: "double" };
const span: Shape = { 1: "varint", 2: "varint" };
const quantile: Shape = { 1: "double", 2: "double" };

const plain: Shape = { 1: "double" };
const counter: Shape = { 1: "double", 2: exemplar, 3: timestamp };
const summary: Shape = { 1: "varint", 2: "double", 3: quantile, 4: timestamp };
const histogram: Shape = {
  1: "varint",
  2: "double",
  3: bucket,
  4: "double",
  5: "varint",
  6: "double",
  7: "varint",
  8: "double",
  9: span,
  10: "varints",
  11: "doubles",
  12: span,
  13: "varints",
  14: "doubles",
  15: timestamp,
  16: exemplar,
};

/** The shapes of Metric's value messages by their field: gauge, counter, summary, untyped, histogram. */
export const VALUE_SHAPES: Shape = { 2: plain, 3: counter, 4: summary, 5: plain, 7: histogram };

/** Whether source[start, end) is a message of this shape, whatever unknown fields it has besides. */
export function hasShape(source: Uint8Array, start: number, end: number, shape: Shape): boolean {
  const cursor = new FieldCursor();
  cursor.open(source, start, end);
  while (cursor.step()) if (!hasContent(source, cursor, shape[cursor.field])) return false;
  return !cursor.failed;
}

function hasContent(source: Uint8Array, field: FieldCursor, content: Content | undefined): boolean {
  if (content === undefined || field.wire !== WIRE_BYTES) return true;
  if (typeof content === "object") return hasShape(source, field.start, field.end, content);
  if (content === "doubles") return (field.end - field.start) % 8 === 0;
  return content !== "varints" || isVarints(source, field.start, field.end);
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

/** Whether a field of a known message is one that the message defines, with its wire type. */
export function isKnownField(shape: Shape, field: FieldCursor): boolean {
  const content = shape[field.field];
  if (content === undefined) return false;
  if (content === "varint") return field.wire === WIRE_VARINT;
  if (content === "double") return field.wire === WIRE_FIXED64;
  if (content === "varints") return field.wire === WIRE_VARINT || field.wire === WIRE_BYTES;
  if (content === "doubles") return field.wire === WIRE_FIXED64 || field.wire === WIRE_BYTES;
  return field.wire === WIRE_BYTES;
}
