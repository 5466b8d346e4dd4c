import type { GroupReach } from "../model/principal.ts";
import { Rejection } from "../model/rejection.ts";
import { removalPlanJson, removalRefusedJson, removedJson } from "../serialise/groups-json.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import { type GroupSelection, selectGroups } from "../store/search/select-groups.ts";
import type { HttpContext } from "./context.ts";
import { type RemovalRequest, readRemovalRequest } from "./groups-query.ts";
import { accepted, notYet, privateJson, rejected } from "./reply.ts";
import { toEnd } from "./store-turns.ts";

/** What many groups are deleted with. */
export type RemovalDeps = Pick<HttpContext, "clock" | "persistence" | "refusals" | "removalLog" | "store" | "writes">;

/**
 * DELETE /api/v1/groups. A dry run, unless told otherwise, says what would be deleted and as of when. A deletion says
 * how many groups it expects and as of when: if more match, nothing is deleted; groups pushed since are left alone.
 * Groups that the reach does not cover are as if they were not there.
 */
export async function removeGroups(deps: RemovalDeps, exchange: Exchange, reach: GroupReach | null): Promise<Answer> {
  const { clock, persistence, refusals, store, writes } = deps;
  const notReady = persistence.notReady();
  if (notReady !== null) return notYet(refusals, notReady, exchange);
  const request = readRemovalRequest(exchange.query, reach);
  if (request instanceof Rejection) return rejected(refusals, request, exchange);
  // An instant to come would take in what is pushed while groups are looked for.
  const asOfSeconds = Math.min(request.confirmed?.asOfSeconds ?? Infinity, clock.now() / 1000);
  const { wipes } = store;
  const selection = await toEnd(clock, selectGroups(store.searched, request.query, asOfSeconds));
  const refused = await refusalOf(deps, exchange, request, selection);
  if (refused !== null) return refused;
  if (request.confirmed === null) return privateJson(200, removalPlanJson({ ...selection, asOfSeconds }));
  const removed = await writes.deleteSelected({ ...selection, wipes }, asOfSeconds, exchange);
  const answer = accepted(refusals, removed.fault, exchange);
  const leftAlone = selection.leftAlone + removed.leftAlone;
  deps.removalLog.deletedMany(exchange, { ...removed, leftAlone }, answer.status);
  if (answer.status !== 202) return answer;
  return privateJson(202, removedJson(removed.groups, leftAlone));
}

/** The answer where nothing may be deleted; null: it may. */
async function refusalOf(
  { clock, refusals, store }: RemovalDeps,
  exchange: Exchange,
  { query, confirmed }: RemovalRequest,
  { isPartial, matched }: GroupSelection,
): Promise<Answer | null> {
  if (isPartial)
    return rejected(refusals, new Rejection("too-large", "deleting groups: looking for them takes too long"), exchange);
  if (confirmed === null || matched <= confirmed.expected) return null;
  const asOfSeconds = clock.now() / 1000;
  const plan = await toEnd(clock, selectGroups(store.searched, query, asOfSeconds));
  const reason = `deleting groups: ${matched} match, ${confirmed.expected} are expected`;
  return privateJson(409, removalRefusedJson({ ...plan, asOfSeconds }, reason));
}
