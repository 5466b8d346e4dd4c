import { Rejection } from "../model/rejection.ts";
import { TURN_MS } from "../model/work.ts";
import { groupListJson } from "../serialise/groups-json.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import type { HttpContext } from "./context.ts";
import { writeCursor } from "./group-cursor.ts";
import { readGroupsRequest } from "./groups-query.ts";
import { notYet, rejected } from "./reply.ts";
import type { Handlers } from "./routes.ts";
import type { StreamClock } from "./stream.ts";

const HEADERS = { "Content-Type": "application/json", "Cache-Control": "no-cache, no-store, must-revalidate" };
const HANDLER = "api/v1/groups";

/** What lists of groups are made with. */
export type GroupsDeps = Pick<
  HttpContext,
  "clock" | "durability" | "now" | "ownMetrics" | "refusals" | "startMs" | "store"
>;

/** Groups that are looked for: /api/v1/groups. No page of another origin may read it: it names clients' labels. */
export function groupsHandlers(deps: GroupsDeps): Handlers<"apiGroups"> {
  return {
    apiGroups: async (exchange) => {
      const answer = await listGroups(deps, exchange);
      deps.ownMetrics.countRequest(HANDLER, answer.status, "GET");
      return answer;
    },
  };
}

async function listGroups(deps: GroupsDeps, exchange: Exchange): Promise<Answer> {
  const { clock, durability, now, refusals, store } = deps;
  const notReady = durability.notReady();
  if (notReady !== null) return notYet(refusals, notReady);
  const epoch = `${deps.startMs}.${store.wipes}`;
  const request = readGroupsRequest(exchange.query, epoch);
  if (request instanceof Rejection) return rejected(refusals, request);
  const asOfSeconds = now() / 1000;
  const { query, withFacets, digest } = request;
  const search = store.findGroups(query, request, withFacets ? asOfSeconds : null);
  const { wipes } = store;
  const found = await inSlices(search, clock, () => exchange.isGone || store.wipes !== wipes);
  if (found === null) return rejected(refusals, new Rejection("gone", "the store was wiped: begin again"));
  const cursor = found.end === null ? null : writeCursor({ epoch, digest }, found.end);
  return { status: 200, headers: HEADERS, body: groupListJson({ ...found, asOfSeconds, cursor }) };
}

/** The result of a search that pauses, with turns of others as it goes on; null: it was given up. */
async function inSlices<T>(
  search: Generator<null, T>,
  clock: StreamClock,
  isGivenUp: () => boolean,
): Promise<T | null> {
  for (let startMs = clock.nowMs(); ; ) {
    const step = search.next();
    if (step.done) return step.value;
    if (clock.nowMs() - startMs < TURN_MS) continue;
    await clock.turn();
    if (isGivenUp()) return null;
    startMs = clock.nowMs();
  }
}
