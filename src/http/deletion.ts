import type { KeyedPath } from "../decode/path.ts";
import { Rejection } from "../model/rejection.ts";
import { type Answer, type Exchange, pathText, textError } from "../server/exchange.ts";
import type { HttpContext } from "./context.ts";
import { accepted, statusOf } from "./reply.ts";
import type { Removed } from "./writes.ts";

export type DeletionDeps = Pick<HttpContext, "log" | "ownMetrics" | "refusals" | "removalLog" | "writes">;

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
  const { refusals, removalLog, writes } = deps;
  // No group can have a key that is not UTF-8.
  const { groups, fault } = undecodable === null ? await writes.delete(key, exchange) : NOTHING_REMOVED;
  removalLog.deleted(exchange, key.block, groups > 0);
  return accepted(refusals, fault, exchange);
}
