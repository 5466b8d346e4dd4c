import { KindGuard, type Static, type TObject, type TSchema } from "@sinclair/typebox";
import { Check } from "@sinclair/typebox/value";
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from "yaml";
import { Broken } from "../bytes/broken.ts";
import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";

/** Schemas say by this key what Go calls their type: it is part of the reference's errors. */
export const goType = (name: string) => ({ goType: name });

/**
 * Reads YAML 1.1 by a schema of objects, records, arrays, strings, booleans, integers and unions of words, as go-yaml
 * v2 does in strict mode and with its words: unknown and repeated keys and values of another type are refused, any
 * scalar will do for a string, null is the zero value. A union of words names in `refusal` how it refuses others. Empty
 * text is an empty object. Why not the runtime's own reader: docs/workarounds.md, `yaml`.
 */
export function readStrictYaml<Schema extends TObject>(text: string, schema: Schema): Static<Schema> | Fault {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.1",
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) return new Fault(`yaml: line ${lines.linePos(broken.pos[0]).line}: ${broken.message}`);
  const reader = new DocumentReader(document, lines);
  const value = reader.read(document.contents, schema);
  if (reader.word !== null) return new Fault(reader.word);
  if (reader.faults.length > 0) return new Fault(["yaml: unmarshal errors:", ...reader.faults].join("\n  "));
  if (!Check(schema, value)) throw new Broken(`reading YAML: ${Object.keys(Object(value))} do not fit the schema`);
  return value;
}

/** A walk over one document, along a schema: never deeper than the schema is, whatever its aliases do. */
class DocumentReader {
  readonly faults: string[] = [];
  /** A word that is not of its union: reported instead of all faults. */
  word: string | null = null;

  constructor(
    private readonly document: Document,
    private readonly lines: LineCounter,
  ) {}

  /** undefined: the value is absent or refused; then `faults` or `word` say why. */
  read(written: unknown, schema: TSchema): unknown {
    const node = isAlias(written) ? written.resolve(this.document) : written;
    if (node === null || node === undefined || (isScalar(node) && node.value === null)) return zeroOf(schema);
    if (KindGuard.IsObject(schema) && isMap(node)) return this.object(node, schema);
    if (KindGuard.IsRecord(schema) && isMap(node)) return this.record(node, schema);
    if (KindGuard.IsArray(schema) && isSeq(node)) return node.items.map((item) => this.read(item, schema.items) ?? "");
    if (!isScalar(node)) return this.mismatch(node, schema);
    const { value } = node;
    if (KindGuard.IsString(schema)) return typeof value === "string" ? value : (node.source ?? String(value));
    if (KindGuard.IsBoolean(schema) && typeof value === "boolean") return value;
    if (KindGuard.IsInteger(schema) && Number.isSafeInteger(value)) return value;
    if (KindGuard.IsUnion(schema)) return this.oneOf(node.source ?? String(value), schema);
    return this.mismatch(node, schema);
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

  private oneOf(text: string, schema: TSchema): string | undefined {
    if (schema.anyOf.some((literal: TSchema) => literal.const === text)) return text;
    this.word ??= `${schema.refusal}: ${text}`;
    return undefined;
  }

  private mismatch(node: unknown, schema: TSchema): undefined {
    this.fault(node, `cannot unmarshal ${shown(node)} into ${schema.goType ?? "string"}`);
  }

  private fault(node: unknown, words: string): void {
    const start = isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] : undefined;
    this.faults.push(start === undefined ? words : `line ${this.lines.linePos(start).line}: ${words}`);
  }
}

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
  if (!isScalar(key)) return shown(key);
  return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
}

/** A value as go-yaml shows it: its tag, and the beginning of a scalar. */
function shown(node: unknown): string {
  if (isMap(node)) return "!!map";
  if (!isScalar(node)) return "!!seq";
  const text = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  return `${scalarTag(node.value)} \`${text.length > 10 ? `${text.slice(0, 7)}...` : text}\``;
}

function scalarTag(value: unknown): string {
  if (typeof value === "boolean") return "!!bool";
  if (typeof value === "number") return Number.isInteger(value) ? "!!int" : "!!float";
  return "!!str";
}
