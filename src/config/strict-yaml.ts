import { KindGuard, type Static, type TObject, type TSchema } from "@sinclair/typebox";
import { Check } from "@sinclair/typebox/value";
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { Broken } from "../bytes/broken.ts";
import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";

/** Schemas say by this key what Go calls their type: it is part of the reference's errors. */
export const goType = (name: string) => ({ goType: name });

/** The same of what might be a secret, written in the wrong place: no error shows any of it. */
export const secretType = (name: string) => ({ ...goType(name), isSecret: true });

/** Where in a text something is; both from 1 on. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** What is wrong at a place. */
export interface PlacedWords extends TextPlace {
  readonly words: string;
}

/** What is wrong in a file, and where. */
export class PlacedFault extends Fault {
  /** At least one, in the order in which they were found. */
  constructor(
    readonly places: readonly PlacedWords[],
    message = places.map(placedText).join("\n"),
  ) {
    super(message);
  }
}

const placedText = ({ line, column, words }: PlacedWords): string => `line ${line}, column ${column}: ${words}`;

/** A path into what was read: names of fields, and numbers of items from 0 on. */
export type YamlPath = readonly (string | number)[];

/** What was read, and where it stands. */
export interface PlacedYaml<Value> {
  readonly value: Value;
  /** Of the value at a path, or of what holds it where it is not there; of what an alias stands for, the alias. */
  readonly placeOf: (path: YamlPath) => TextPlace;
}

/**
 * Reads YAML 1.1 by a schema of objects, records, arrays, strings, booleans, integers and unions of words, as go-yaml
 * v2 does in strict mode and with its words: unknown and repeated keys and values of another type are refused, any
 * scalar will do for a string, null is the zero value. A union of words names in `refusal` how it refuses others. Empty
 * text is an empty object. Why not the runtime's own reader: docs/workarounds.md, `yaml`.
 */
export function readStrictYaml<Schema extends TObject>(text: string, schema: Schema): Static<Schema> | PlacedFault {
  const read = readPlacedYaml(text, schema, inGoWords);
  return read instanceof PlacedFault ? read : read.value;
}

/** As `readStrictYaml`, with places; a fault has them in its message unless `say` has other words for it. */
export function readPlacedYaml<Schema extends TObject>(
  text: string,
  schema: Schema,
  say: ((fault: YamlFault) => string) | null = null,
): PlacedYaml<Static<Schema>> | PlacedFault {
  const read = readDocument(text, schema);
  if (!(read instanceof YamlFault)) return read;
  return say === null ? new PlacedFault(read.places) : new PlacedFault(read.places, say(read));
}

/** What kept a text from being read. */
class YamlFault extends PlacedFault {
  constructor(
    /** It is no YAML, has an alias of nothing, a word that is none of its union, or what its schema has not. */
    readonly kind: "syntax" | "alias" | "word" | "schema",
    places: readonly PlacedWords[],
  ) {
    super(places);
  }
}

/** As go-yaml says it: without columns. */
export function inGoWords({ kind, places }: YamlFault): string {
  const lines = places.map(({ line, words }) => `line ${line}: ${words}`);
  const withoutLines = places.map(({ words }) => words).join("\n");
  if (kind === "syntax") return `yaml: ${lines.join("\n")}`;
  if (kind === "alias") return `yaml: ${withoutLines}`;
  if (kind === "word") return withoutLines;
  return ["yaml: unmarshal errors:", ...lines].join("\n  ");
}

function readDocument<Schema extends TObject>(text: string, schema: Schema): PlacedYaml<Static<Schema>> | YamlFault {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.1",
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const placeAt = (offset: number): TextPlace => {
    // An empty text has no line.
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) return new YamlFault("syntax", [{ ...placeAt(broken.pos[0]), words: broken.message }]);
  const unknown = unknownAlias(document);
  if (unknown !== null) {
    const words = `unknown anchor '${unknown.source}' referenced`;
    return new YamlFault("alias", [{ ...placeAt(startOf(unknown) ?? 0), words }]);
  }
  const reader = new DocumentReader(document, placeAt);
  const value = reader.read(document.contents, schema);
  if (reader.word !== null) return new YamlFault("word", [reader.word]);
  if (reader.faults.length > 0) return new YamlFault("schema", reader.faults);
  if (!Check(schema, value)) throw new Broken(`reading YAML: ${Object.keys(Object(value))} do not fit the schema`);
  return { value, placeOf: (path) => placeAt(offsetOf(document, path)) };
}

/** The first alias of what no anchor before it names: the parser takes it, and it would be read as null. */
function unknownAlias(document: Document): Alias | null {
  const anchors = new Set<string>();
  let unknown: Alias | null = null;
  visit(document, {
    Value: (_, { anchor }) => {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Alias: (_, alias) => {
      if (anchors.has(alias.source)) return undefined;
      unknown = alias;
      return visit.BREAK;
    },
  });
  return unknown;
}

/** Where the value at a path begins, or the last of those that hold it. */
function offsetOf(document: Document, path: YamlPath): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    const holder = isAlias(node) ? node.resolve(document) : node;
    // Within what an alias stands for all is there where it was written.
    node = isMap(holder)
      ? holder.items.find(({ key }) => keyText(key) === step)?.value
      : isSeq(holder)
        ? holder.items[Number(step)]
        : undefined;
    const start = startOf(node);
    if (start === undefined) break;
    offset = start;
  }
  return offset;
}

const startOf = (node: unknown): number | undefined =>
  isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;

/** The text of a file; null: it is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** A walk over one document, along a schema: never deeper than the schema is, whatever its aliases do. */
class DocumentReader {
  readonly faults: PlacedWords[] = [];
  /** A word that is not of its union: reported instead of all faults. */
  word: PlacedWords | null = null;

  constructor(
    private readonly document: Document,
    private readonly placeAt: (offset: number) => TextPlace,
  ) {}

  /** undefined: the value is absent or refused; then `faults` or `word` say why. */
  read(written: unknown, schema: TSchema): unknown {
    const node = this.resolved(written);
    if (isNull(node)) return zeroOf(schema);
    if (KindGuard.IsObject(schema) && isMap(node)) return this.object(node, schema);
    if (KindGuard.IsRecord(schema) && isMap(node)) return this.record(node, schema);
    if (KindGuard.IsArray(schema) && isSeq(node)) return node.items.map((item) => this.item(item, schema.items));
    if (!isScalar(node)) return this.mismatch(node, schema);
    const { value } = node;
    if (KindGuard.IsString(schema)) return typeof value === "string" ? value : (node.source ?? String(value));
    if (KindGuard.IsBoolean(schema) && typeof value === "boolean") return value;
    if (KindGuard.IsInteger(schema) && Number.isSafeInteger(value)) return value;
    if (KindGuard.IsUnion(schema)) return this.oneOf(node, schema);
    return this.mismatch(node, schema);
  }

  private resolved(written: unknown): unknown {
    return isAlias(written) ? written.resolve(this.document) : written;
  }

  /** Of a list: null is an empty text there, and none of a union's words. */
  private item(written: unknown, schema: TSchema): unknown {
    const node = this.resolved(written);
    const isNoWord = KindGuard.IsUnion(schema) && isNull(node);
    return (isNoWord ? this.noWord(written, schema, "null") : this.read(node, schema)) ?? "";
  }

  private object(node: YAMLMap, schema: TObject): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = keyText(key);
      const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
      if (property === undefined) this.fault(key, `field ${name} not found in type ${schema.goType}`);
      else if (seen.has(name)) this.fault(key, `field ${name} already set in type ${schema.goType}`);
      else {
        const read = this.read(value, property);
        if (read !== undefined) values[name] = read;
      }
      seen.add(name);
    }
    return values;
  }

  private record(node: YAMLMap, schema: TSchema): Record<string, unknown> {
    const values = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      const name = keyText(key);
      if (values.has(name)) this.fault(key, `key ${quoteText(name)} already set in map`);
      values.set(name, this.read(value, Object.values(schema.patternProperties)[0] as TSchema) ?? "");
    }
    return Object.fromEntries(values);
  }

  private oneOf(node: Scalar, schema: TSchema): string | undefined {
    const text = node.source ?? String(node.value);
    if (schema.anyOf.some((literal: TSchema) => literal.const === text)) return text;
    return this.noWord(node, schema, text);
  }

  private noWord(node: unknown, schema: TSchema, text: string): undefined {
    this.word ??= { ...this.placeOf(node), words: `${schema.refusal}: ${text}` };
  }

  private mismatch(node: unknown, schema: TSchema): undefined {
    this.fault(node, `cannot unmarshal ${shown(node, schema.isSecret === true)} into ${schema.goType ?? "string"}`);
  }

  private fault(node: unknown, words: string): void {
    this.faults.push({ ...this.placeOf(node), words });
  }

  private placeOf(node: unknown): TextPlace {
    return this.placeAt(startOf(node) ?? 0);
  }
}

const isNull = (node: unknown): boolean =>
  node === null || node === undefined || (isScalar(node) && node.value === null);

/** Null is Go's zero value: false for a switch, even where its default is true, also within a section that is null. */
function zeroOf(schema: TSchema): unknown {
  if (KindGuard.IsBoolean(schema)) return false;
  if (!KindGuard.IsObject(schema)) return undefined;
  const switches = Object.entries(schema.properties).filter(([, property]) => KindGuard.IsBoolean(property));
  return Object.fromEntries(switches.map(([name]) => [name, false]));
}

/** The name that a key has. What is not a scalar names nothing: it is shown, and never written out. */
function keyText(key: unknown): string {
  if (key === null || isAlias(key)) return String(key);
  if (!isScalar(key)) return shown(key, true);
  return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
}

/** A value as go-yaml shows it: its tag, and the beginning of a scalar. */
function shown(node: unknown, isSecret: boolean): string {
  if (isMap(node)) return "!!map";
  if (!isScalar(node)) return "!!seq";
  if (isSecret) return scalarTag(node.value);
  const text = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  return `${scalarTag(node.value)} \`${text.length > 10 ? `${text.slice(0, 7)}...` : text}\``;
}

function scalarTag(value: unknown): string {
  if (typeof value === "boolean") return "!!bool";
  if (typeof value === "number") return Number.isInteger(value) ? "!!int" : "!!float";
  return "!!str";
}
