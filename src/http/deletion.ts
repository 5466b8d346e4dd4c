import { Type } from "@sinclair/typebox";
import { Int32Column } from "../bytes/columns.ts";
import type { KeyedPath } from "../decode/path.ts";
import { Rejection } from "../model/rejection.ts";
import { type Answer, type Exchange, pathText, textError } from "../server/exchange.ts";
import type { HttpContext } from "./context.ts";
import { readParameter } from "./query-parameters.ts";
import { accepted, rejected, statusOf } from "./reply.ts";
import type { Removed } from "./writes.ts";

export type DeletionDeps = Pick<HttpContext, "log" | "ownMetrics" | "refusals" | "removalLog" | "store" | "writes">;

/** What a DELETE may be asked; whatever else is in its query is not looked at. */
export const DeletionParameters = Type.Object({
  as_of: Type.Optional(
    Type.Number({ description: "In seconds since 1970: a group that was pushed to since is left alone." }),
  ),
});

const NOTHING_REMOVED: Removed = { groups: 0, leftAlone: 0, fault: null };

/** DELETE on /metrics/job...: answered when the group is gone, durably; 202 if there was none, too. */
export async function deletion(deps: DeletionDeps, keyed: KeyedPath | Rejection, exchange: Exchange): Promise<Answer> {
  let status = 500;
  try {
    const answer = keyed instanceof Rejection ? unreadable(deps, keyed, exchange) : await remove(deps, keyed, exchange);
    status = answer.status;
    return answer;
  } finally {
    deps.ownMetrics.countRequest("delete", status, "DELETE");
  }
}

function unreadable({ log }: DeletionDeps, rejection: Rejection, exchange: Exchange): Answer {
  log.for("deletion.ts").debug("failed to parse URL", { url: pathText(exchange), err: rejection.message });
  return textError(statusOf(rejection), rejection.message);
}

async function remove(deps: DeletionDeps, { key, undecodable }: KeyedPath, exchange: Exchange): Promise<Answer> {
  const { refusals, removalLog } = deps;
  const asOf = readParameter("as_of", DeletionParameters.properties.as_of, new URLSearchParams(exchange.query));
  if (asOf instanceof Rejection) return rejected(refusals, asOf, exchange);
  // No group can have a key that is not UTF-8.
  const removed = undecodable === null ? await removeGroup(deps, key, asOf, exchange) : NOTHING_REMOVED;
  const answer =
    removed.leftAlone > 0 ? rejected(refusals, PUSHED_SINCE, exchange) : accepted(refusals, removed.fault, exchange);
  removalLog.deleted(exchange, key.block, removed, answer.status);
  return answer;
}

const PUSHED_SINCE = new Rejection("changed", 'deleting a group: it was pushed to since "as_of" and is left alone');

/** As one that was selected where it is to be left alone if it was pushed to since. */
async function removeGroup(
  { store, writes }: DeletionDeps,
  key: KeyedPath["key"],
  asOfSeconds: number | undefined,
  exchange: Exchange,
): Promise<Removed> {
  if (asOfSeconds === undefined) return writes.delete(key, exchange);
  const group = store.groupOf(key.block);
  if (group < 0) return NOTHING_REMOVED;
  const ids = new Int32Column();
  ids.rows[0] = group;
  return writes.deleteSelected({ ids, matched: 1, wipes: store.wipes }, asOfSeconds, exchange);
}
