/** Bytes of Go's encoding/gob by hand, as its documentation describes them: numbers are bytes, texts are UTF-8. */
export type Part = number | string | Uint8Array;

export function bytes(...parts: readonly Part[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map(oneByteOrMore)));
}

function oneByteOrMore(part: Part): Uint8Array {
  if (typeof part === "number") return Uint8Array.of(part);
  return typeof part === "string" ? new TextEncoder().encode(part) : part;
}

export function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replace(/\s+/g, ""));
}

/** 7 is 07, 256 is fe 01 00. */
export function uint(value: number): Uint8Array {
  if (value < 128) return Uint8Array.of(value);
  const digits = value.toString(16);
  const body = Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
  return bytes(256 - body.length, body);
}

/** -129 is fe 01 01. */
export function int(value: number): Uint8Array {
  return uint(value < 0 ? -2 * value - 1 : 2 * value);
}

/** A length and the bytes: strings, encoded values, messages. */
export function run(...parts: readonly Part[]): Uint8Array {
  const content = bytes(...parts);
  return bytes(uint(content.length), content);
}

function define(id: number, kind: number, ...rest: readonly Part[]): Uint8Array {
  return run(int(-id), kind + 1, 1, 1, run("T"), 1, int(id), 0, ...rest, 0, 0);
}

/** Messages that define a type. */
export const types = {
  array: (id: number, element: number, length: number) => define(id, 0, 1, int(element), 1, int(length)),
  slice: (id: number, element: number) => define(id, 1, 1, int(element)),
  struct: (id: number, ...fields: readonly (readonly [string, number])[]) =>
    define(id, 2, 1, uint(fields.length), ...fields.map(([name, type]) => bytes(1, run(name), 1, int(type), 0))),
  map: (id: number, key: number, element: number) => define(id, 3, 1, int(key), 1, int(element)),
  gobEncoder: (id: number) => define(id, 4),
  binaryMarshaler: (id: number) => define(id, 5),
  textMarshaler: (id: number) => define(id, 6),
};
