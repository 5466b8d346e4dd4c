import { GroupingKey } from "../exposition/grouping-key.ts";
import { Rejection } from "../model/rejection.ts";
import { MORE } from "../model/work.ts";
import { removalPlanJson, removalRefusedJson, removedJson } from "../serialise/groups-json.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import { type GroupSelection, selectGroups } from "../store/search/select-groups.ts";
import type { HttpContext } from "./context.ts";
import { type RemovalRequest, readRemovalRequest } from "./groups-query.ts";
import { accepted, notYet, privateJson, rejected } from "./reply.ts";
import { stepInTurns, toEnd } from "./store-turns.ts";

/** What many groups are deleted with. */
export type RemovalDeps = Pick<
  HttpContext,
  "clock" | "persistence" | "heldMemory" | "refusals" | "removalLog" | "store" | "storeTurns"
>;

/**
 * DELETE /api/v1/groups. A dry run, unless told otherwise, says what would be deleted and as of when. A deletion says
 * how many groups it expects and as of when: if more match, nothing is deleted; groups pushed since are left alone.
 */
export async function removeGroups(deps: RemovalDeps, exchange: Exchange): Promise<Answer> {
  const { clock, persistence, refusals, store } = deps;
  const notReady = persistence.notReady();
  if (notReady !== null) return notYet(refusals, notReady, exchange);
  const request = readRemovalRequest(exchange.query);
  if (request instanceof Rejection) return rejected(refusals, request, exchange);
  // An instant to come would take in what is pushed while groups are looked for.
  const asOfSeconds = Math.min(request.confirmed?.asOfSeconds ?? Infinity, clock.now() / 1000);
  const { wipes } = store;
  const selection = await toEnd(clock, selectGroups(store.searched, request.query, asOfSeconds));
  const refused = await refusalOf(deps, exchange, request, selection);
  if (refused !== null) return refused;
  if (request.confirmed === null) return privateJson(200, removalPlanJson({ ...selection, asOfSeconds }));
  const { deleted, leftAlone, settled } = await removeSelected(deps, selection, asOfSeconds, wipes);
  deps.removalLog.deletedMany(exchange, deleted);
  const answer = accepted(refusals, await settled, exchange);
  return answer.status === 202 ? privateJson(202, removedJson(deleted, selection.leftAlone + leftAlone)) : answer;
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

interface Removed {
  readonly deleted: number;
  /** They were pushed to since they were found, or are being pushed to. */
  readonly leftAlone: number;
  /** Resolves once that is durable, to why it is not, or null. */
  readonly settled: Promise<Rejection | null>;
}

/**
 * Deletes group after group, with turns of others in between, as long as the store is not wiped: `wipes` is how often
 * it had been when the groups were looked for.
 */
async function removeSelected(
  { clock, persistence, heldMemory, store, storeTurns }: RemovalDeps,
  { ids, matched }: GroupSelection,
  asOfSeconds: number,
  wipes: number,
): Promise<Removed> {
  const settling = new Settling();
  let [next, deleted, leftAlone] = [0, 0, 0];
  await storeTurns.snapshotsTaken();
  await stepInTurns(clock, () => {
    // What comes after a wipe has the ids of others.
    if (next === matched || store.wipes !== wipes) return null;
    const row = store.groupRow(ids.at(next++));
    if (row === null) return MORE;
    const key = new GroupingKey(row.labels);
    if (Math.max(row.succeededSeconds, row.failedSeconds) > asOfSeconds || store.isHeld(key)) leftAlone++;
    else if (store.delete(key)) {
      deleted++;
      settling.add(persistence.settled(key.block));
    }
    return MORE;
  });
  await storeTurns.settled();
  heldMemory.check();
  return { deleted, leftAlone, settled: settling.all() };
}

/** Waits for many changes, and keeps nothing of each. */
class Settling {
  private readonly end = Promise.withResolvers<Rejection | null>();
  private fault: Rejection | null = null;
  private left = 1;

  add(change: Promise<Rejection | null> | null): void {
    if (change === null) return;
    this.left++;
    void change.then(this.settle);
  }

  /** To be called once, behind the last `add`: resolves to one of the faults, or null. */
  all(): Promise<Rejection | null> {
    this.settle(null);
    return this.end.promise;
  }

  private readonly settle = (fault: Rejection | null): void => {
    this.fault ??= fault;
    if (--this.left === 0) this.end.resolve(this.fault);
  };
}
