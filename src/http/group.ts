import { type Static, Type } from "@sinclair/typebox";
import { Broken } from "../bytes/broken.ts";
import type { GroupingKey } from "../exposition/grouping-key.ts";
import type { GroupReach } from "../model/principal.ts";
import { quoteTokenText, shownToken } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import type { ShownFamily, ShownGroup } from "../model/view.ts";
import { groupDetailPieces } from "../serialise/group-json.ts";
import { prefersExposition } from "../serialise/negotiate.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import { groupSummary } from "../store/search/group-summary.ts";
import type { HttpContext } from "./context.ts";
import { readGroupPath } from "./group-path.ts";
import { longAnswer } from "./long-answers.ts";
import { type PartScrapeDeps, scrapeGroup } from "./part-scrape.ts";
import { readParameters } from "./query-parameters.ts";
import { notYet, PRIVATE_JSON_HEADERS, rejected } from "./reply.ts";
import { toEnd } from "./store-turns.ts";

/** Of a family so many metrics are told of at once. */
const MOST_METRICS = 2000;

/** What one group may be asked. */
export const GroupParameters = Type.Object(
  {
    family: Type.Optional(Type.String({ description: "The only metric family that is told of." })),
    family_offset: Type.Optional(
      Type.Integer({ minimum: 0, default: 0, description: "So many families, by name, are passed over." }),
    ),
    family_limit: Type.Optional(
      Type.Integer({ minimum: 1, description: "So many families are told of; all, unless it is given." }),
    ),
    offset: Type.Optional(
      Type.Integer({ minimum: 0, default: 0, description: "So many metrics of `family` are passed over." }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MOST_METRICS,
        default: MOST_METRICS,
        description: "So many metrics of each family are told of.",
      }),
    ),
    max_characters: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "Longer names of families, help texts, and labels of a metric are cut; unless given, none is.",
      }),
    ),
  },
  { additionalProperties: false },
);

/** What one group is told of with. */
export type GroupDeps = Pick<HttpContext, "persistence" | "settings"> & PartScrapeDeps;

/**
 * GET /api/v1/groups/job/...: one group with its families and their metrics, as it is at one moment; or its exposition,
 * where the reader prefers that. One that the reach does not cover is as if it were not there.
 */
export async function tellGroup(deps: GroupDeps, exchange: Exchange, reach: GroupReach | null): Promise<Answer> {
  const { persistence, refusals, settings } = deps;
  const notReady = persistence.notReady();
  if (notReady !== null) return notYet(refusals, notReady, exchange);
  const keyed = readGroupPath(exchange.path, `${settings.routePrefix}/api/v1/groups/job`, settings);
  if (keyed === null)
    return rejected(refusals, new Rejection("absent", "there is no group without the label job"), exchange);
  if (keyed instanceof Rejection) return rejected(refusals, keyed, exchange);
  const { key, undecodable } = keyed;
  if (undecodable !== null) return rejected(refusals, noGroup(key), exchange);
  const isExposed = prefersExposition(exchange.header("accept"), settings.openMetrics.isOffered);
  const told = isExposed
    ? await scrapeGroup(deps, exchange, { key, reach })
    : await detail(deps, exchange, { key, reach });
  return told ?? rejected(refusals, noGroup(key), exchange);
}

type GroupParameterValues = Static<typeof GroupParameters>;

function readGroupParameters(query: string): GroupParameterValues | Rejection {
  const asked = readParameters(GroupParameters, query);
  if (asked instanceof Rejection || asked.family !== undefined || asked.offset === undefined) return asked;
  return new Rejection(
    "malformed",
    'asking for a group: "offset" is of the metrics of one "family", which is expected',
  );
}

/** The id of a group, or -1 where there is none. One that is being stored is waited for. */
async function wholeGroup({ store, storeTurns }: GroupDeps, key: GroupingKey): Promise<number> {
  for (;;) {
    const group = store.groupOf(key.block);
    if (group < 0 || !store.isBeingStored(group)) return group;
    await storeTurns.largeOver();
  }
}

/** null: there is no group of this key. */
async function detail(
  deps: GroupDeps,
  exchange: Exchange,
  { key, reach }: { readonly key: GroupingKey; readonly reach: GroupReach | null },
): Promise<Answer | null> {
  const { clock, refusals, store } = deps;
  const asked = readGroupParameters(exchange.query);
  if (asked instanceof Rejection) return rejected(refusals, asked, exchange);
  const { family } = asked;
  const id = reach?.covers(key.block) === false ? -1 : await wholeGroup(deps, key);
  if (id < 0) return null;
  const asOfSeconds = clock.now() / 1000;
  const summary = groupSummary(store.searched, id);
  const reading = store.group(id);
  const release = () => void reading.return(null);
  try {
    const group = await toEnd(clock, firstOf(reading));
    const families = family === undefined ? group.families : onlyFamily(group, family);
    if (families instanceof Rejection) {
      release();
      return rejected(refusals, families, exchange);
    }
    const pieces = groupDetailPieces({ asOfSeconds, summary, families, ...partOf(asked) });
    return longAnswer(deps, exchange, pieces, PRIVATE_JSON_HEADERS, release);
  } catch (fault) {
    release();
    throw fault;
  }
}

/** How much is told. */
function partOf(asked: GroupParameterValues) {
  return {
    familyOffset: asked.family_offset ?? 0,
    familyLimit: asked.family_limit ?? Infinity,
    offset: asked.offset ?? 0,
    limit: asked.limit ?? MOST_METRICS,
    mostCharacters: asked.max_characters ?? Infinity,
  };
}

function* firstOf(reading: Generator<ShownGroup | null>): Generator<null, ShownGroup> {
  for (let step = reading.next(); !step.done; step = reading.next()) {
    if (step.value !== null) return step.value;
    yield null;
  }
  throw new Broken("reading a group: there is none");
}

function onlyFamily(group: ShownGroup, name: string): readonly ShownFamily[] | Rejection {
  const found = group.find(name);
  if (found !== null) return [found];
  return new Rejection("absent", `the group has no metric family ${quoteTokenText(name)}`);
}

function noGroup(key: GroupingKey): Rejection {
  return new Rejection("absent", `there is no group {${shownToken(Buffer.from(key.block).toString())}}`);
}
