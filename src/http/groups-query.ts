import { createHash } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import { readSelector, type Selector } from "../match/selector.ts";
import type { GroupReach } from "../model/principal.ts";
import { Rejection } from "../model/rejection.ts";
import { GROUP_SORTS, type GroupPlace, type GroupQuery, type GroupSort } from "../store/search/group-query.ts";
import { type CursorScope, readCursor } from "./group-cursor.ts";
import { readParameters } from "./query-parameters.ts";

const seconds = (what: string) => Type.Optional(Type.Number({ description: `In seconds since 1970: ${what}` }));

/** Values of `match[]`. */
export const Selectors = Type.Optional(
  Type.Array(Type.String({ maxLength: 4096 }), {
    maxItems: 16,
    description: 'Selectors, any of which holds: `{job=~"backup.*",instance!=""}`.',
  }),
);

/** What tells groups from others. */
const CONDITIONS = {
  "match[]": Selectors,
  search: Type.Optional(
    Type.String({ maxLength: 256, description: "Words that are all in the grouping key, in whatever case." }),
  ),
  state: Type.Optional(
    Type.Union([Type.Literal("failing"), Type.Literal("ok")], { description: "Whether the last push failed." }),
  ),
  pushed_before: seconds("the last successful push is not later."),
  pushed_after: seconds("the last successful push is not earlier."),
};

/** Whose deletion /api/v1/groups may be asked for. */
export const RemovalParameters = Type.Object(
  {
    ...CONDITIONS,
    dry_run: Type.Optional(
      Type.Boolean({ default: true, description: "Whether it is only told what would be deleted." }),
    ),
    expect: Type.Optional(
      Type.Integer({ minimum: 0, description: "`matched` of a dry run: if more match, nothing is deleted." }),
    ),
    as_of: Type.Optional(
      Type.Number({ description: "Of that dry run: groups that were pushed since are left alone." }),
    ),
  },
  { additionalProperties: false },
);

/** What /api/v1/groups may be asked. */
export const GroupsParameters = Type.Object(
  {
    ...CONDITIONS,
    sort: Type.Optional(
      Type.Union(
        GROUP_SORTS.map((sort) => Type.Literal(sort)),
        {
          default: "stored",
          description: "With a minus the largest come first. `stored`: in an order that never changes.",
        },
      ),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 500, default: 100, description: "0: groups are only counted." }),
    ),
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
type QueryParameters = Pick<Parameters, keyof typeof CONDITIONS>;

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

/** For whom groups are listed, and what cursors are good for besides one query. */
export interface ListTerms extends Omit<CursorScope, "digest"> {
  readonly reach: GroupReach | null;
}

/** Reads the query of a URL, with or without its question mark. */
export function readGroupsRequest(text: string, { reach, ...scope }: ListTerms): GroupsRequest | Rejection {
  const parameters = readParameters(GroupsParameters, text);
  if (parameters instanceof Rejection) return parameters;
  const { limit = 100, facets = false, cursor, sort = "stored" } = parameters;
  const query = queryOf(parameters, reach);
  if (query instanceof Rejection) return query;
  const digest = digestOf(parameters, sort);
  const after = cursor === undefined ? null : readCursor({ ...scope, digest }, cursor);
  if (after instanceof Rejection) return after;
  return { query, sort, limit, after, withFacets: facets, digest };
}

function queryOf(parameters: QueryParameters, reach: GroupReach | null): GroupQuery | Rejection {
  const selectors = readSelectors(parameters["match[]"] ?? []);
  if (selectors instanceof Rejection) return selectors;
  return {
    reach,
    selectors,
    words: (parameters.search ?? "").split(/\s+/).filter((word) => word !== ""),
    state: parameters.state ?? null,
    pushedBefore: parameters.pushed_before ?? null,
    pushedAfter: parameters.pushed_after ?? null,
  };
}

export function readSelectors(texts: readonly string[]): Selector[] | Rejection {
  const selectors: Selector[] = [];
  for (const text of texts) {
    const selector = readSelector(text);
    if (selector instanceof Rejection)
      return new Rejection("malformed", `invalid parameter "match[]": ${selector.message}`);
    selectors.push(selector);
  }
  return selectors;
}

/** A request to delete groups; without `confirmed` it is only asked what would be deleted. */
export interface RemovalRequest {
  readonly query: GroupQuery;
  readonly confirmed: { readonly expected: number; readonly asOfSeconds: number } | null;
}

const CONDITION_NAMES = '"match[]", "search", "state", "pushed_before" or "pushed_after"';

/** Whether there is any condition. */
function isNarrow({ selectors, words, state, pushedBefore, pushedAfter }: GroupQuery): boolean {
  return selectors.length + words.length > 0 || state !== null || pushedBefore !== null || pushedAfter !== null;
}

export function readRemovalRequest(text: string, reach: GroupReach | null): RemovalRequest | Rejection {
  const parameters = readParameters(RemovalParameters, text);
  if (parameters instanceof Rejection) return parameters;
  const { expect, as_of: asOf, dry_run: isDry = true } = parameters;
  const query = queryOf(parameters, reach);
  if (query instanceof Rejection) return query;
  if (!isNarrow(query))
    return new Rejection("malformed", `deleting groups: ${CONDITION_NAMES} is expected; to delete all, wipe`);
  if (isDry) return { query, confirmed: null };
  if (expect === undefined || asOf === undefined)
    return new Rejection("malformed", 'deleting groups: "expect" and "as_of" of a dry run are expected');
  return { query, confirmed: { expected: expect, asOfSeconds: asOf } };
}

/** What is asked, without which page of it. */
function digestOf({ limit, cursor, facets, ...query }: Parameters, sort: GroupSort): string {
  const entries = Object.entries({ ...query, sort }).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(entries)).digest("base64url").slice(0, 12);
}
