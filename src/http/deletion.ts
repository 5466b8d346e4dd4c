import type { KeyedPath } from "../decode/path.ts";
import { Rejection } from "../model/rejection.ts";
import { type Answer, type Exchange, pathText, textError } from "../server/exchange.ts";
import type { HttpContext } from "./context.ts";
import { accepted, statusOf } from "./reply.ts";

export type DeletionDeps = Pick<
  HttpContext,
  "heldMemory" | "log" | "ownMetrics" | "persistence" | "refusals" | "removalLog" | "store" | "storeTurns"
>;

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
  const { heldMemory, persistence, refusals, removalLog, store, storeTurns } = deps;
  // No group can have a key that is not UTF-8.
  const isLarge = undecodable === null && store.isLarge(key);
  if (isLarge) await storeTurns.snapshotsTaken();
  while (undecodable === null && store.isHeld(key)) await storeTurns.afterLarge();
  const wasThere = undecodable === null && store.delete(key);
  removalLog.deleted(exchange, key.block, wasThere);
  // A request that removes much waits until it is gone, but not for what others remove.
  if (isLarge) await storeTurns.settled();
  else storeTurns.goOn();
  heldMemory.check();
  return accepted(refusals, await persistence.settled(key.block), exchange);
}
