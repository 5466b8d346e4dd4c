/** A protobuf field: a whole number, a double, bytes of text, or a message. */
export type Field =
  | readonly [number: number, kind: "varint", value: number]
  | readonly [number: number, kind: "double", value: number]
  | readonly [number: number, kind: "text", value: string]
  | readonly [number: number, kind: "message", value: readonly Field[]];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return bytes;
}

function prefixed(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from(varint(bytes.length)), bytes]);
}

function encodeField([number, kind, value]: Field): Uint8Array {
  const tag = (wire: number) => Uint8Array.from(varint(number * 8 + wire));
  if (kind === "varint") return Buffer.concat([tag(0), Uint8Array.from(varint(value))]);
  if (kind === "double") return Buffer.concat([tag(1), new Uint8Array(new Float64Array([value]).buffer)]);
  return Buffer.concat([tag(2), prefixed(kind === "text" ? Buffer.from(value) : encode(value))]);
}

/** The bytes of a message. */
export function encode(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields.map(encodeField));
}

/** The bytes of a message behind its length, as they stand in a delimited stream. */
export function encodeDelimited(fields: readonly Field[]): Uint8Array {
  return prefixed(encode(fields));
}

/** The comparable text of a message, as `readProtobuf` (conformance/protobuf.ts) writes it. */
export function canonical(fields: readonly Field[]): string {
  return `{${fields.map(canonicalField).sort().join(" ")}}`;
}

function canonicalField([number, kind, value]: Field): string {
  if (kind === "text") return `${number}=${JSON.stringify(value)}`;
  return `${number}=${kind === "message" ? canonical(value) : String(value)}`;
}
