import type { Static, TObject, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Broken } from "../bytes/broken.ts";
import { quoteTokenText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";

/**
 * The query of a URL, with or without its question mark, as an object of the schema: each parameter in the form of its
 * own schema; of several values of one that takes one the first counts.
 */
export function readParameters<T extends TObject>(parameters: T, text: string): Static<T> | Rejection {
  const asked = new URLSearchParams(text);
  const read: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries<TSchema>(parameters.properties)) {
    const value = readParameter(name, schema, asked);
    if (value instanceof Rejection) return value;
    if (value !== undefined) read[name] = value;
  }
  const unknown = [...asked.keys()].find((name) => !(name in parameters.properties));
  if (unknown !== undefined) return new Rejection("malformed", `unknown parameter ${quoteTokenText(unknown)}`);
  if (!Value.Check(parameters, read)) throw new Broken("reading a query: checked parameters are not of their schema");
  return read;
}

/** One parameter in the form of its schema; undefined where it is not there. */
export function readParameter<T extends TSchema>(
  name: string,
  schema: T,
  asked: URLSearchParams,
): Static<T> | Rejection | undefined {
  if (!asked.has(name)) return undefined;
  const value = schema.type === "array" ? asked.getAll(name) : Value.Convert(schema, asked.get(name));
  return Value.Check(schema, value) ? value : badParameter(name, schema, asked.get(name) ?? "");
}

function badParameter(name: string, schema: TSchema, value: string): Rejection {
  return new Rejection(
    "malformed",
    `invalid parameter "${name}": ${quoteTokenText(value)} is not ${expectedOf(schema)}`,
  );
}

/** In words. */
function expectedOf({ type, anyOf, minimum, maximum, maxLength, maxItems }: TSchema): string {
  if (anyOf !== undefined) return `one of ${anyOf.map((one: TSchema) => one.const).join(", ")}`;
  if (type === "integer")
    return maximum === undefined ? `an integer of at least ${minimum}` : `an integer from ${minimum} to ${maximum}`;
  if (type === "array") return `one of at most ${maxItems}, each of at most 4096 characters`;
  if (type === "string") return `a text of at most ${maxLength} characters`;
  return type === "boolean" ? "true or false" : "a number";
}
