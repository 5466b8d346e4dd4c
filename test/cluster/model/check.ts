import type { BatchContent } from "../../../src/cluster/entry.ts";
import { writerText } from "../../../src/cluster/revision.ts";
import { groupOf, ModelGateway, type ModelGroup, sortedGroup } from "./gateway.ts";
import type { Attempt, FoldedBatch, ModelRecord, Seen } from "./record.ts";

/** Where each push that is stored stands in the log, by its operation. */
type Places = Map<number, number>;

/** What is wrong with a run: one line each. */
export function faultsOf(record: ModelRecord): string[] {
  const faults = [...record.faults];
  if (faults.length > 0) return faults;
  const places: Places = new Map();
  for (const { name, position, text, shown } of record.atRest) {
    if (text !== record.states.get(position)) faults.push(`${name} differs at ${position}: ${text}`);
    const expected = record.shown.get(position);
    if (shown !== expected) faults.push(`${name} shows at ${position}: ${shown}, others ${expected}`);
  }
  const ids = new Set<string>();
  for (const batch of record.folded) {
    const id = idOf(batch);
    faults.push(...(ids.has(id) ? repetitionFaults(record, batch) : batchFaults(record, batch, places)));
    ids.add(id);
  }
  for (const seen of record.seen.values()) faults.push(...answerFaults(record, seen, places));
  return [...faults, ...givenUpFaults(record, places)];
}

const stateAt = ({ isChecked, states }: ModelRecord, position: number): ModelGateway =>
  ModelGateway.of(states.get(position) ?? "[]", isChecked);

const idOf = ({ content }: FoldedBatch): string => `${writerText(content.id)}.${content.id.number}`;

function repetitionFaults(record: ModelRecord, { position }: FoldedBatch): string[] {
  const isSame = stateAt(record, position - 1).text === stateAt(record, position).text;
  return isSame ? [] : [`a repetition changes the content at ${position}`];
}

/** One Pushgateway does what a batch says, in its order: then it holds what the replicas hold. */
function batchFaults(record: ModelRecord, batch: FoldedBatch, places: Places): string[] {
  const { position, content, isRepetition } = batch;
  const [before, after] = [stateAt(record, position - 1), stateAt(record, position)];
  if (isRepetition) return [`a batch that has not come before is taken for a repetition at ${position}`];
  const faults: string[] = [];
  if (!after.isConsistent) faults.push(`not consistent at ${position}: ${after.text}`);
  const one = before.clone();
  removeFrom(one, content, after);
  const attempts = record.attempts.get(idOf(batch)) ?? [];
  for (const attempt of attempts) {
    if (!isValid(attempt, content, { before, after }, record)) continue;
    const fault = attempt.isNoted ? noteOn(one, attempt, record) : storeOn(one, attempt, places, position);
    if (fault !== null) faults.push(`${fault} at ${position}`);
  }
  if (one.text !== after.text) faults.push(`at ${position} one has ${one.text}, the replicas ${after.text}`);
  for (const [group, { succeededMs }] of after.groups) {
    const isNew = content.isWipe || content.removals.some((key) => groupOf(key) === group);
    if (!isNew && succeededMs < (before.groups.get(group)?.succeededMs ?? 0))
      faults.push(`time goes back at ${position}`);
  }
  return faults;
}

function removeFrom(one: ModelGateway, { isWipe, removals, expiries, puts }: BatchContent, after: ModelGateway): void {
  if (isWipe) one.groups.clear();
  for (const key of removals) one.groups.delete(groupOf(key));
  for (const { key } of expiries) {
    const group = groupOf(key);
    if (!after.groups.has(group) && !puts.some((put) => groupOf(put.key) === group)) one.groups.delete(group);
  }
}

/**
 * Whether what a push made of its group is what the replicas have, and have by it: two that add the same by one key in
 * the same moment make the same of it.
 */
function isValid(
  { operation, answer, isNoted }: Attempt,
  { isWipe, removals, puts }: BatchContent,
  { before, after }: { readonly before: ModelGateway; readonly after: ModelGateway },
  { groupOfRow }: ModelRecord,
): boolean {
  if (answer !== "stored" && !isNoted) return false;
  const put = puts.find(({ key }) => groupOf(key) === operation.group);
  const group = after.groups.get(operation.group);
  if (put === undefined || group === undefined) return false;
  const row = groupOfRow(put);
  const isNew = isWipe || removals.some((key) => groupOf(key) === operation.group);
  const known = isNew ? undefined : before.groups.get(operation.group);
  return sameGroup(row, group) && (isNoted || known === undefined || !sameGroup(row, known));
}

const sameGroup = (one: ModelGroup, other: ModelGroup): boolean =>
  JSON.stringify(sortedGroup(one)) === JSON.stringify(sortedGroup(other));

function storeOn(one: ModelGateway, attempt: Attempt, places: Places, position: number): string | null {
  const { operation, nowMs } = attempt;
  const answer = one.judge(operation);
  if (answer !== "stored") return `${operation.id} is stored, one says it is ${answer}`;
  one.push(operation, "stored", nowMs);
  if (places.has(operation.id)) return `${operation.id} is stored again`;
  places.set(operation.id, position);
  return null;
}

function noteOn(one: ModelGateway, { operation, nowMs, madeAt }: Attempt, record: ModelRecord): string | null {
  one.push(operation, "inconsistent", nowMs);
  const answer = stateAt(record, madeAt).judge(operation);
  return answer === "stored" ? `${operation.id} is noted as refused, one would have stored it` : null;
}

/** Whether an answer is what one Pushgateway would have said, behind all that had been answered before. */
function answerFaults(record: ModelRecord, seen: Seen, places: Places): string[] {
  const { operation, answer, floor, position, madeAt, givenUpMs } = seen;
  const what = `${operation.kind} ${operation.id} to ${operation.group}`;
  if (answer === null) return givenUpMs === Infinity ? [`${what} was never answered`] : [];
  if (answer === "unknown" || answer === "malformed") return [];
  if (answer === "stored") {
    if (places.get(operation.id) !== position)
      return [`${what} stands at ${places.get(operation.id)}, not ${position}`];
    return position < floor ? [`${what} stands at ${position}, before what ended before it: ${floor}`] : [];
  }
  if (answer === "removed") return removalFaults(record, seen, what);
  if (answer === "repeated" || answer === "reused") return keyFaults(record, seen, what);
  if (places.has(operation.id)) return [`${what} was refused, and is stored at ${places.get(operation.id)}`];
  if (madeAt < floor) return [`${what} was refused in the state of ${madeAt}, before what ended before it: ${floor}`];
  const one = stateAt(record, madeAt).judge(operation);
  return one === "stored" ? [`${what} was refused, one would have stored it at ${madeAt}`] : [];
}

/** A repetition, or a key that is another's, was one at some position between the request and its answer. */
function keyFaults(record: ModelRecord, { operation, answer, floor, position }: Seen, what: string): string[] {
  for (let at = floor; at <= position; at++) if (stateAt(record, at).judge(operation) === answer) return [];
  return [`${what} was said to be ${answer} at ${position}, one would not have said so from ${floor} on`];
}

function removalFaults(record: ModelRecord, { operation, floor, position }: Seen, what: string): string[] {
  if (position < floor) return [`${what} stands at ${position}, before what ended before it: ${floor}`];
  const batch = record.folded.find((folded) => folded.position === position && !folded.isRepetition)?.content;
  const isIn = batch?.isWipe || batch?.removals.some((key) => groupOf(key) === operation.group);
  const { groups } = stateAt(record, position);
  const isGone = operation.kind === "wipe" ? groups.size === 0 : !groups.has(operation.group);
  return isIn || isGone ? [] : [`${what} has removed nothing at ${position}`];
}

/**
 * What was given up before another push to its group began does not stand behind that, unless the group was removed in
 * between.
 */
function givenUpFaults({ folded, seen }: ModelRecord, places: Places): string[] {
  const faults: string[] = [];
  const pushes = [...seen.values()].filter(({ operation }) => places.has(operation.id));
  const placeOf = ({ operation }: Seen): number => places.get(operation.id) ?? 0;
  for (const givenUp of pushes.filter(({ givenUpMs }) => givenUpMs < Infinity))
    for (const later of pushes)
      if (
        later.operation.group === givenUp.operation.group &&
        later.sentMs > givenUp.givenUpMs &&
        placeOf(later) < placeOf(givenUp) &&
        !folded.some((batch) => isRemovedBetween(batch, later.operation.group, placeOf(later), placeOf(givenUp)))
      )
        faults.push(`${givenUp.operation.id} was given up and replaces ${later.operation.id}`);
  return faults;
}

/** Whether a batch behind one place and up to another may remove a group. */
function isRemovedBetween(
  { position, content, isRepetition }: FoldedBatch,
  group: string,
  after: number,
  upTo: number,
): boolean {
  if (isRepetition || position <= after || position > upTo) return false;
  const { isWipe, removals, expiries } = content;
  return isWipe || [...removals, ...expiries.map(({ key }) => key)].some((key) => groupOf(key) === group);
}
