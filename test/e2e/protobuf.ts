/**
 * Writes io.prometheus.client messages by hand, field by field, so that tests can also say what no library would.
 * Field numbers: https://github.com/prometheus/client_model, metrics.proto.
 */

export const PROTOBUF_TYPE =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/** An unsigned varint. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** Field `number` as a varint. */
export function integer(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

/** Field `number` as a zigzag varint (sint32, sint64). */
export function signed(number: number, value: number): Buffer {
  return integer(number, zigzag(value));
}

/** Field `number` as a double. */
export function double(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(number * 8 + 1), bytes]);
}

/** Field `number` as a string, bytes, or a message made of its fields. */
export function part(number: number, ...content: (string | Uint8Array)[]): Buffer {
  const bytes = Buffer.concat(content.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** The label pair of a Metric. */
export function label(name: string, value: string): Buffer {
  return part(1, part(1, name), part(2, value));
}

/** One message with its length before it. */
export function delimited(...fields: Uint8Array[]): Buffer {
  const message = Buffer.concat(fields);
  return Buffer.concat([varint(message.length), message]);
}
