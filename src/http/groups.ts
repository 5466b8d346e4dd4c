import type { GroupReach } from "../model/principal.ts";
import { Rejection } from "../model/rejection.ts";
import { groupListPieces } from "../serialise/groups-json.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import { findGroups } from "../store/search/find-groups.ts";
import type { HttpContext } from "./context.ts";
import { type GroupDeps, tellGroup } from "./group.ts";
import { writeCursor } from "./group-cursor.ts";
import { readGroupsRequest } from "./groups-query.ts";
import { type RemovalDeps, removeGroups } from "./groups-removal.ts";
import { groupsOf } from "./reach.ts";
import { notYet, PRIVATE_JSON_HEADERS, rejected } from "./reply.ts";
import type { Handlers } from "./routes.ts";
import { toEnd } from "./store-turns.ts";

const HANDLER = "api/v1/groups";

/** What lists of groups are made with. */
export type GroupsDeps = Pick<
  HttpContext,
  "clock" | "cursorSeal" | "persistence" | "ownMetrics" | "principalOf" | "refusals" | "startMs" | "store"
> &
  RemovalDeps &
  GroupDeps;

/** /api/v1/groups: groups are looked for, or deleted. No page of another origin may read it: it has clients' labels. */
export function groupsHandlers(deps: GroupsDeps): Handlers<"apiGroups" | "apiGroup" | "apiRemoveGroups"> {
  const counted = (handler: (exchange: Exchange) => Promise<Answer>) => async (exchange: Exchange) => {
    const answer = await handler(exchange);
    deps.ownMetrics.countRequest(HANDLER, answer.status, exchange.method);
    return answer;
  };
  return {
    apiGroups: counted((exchange) => listGroups(deps, exchange, groupsOf(deps.principalOf(exchange), "read"))),
    apiGroup: counted((exchange) => tellGroup(deps, exchange, groupsOf(deps.principalOf(exchange), "read"))),
    apiRemoveGroups: counted((exchange) => removeGroups(deps, exchange, groupsOf(deps.principalOf(exchange), "admin"))),
  };
}

/** GET /api/v1/groups: a page of the groups that are asked for, as if there were none that the reach does not cover. */
export async function listGroups(deps: GroupsDeps, exchange: Exchange, reach: GroupReach | null): Promise<Answer> {
  const { clock, longAnswers, persistence, refusals, store } = deps;
  const notReady = persistence.notReady();
  if (notReady !== null) return notYet(refusals, notReady, exchange);
  const scope = { epoch: `${deps.startMs}.${store.wipes}`, seal: reach === null ? null : deps.cursorSeal };
  const request = readGroupsRequest(exchange.query, { ...scope, reach });
  if (request instanceof Rejection) return rejected(refusals, request, exchange);
  const asOfSeconds = clock.now() / 1000;
  const { query, withFacets, digest } = request;
  const search = findGroups(store.searched, query, request, withFacets ? asOfSeconds : null);
  const { wipes } = store;
  const found = await toEnd(clock, search, () => exchange.isGone || store.wipes !== wipes);
  if (found === null) return rejected(refusals, new Rejection("gone", "the store was wiped: begin again"), exchange);
  const cursor = found.end === null ? null : writeCursor({ ...scope, digest }, found.end);
  return longAnswers.answer(exchange, groupListPieces({ ...found, asOfSeconds, cursor }), PRIVATE_JSON_HEADERS);
}
