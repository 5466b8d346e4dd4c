import { createHash } from "node:crypto";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { readSelector, type Selector } from "../match/selector.ts";
import { quoteTokenText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { GROUP_SORTS, type GroupPlace, type GroupQuery, type GroupSort } from "../store/search/group-query.ts";
import { readCursor } from "./group-cursor.ts";

const seconds = (what: string) => Type.Optional(Type.Number({ description: `In seconds since 1970: ${what}` }));

/** What /api/v1/groups may be asked. */
export const GroupsParameters = Type.Object(
  {
    "match[]": Type.Optional(
      Type.Array(Type.String({ maxLength: 4096 }), {
        maxItems: 16,
        description: 'Selectors, any of which holds: `{job=~"backup.*",instance!=""}`.',
      }),
    ),
    search: Type.Optional(
      Type.String({ maxLength: 256, description: "Words that are all in the grouping key, in whatever case." }),
    ),
    state: Type.Optional(
      Type.Union([Type.Literal("failing"), Type.Literal("ok")], { description: "Whether the last push failed." }),
    ),
    pushed_before: seconds("the last successful push is not later."),
    pushed_after: seconds("the last successful push is not earlier."),
    sort: Type.Optional(
      Type.Union(
        GROUP_SORTS.map((sort) => Type.Literal(sort)),
        {
          default: "stored",
          description: "With a minus the largest come first. `stored`: in an order that never changes.",
        },
      ),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
    cursor: Type.Optional(
      Type.String({ maxLength: 2048, description: "Of the page before: what follows behind its last group." }),
    ),
    facets: Type.Optional(
      Type.Boolean({ default: false, description: "Whether jobs, ages and failures are counted." }),
    ),
  },
  { additionalProperties: false },
);

type Parameters = Static<typeof GroupsParameters>;

/** A request that was understood. */
export interface GroupsRequest {
  readonly query: GroupQuery;
  readonly sort: GroupSort;
  readonly limit: number;
  readonly after: GroupPlace | null;
  readonly withFacets: boolean;
  /** Tells this query and order from others. */
  readonly digest: string;
}

/** Reads the query of a URL, with or without its question mark. */
export function readGroupsRequest(text: string, epoch: string): GroupsRequest | Rejection {
  const parameters = readParameters(text);
  if (parameters instanceof Rejection) return parameters;
  const { limit = 100, facets = false, cursor, sort = "stored" } = parameters;
  const query = queryOf(parameters);
  if (query instanceof Rejection) return query;
  const digest = digestOf(parameters, sort);
  const after = cursor === undefined ? null : readCursor({ epoch, digest }, cursor);
  if (after instanceof Rejection) return after;
  return { query, sort, limit, after, withFacets: facets, digest };
}

function queryOf(parameters: Parameters): GroupQuery | Rejection {
  const selectors: Selector[] = [];
  for (const text of parameters["match[]"] ?? []) {
    const selector = readSelector(text);
    if (selector instanceof Rejection)
      return new Rejection("malformed", `invalid parameter "match[]": ${selector.message}`);
    selectors.push(selector);
  }
  return {
    selectors,
    words: (parameters.search ?? "").split(/\s+/).filter((word) => word !== ""),
    state: parameters.state ?? null,
    pushedBefore: parameters.pushed_before ?? null,
    pushedAfter: parameters.pushed_after ?? null,
  };
}

/** What is asked, without which page of it. */
function digestOf({ limit, cursor, facets, ...query }: Parameters, sort: GroupSort): string {
  const entries = Object.entries({ ...query, sort }).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(entries)).digest("base64url").slice(0, 12);
}

/** Each parameter in the form of its schema; of several values of one that takes one the first counts. */
function readParameters(text: string): Parameters | Rejection {
  const asked = new URLSearchParams(text);
  const read: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries<TSchema>(GroupsParameters.properties)) {
    if (!asked.has(name)) continue;
    const value = schema.type === "array" ? asked.getAll(name) : Value.Convert(schema, asked.get(name));
    if (!Value.Check(schema, value)) return badParameter(name, schema, asked.get(name) ?? "");
    read[name] = value;
  }
  const unknown = [...asked.keys()].find((name) => !(name in GroupsParameters.properties));
  if (unknown !== undefined) return new Rejection("malformed", `unknown parameter ${quoteTokenText(unknown)}`);
  return Value.Decode(GroupsParameters, read);
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
  if (type === "integer") return `an integer from ${minimum} to ${maximum}`;
  if (type === "array") return `one of at most ${maxItems}, each of at most 4096 characters`;
  if (type === "string") return `a text of at most ${maxLength} characters`;
  return type === "boolean" ? "true or false" : "a number";
}
