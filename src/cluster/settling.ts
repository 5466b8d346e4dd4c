import type { Fault } from "../model/fault.ts";
import type { GroupBytes } from "../rows/group-row.ts";
import type { BatchContent } from "./entry.ts";
import type { Judgement } from "./fold.ts";
import type { OwnBatch } from "./own-batch.ts";
import type { StorePort } from "./replica-deps.ts";
import type { WriterRules } from "./writer-rules.ts";

/** What is to be done to the own store after a batch of the log, in the order of the fields. */
interface StoreChanges {
  isWipe: boolean;
  readonly removals: Uint8Array[];
  readonly puts: GroupBytes[];
}

type AnyBatch = OwnBatch<unknown, unknown>;
type TakingBack = Pick<WriterRules, "isTakenBack">;

/** Carries out a batch of another replica; `own` is the batch under way, which the own store has already. */
export function changesOfOthers(
  content: BatchContent,
  judgement: Judgement,
  own: AnyBatch | null,
  rules: TakingBack,
): StoreChanges {
  const puts = content.puts.filter((_, i) => judgement.valid[i]);
  const removals = [...content.removals, ...expiredKeys(content, judgement)];
  const changes: StoreChanges = { isWipe: content.isWipe, removals, puts: [] };
  if (own !== null) {
    noteLost(own, content.isWipe, removals, puts);
    // Its puts that grow are void by now. What they brought must not stand beside what the others bring.
    if (judgement.hasGrown) for (const put of own.puts) if (rules.isTakenBack(put)) takeBack(put, changes);
  }
  changes.puts.push(...puts);
  return changes;
}

/** The own store has no longer what it had of the batch under way. */
function noteLost(own: AnyBatch, isWipe: boolean, removals: readonly Uint8Array[], puts: readonly GroupBytes[]): void {
  if (isWipe) for (const put of own.puts) put.isLost = true;
  const lose = (change: { isLost: boolean } | null) => {
    if (change !== null) change.isLost = true;
  };
  for (const key of removals) lose(own.putOf(key));
  for (const { key } of puts) {
    lose(own.putOf(key));
    lose(own.removalOf(key));
    own.isWipeLost = true;
  }
}

/** Brings the own store, which has what was made, to what became of it. */
export function changesOfOwn(own: AnyBatch, judgement: Judgement, rules: TakingBack): StoreChanges {
  const isWipe = own.isWipe && own.isWipeLost;
  const changes: StoreChanges = { isWipe, removals: [], puts: [] };
  if (isWipe) for (const put of own.puts) put.isLost = true;
  for (const { key, isLost } of own.removals) if (isLost) changes.removals.push(key);
  changes.removals.push(...expiredKeys(own, judgement));
  for (const [i, put] of own.puts.entries()) {
    if (judgement.valid[i] !== true) {
      if (rules.isTakenBack(put)) takeBack(put, changes);
    } else if (put.isLost) changes.puts.push(put);
  }
  return changes;
}

/** A group becomes again what it was before a put. */
function takeBack(put: AnyBatch["puts"][number], changes: StoreChanges): void {
  const { key, before } = put;
  if (before === null) changes.removals.push(key);
  else changes.puts.push({ key, row: before });
  put.isLost = true;
}

const expiredKeys = ({ expiries }: Pick<BatchContent, "expiries">, { expired }: Judgement): Uint8Array[] =>
  expiries.filter((_, i) => expired[i]).map(({ key }) => key);

/** Changes the store; what is to be known of a broken row may take many turns. */
export function changeStore(
  { isWipe, removals, puts }: StoreChanges,
  store: StorePort<never, unknown>,
): Fault | null | Promise<Fault | null> {
  if (isWipe) store.wipe();
  for (const key of removals) store.remove(key);
  return puts.length === 0 ? null : store.put(puts);
}
