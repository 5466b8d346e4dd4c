import type { Fault } from "../model/fault.ts";
import type { GroupBytes } from "../rows/group-row.ts";
import type { BatchContent } from "./entry.ts";
import type { Judgement } from "./fold.ts";
import type { OwnBatch, OwnPut } from "./own-batch.ts";
import type { StorePort } from "./replica-deps.ts";
import type { WriterRules } from "./writer-rules.ts";

/** What is to be done to the own store after a batch of the log, in the order of the fields. */
export interface StoreChanges {
  readonly isWipe: boolean;
  readonly removals: Uint8Array[];
  readonly puts: GroupBytes[];
}

type AnyBatch = OwnBatch<unknown, unknown>;
type TakingBack = Pick<WriterRules, "isTakenBack">;

/**
 * Carries out a batch of another replica. The own store is ahead by the batch under way, `own`: what that removes is
 * gone, and stays so; what it puts stays, unless it is void by what the others have done.
 */
export function changesOfOthers(
  content: BatchContent,
  judgement: Judgement,
  own: AnyBatch | null,
  rules: TakingBack,
): StoreChanges {
  const { isWipe } = content;
  const puts = content.puts.filter((_, i) => judgement.valid[i]);
  const removals = [...content.removals, ...expiredKeys(content, judgement)];
  if (own === null) return { isWipe, removals, puts };
  const changes: StoreChanges = { isWipe, removals: removals.filter((key) => !staysPut(own.putOf(key))), puts: [] };
  const lasting = puts.filter(({ key }) => !own.isWipe && !own.hasRemoved(key));
  // What it brought must not stand beside what the others bring.
  if (noteLost(own, isWipe, removals, lasting) || judgement.hasGrown) takeBackAll(own, changes, rules);
  else if (isWipe) changes.puts.push(...own.puts.filter(staysPut));
  changes.puts.push(...lasting);
  return changes;
}

/** A group that was not there when it was put may be removed by others: the put can be valid nonetheless. */
const staysPut = (put: OwnPut | null): boolean => put !== null && !put.isLost && put.basis.number === 0;

/** Whether a put of the batch under way is void by now: then all that grow are. */
function noteLost(
  own: AnyBatch,
  isWipe: boolean,
  removals: readonly Uint8Array[],
  puts: readonly GroupBytes[],
): boolean {
  const removed = isWipe ? own.puts : removals.map((key) => own.putOf(key));
  const lost = [...removed.filter((put) => !staysPut(put)), ...puts.map(({ key }) => own.putOf(key))];
  let hasLost = false;
  for (const put of lost) {
    if (put === null) continue;
    put.isLost = true;
    hasLost = true;
  }
  return hasLost;
}

/** Brings the own store, which is ahead by what was made, to what became of it. */
export function changesOfOwn(own: AnyBatch, judgement: Judgement, rules: TakingBack): StoreChanges {
  const changes: StoreChanges = { isWipe: false, removals: expiredKeys(own, judgement), puts: [] };
  for (const [i, put] of own.puts.entries()) {
    if (judgement.valid[i] !== true) takeBack(put, changes, rules);
    else if (put.isLost) changes.puts.push(put);
  }
  return changes;
}

/** A store that was loaded gets ahead by what the batch under way removes; what it puts has to wait. */
export function changesOfLoaded(own: AnyBatch): StoreChanges {
  for (const put of own.puts) put.isLost = true;
  return { isWipe: own.isWipe, removals: own.removals, puts: [] };
}

function takeBackAll(own: AnyBatch, changes: StoreChanges, rules: TakingBack): void {
  for (const put of own.puts) takeBack(put, changes, rules);
}

/** A group that has grown becomes again what it was before. */
function takeBack(put: OwnPut, changes: StoreChanges, rules: TakingBack): void {
  if (!rules.isTakenBack(put)) return;
  const { key, before } = put;
  if (before === null) changes.removals.push(key);
  else changes.puts.push({ key, row: before });
  put.isLost = true;
}

const expiredKeys = ({ expiries }: Pick<BatchContent, "expiries">, { expired }: Judgement): Uint8Array[] =>
  expiries.filter((_, i) => expired[i]).map(({ key }) => key);

/** Carries out changes, in this turn or in many; or why a row is not one. */
export function changeStore(
  { isWipe, removals, puts }: StoreChanges,
  store: StorePort<never, unknown>,
): Fault | null | Promise<Fault | null> {
  if (isWipe) store.wipe();
  for (const key of removals) store.remove(key);
  return puts.length === 0 ? null : store.put(puts);
}
