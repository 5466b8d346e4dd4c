import type { GobCursor } from "./cursor.ts";

/** The ids that every stream knows from the start. */
const BOOL = 1;
const FLOAT = 4;
const BYTES = 5;
export const STRING_TYPE = 6;
const COMPLEX = 7;

/** The lowest id of a type that a stream defines itself. */
export const FIRST_DEFINED_TYPE = 64;

/** The fields of wireType, which say of what kind a type is. */
const WIRE_ARRAY = 0;
const WIRE_SLICE = 1;
export const WIRE_STRUCT = 2;
export const WIRE_MAP = 3;
export const WIRE_GOB_ENCODER = 4;
const WIRE_BINARY_MARSHALER = 5;
export const WIRE_TEXT_MARSHALER = 6;

/** What a definition may cost: those of a persistence file take some 60 bytes each, and there are six of them. */
const MAX_DEFINITION_BYTES = 65_536;
const MAX_DEFINITIONS = 256;
const MAX_DEPTH = 64;

export interface GobField {
  readonly name: string;
  readonly type: number;
}

/** A type that the stream defines. "binary" and "text": bytes that the type's own methods make. */
export type GobType =
  | { readonly kind: "struct"; readonly fields: readonly GobField[] }
  | { readonly kind: "map"; readonly key: number; readonly element: number }
  | { readonly kind: "list"; readonly element: number }
  | { readonly kind: "binary" }
  | { readonly kind: "text" };

export type GobTypes = ReadonlyMap<number, GobType>;

/**
 * Reads the definitions at the start of a stream. Returns the type id of the first value; the cursor is behind it, in
 * that value's message. If the stream is broken, the cursor has a fault.
 */
export function readDefinitions(cursor: GobCursor, types: Map<number, GobType>): number {
  for (;;) {
    cursor.openMessage();
    const offset = cursor.at;
    const id = cursor.int("a type id");
    if (cursor.fault !== null) return 0;
    if (id >= 0) return id;
    if (-id < FIRST_DEFINED_TYPE || types.has(-id)) return cursor.fail(offset, `expected a new type id, got ${-id}`);
    if (types.size === MAX_DEFINITIONS || cursor.limit - offset > MAX_DEFINITION_BYTES) {
      const most = `at most ${MAX_DEFINITIONS} definitions of at most ${MAX_DEFINITION_BYTES} bytes`;
      return cursor.fail(offset, `expected ${most}, got one more or a longer one`);
    }
    const type = readWireType(cursor);
    cursor.closeMessage("the type definition");
    if (type !== null) types.set(-id, type);
  }
}

/** A value of wireType: a struct with one field set. */
function readWireType(cursor: GobCursor): GobType | null {
  const offset = cursor.at;
  const kind = cursor.uint("the kind of a type") - 1;
  if (cursor.fault !== null) return null;
  if (kind < WIRE_ARRAY || kind > WIRE_TEXT_MARSHALER) {
    cursor.fail(offset, `expected a kind of type from ${WIRE_ARRAY} to ${WIRE_TEXT_MARSHALER}, got ${kind}`);
    return null;
  }
  const type = readKind(cursor, kind);
  const end = cursor.at;
  if (cursor.uint("the end of a type") !== 0) cursor.fail(end, "expected the end of a type, got one more kind");
  return cursor.fault === null ? type : null;
}

/**
 * The struct that describes one kind: field 0 is its CommonType, the further ones are numbers or the list of fields.
 */
function readKind(cursor: GobCursor, kind: number): GobType {
  const numbers = [0, 0, 0];
  const fields: GobField[] = [];
  let field = -1;
  for (;;) {
    const offset = cursor.at;
    const delta = cursor.uint("a field of a type definition");
    if (delta === 0) return typeOf(kind, numbers, fields);
    field += delta;
    if (field === 0) skipCommonType(cursor);
    else if (kind === WIRE_STRUCT && field === 1) readFields(cursor, fields);
    else if (field <= 2 && kind !== WIRE_STRUCT) numbers[field] = cursor.int("a number of a type definition");
    else cursor.fail(offset, `expected a field of a type definition, got number ${field}`);
  }
}

function typeOf(kind: number, numbers: readonly number[], fields: readonly GobField[]): GobType {
  const [, first = 0, second = 0] = numbers;
  if (kind === WIRE_STRUCT) return { kind: "struct", fields };
  if (kind === WIRE_MAP) return { kind: "map", key: first, element: second };
  if (kind === WIRE_ARRAY || kind === WIRE_SLICE) return { kind: "list", element: first };
  return { kind: kind === WIRE_GOB_ENCODER || kind === WIRE_BINARY_MARSHALER ? "binary" : "text" };
}

/** The name and the id once more: neither is needed. */
function skipCommonType(cursor: GobCursor): void {
  readNamedId(cursor);
}

function readFields(cursor: GobCursor, fields: GobField[]): void {
  const count = cursor.count("the number of fields");
  for (let i = 0; i < count && cursor.fault === null; i++) fields.push(readNamedId(cursor));
}

/** CommonType and fieldType have the same shape: field 0 is a name, field 1 a type id. */
function readNamedId(cursor: GobCursor): GobField {
  let name = "";
  let type = 0;
  let field = -1;
  for (;;) {
    const offset = cursor.at;
    const delta = cursor.uint("a name or a type id");
    if (delta === 0) return { name, type };
    field += delta;
    if (field === 0) {
      cursor.run("a name");
      name = new TextDecoder().decode(cursor.bytes.subarray(cursor.start, cursor.at));
    } else if (field === 1) type = cursor.int("a type id");
    else cursor.fail(offset, `expected a name or a type id, got field ${field}`);
  }
}

/** Steps over a value of type `id`. Every value takes at least one byte, so this ends with the bytes. */
export function skipValue(cursor: GobCursor, types: GobTypes, id: number, depth = 0): void {
  if (id >= BOOL && id <= FLOAT) {
    cursor.uint("a number");
  } else if (id === BYTES || id === STRING_TYPE) {
    cursor.run("a string");
  } else if (id === COMPLEX) {
    cursor.uint("a number");
    cursor.uint("a number");
  } else {
    skipDefined(cursor, types, id, depth);
  }
}

function skipDefined(cursor: GobCursor, types: GobTypes, id: number, depth: number): void {
  const type = types.get(id);
  if (type === undefined) {
    cursor.fail(cursor.at, `expected a value of a defined type, got type id ${id}`);
  } else if (depth === MAX_DEPTH) {
    cursor.fail(cursor.at, `expected values nested at most ${MAX_DEPTH} deep, got a deeper one`);
  } else if (type.kind === "struct") {
    skipStruct(cursor, types, type.fields, depth + 1);
  } else if (type.kind === "map" || type.kind === "list") {
    const count = cursor.count("the number of elements");
    for (let i = 0; i < count && cursor.fault === null; i++) {
      if (type.kind === "map") skipValue(cursor, types, type.key, depth + 1);
      skipValue(cursor, types, type.element, depth + 1);
    }
  } else {
    cursor.run("an encoded value");
  }
}

function skipStruct(cursor: GobCursor, types: GobTypes, fields: readonly GobField[], depth: number): void {
  for (let index = nextField(cursor, fields, -1); index >= 0; index = nextField(cursor, fields, index)) {
    skipValue(cursor, types, (fields[index] as GobField).type, depth);
  }
}

/**
 * The index of the field that follows in a struct value, behind field `previous`; -1 at its end and where it is broken.
 */
export function nextField(cursor: GobCursor, fields: readonly GobField[], previous: number): number {
  const offset = cursor.at;
  const delta = cursor.uint("a field of a struct");
  if (delta === 0) return -1;
  const index = previous + delta;
  if (index < fields.length) return index;
  cursor.fail(offset, `expected one of the ${fields.length} fields of a struct, got number ${index}`);
  return -1;
}
