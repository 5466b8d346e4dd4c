import { Fault } from "../model/fault.ts";
import { type BatchContent, EntryWriter, readEntry } from "./entry.ts";
import { FOLD_RULES, Fold, type FoldRules, type FoldWatcher, type Judgement } from "./fold.ts";
import { GivingWay } from "./giving-way.ts";
import { Making } from "./making.ts";
import { type BatchMember, OwnBatch, OwnKeys } from "./own-batch.ts";
import type { ReplicaDeps, ReplicaRequest, RequestVerdict, StorePort } from "./replica-deps.ts";
import { isSameRevision, type Revision } from "./revision.ts";
import { changeStore, changesOfLoaded, changesOfOthers, changesOfOwn, type StoreChanges } from "./settling.ts";
import { SnapshotTaking } from "./snapshots.ts";
import { type WaitingRequest, WaitingRequests } from "./waiting.ts";
import { WRITER_RULES, type WriterRules } from "./writer-rules.ts";

/** A state that was loaded, and the store that has it. */
export interface Loaded<Request, Answer> {
  readonly fold: Fold;
  readonly store: StorePort<Request, Answer>;
  /** Called when it has taken the place of the state before. */
  readonly swapped: () => void;
}

export type ReplicaRules = FoldRules & WriterRules;

export const REPLICA_RULES: ReplicaRules = { ...FOLD_RULES, ...WRITER_RULES };

/**
 * One of several that hold the same content: it folds what all have appended to the log, and appends what its own
 * clients ask for. README.md has its contract.
 *
 *     IDLE ── end of turn, something waits ──> MAKING ── append ──> UNDER WAY ── own batch folded ──> IDLE
 *              applied in order, rows                      others are folded      answered, or done again
 */
export class Replica<Request extends ReplicaRequest, Answer> {
  /** Why it folds no more, or null. */
  fault: Fault | null = null;
  /** How many requests were done again so far. */
  redone = 0;
  private fold: Fold;
  private storedTo = 0;
  private store: StorePort<Request, Answer>;
  private readonly entries = new EntryWriter();
  private readonly keys = new OwnKeys();
  /** All that is neither answered nor given up. */
  private readonly requests = new Map<Request, WaitingRequest<Request>>();
  private readonly waitingRequests = new WaitingRequests<Request>();
  private making: Making<Request, Answer> | null = null;
  private underWay: OwnBatch<Request, Answer> | null = null;
  private snapshot: SnapshotTaking | null = null;
  /** The store is at work, for many turns: a batch is made, or what was folded is put into it. */
  private isBusy = false;
  /** What has come in meanwhile. */
  private readonly later: (() => void)[] = [];
  private isCatchingUp = false;
  /** Who wants a snapshot to be begun. */
  private readonly awaiting: ((snapshot: SnapshotTaking) => void)[] = [];
  private isScheduled = false;
  private readonly givingWay = new GivingWay();
  /** There will be a look at whether it has ended. */
  private isGivingWay = false;
  /** A put of the last own batch grows. */
  private hasOwnGrown = false;
  /** Of the own batches, the last one that was begun and the last one that was folded. */
  private number = 0;
  private foldedNumber = 0;
  private readonly watcher: FoldWatcher = {
    mayChange: (key) => this.snapshot?.mayChange(key),
    added: (id) => this.snapshot?.added(id),
  };

  constructor(
    private readonly deps: ReplicaDeps<Request, Answer>,
    /** Random, of this process; its number is not looked at. */
    private readonly writer: Revision,
    private readonly rules: ReplicaRules = REPLICA_RULES,
  ) {
    this.store = deps.store;
    this.fold = new Fold(rules);
  }

  /** Up to here all is folded, and in the store. */
  get position(): number {
    return this.storedTo;
  }

  /** Somebody has begun to seed the log, and has not said that all is there. */
  get isPartlySeeded(): boolean {
    return this.fold.seeding.number > 0;
  }

  /** How many groups the log has come to, and what is remembered of them, in bytes of memory. */
  get groups(): number {
    return this.fold.revisions.count;
  }

  get sizeBytes(): number {
    return this.fold.revisions.sizeBytes;
  }

  /** Whether a batch is on its way to the log and back. */
  get isUnderWay(): boolean {
    return this.underWay !== null;
  }

  /** Requests that are in no batch, and the memory that they take up. */
  get waiting(): number {
    return this.waitingRequests.count;
  }

  get waitingBytes(): number {
    return this.waitingRequests.sizeBytes;
  }

  /** Takes a request, which is answered once unless it is given up. */
  request(request: Request): void {
    const waiting = { request, freshFrom: this.number + 1, isGivenUp: false, isTaken: false, isForgotten: false };
    if (request.kind !== "expire") this.requests.set(request, waiting);
    this.waitingRequests.add(waiting);
    this.schedule();
  }

  /** Its client is gone, or waited too long: it is not answered, and not done again. */
  giveUp(request: Request): void {
    const waiting = this.requests.get(request);
    if (waiting === undefined) return;
    this.requests.delete(request);
    waiting.isGivenUp = true;
    if (!waiting.isTaken) this.waitingRequests.forget(waiting);
  }

  private schedule(): void {
    if (this.isScheduled || this.isOccupied || this.waitingRequests.count === 0) return;
    const { deps } = this;
    const waitMs = this.givingWay.waitMs(deps.nowMs());
    if (waitMs > 0) return this.scheduleAfter(waitMs);
    this.isScheduled = true;
    deps.soon(() => {
      this.isScheduled = false;
      if (!this.isOccupied && this.givingWay.waitMs(deps.nowMs()) === 0) this.make();
      else this.schedule();
    });
  }

  /** Looks again when a rival need not be waited for any more; its batch ends that earlier. */
  private scheduleAfter(waitMs: number): void {
    if (this.isGivingWay) return;
    this.isGivingWay = true;
    this.deps.after(waitMs, () => {
      this.isGivingWay = false;
      this.schedule();
    });
  }

  /** No batch can be begun. */
  private get isOccupied(): boolean {
    return this.isBusy || this.underWay !== null || this.fault !== null;
  }

  private make(): void {
    const { deps, fold, rules, store, waitingRequests } = this;
    const id = { ...this.writer, number: this.number + 1 };
    this.givingWay.began(deps.nowMs());
    const batch = new OwnBatch<Request, Answer>(id, fold.growth, this.keys);
    this.isBusy = true;
    this.making = new Making(
      {
        waiting: waitingRequests,
        store,
        fold,
        rules,
        nowMs: deps.nowMs,
        isFresh: ({ freshFrom }) => this.foldedNumber >= freshFrom,
        before: (key) => this.snapshot?.mayChange(key),
        answer: (waiting, answer) => this.answer(waiting, { kind: "applied", answer }),
        removedNothing: (waiting) => this.answer(waiting, { kind: "removed", groups: 0 }),
        closed: () => this.close(batch),
      },
      batch,
    );
    this.making.run();
  }

  /** Within `StorePort.apply`, before a group changes: false: it must not, not in this batch. */
  mayChange(key: Uint8Array, grows: boolean): boolean {
    return this.making?.mayChange(key, grows) ?? true;
  }

  private close(batch: OwnBatch<Request, Answer>): void {
    this.making = null;
    const { members } = batch;
    if (batch.isWithoutChange && members.every(({ isFinal }) => isFinal)) {
      for (const member of members) this.answerApplied(member);
    } else {
      this.number = batch.id.number;
      this.underWay = batch;
      this.hasOwnGrown = batch.hasGrown;
      this.deps.append(this.entries.write(batch.close((key) => this.store.row(key))), batch.id);
    }
    this.rest();
  }

  /** The store is at rest again. */
  private rest(): void {
    this.isBusy = false;
    if (!this.isCatchingUp) this.catchUp();
  }

  /** Does what has come in while the store was at work, as far as it is at rest. */
  private catchUp(): void {
    this.isCatchingUp = true;
    while (!this.isBusy) {
      const next = this.later.shift();
      if (next === undefined) break;
      next();
    }
    this.isCatchingUp = false;
    if (this.isOccupied) return;
    this.beginSnapshots();
    this.schedule();
  }

  private whenAtRest(run: () => void): void {
    this.later.push(run);
    if (!this.isBusy && !this.isCatchingUp) this.catchUp();
  }

  /** Takes the next batch of the log, whoever wrote it, with its bytes. One that was folded already is passed over. */
  entry(position: number, bytes: Uint8Array): void {
    this.whenAtRest(() => {
      if (this.fault === null && position > this.fold.position) this.take(position, bytes);
    });
  }

  private take(position: number, bytes: Uint8Array): void {
    const content = readEntry(bytes);
    if (content instanceof Fault) return this.stop(position, content);
    const judgement = this.fold.take(position, content, this.watcher);
    const own = this.underWay;
    if (judgement.isRepetition) {
      this.storedTo = position;
      this.tell(position, content, judgement, false);
    } else if (own !== null && isSameRevision(content.id, own.id)) this.takeOwn(position, own, judgement);
    else this.takeOthers(position, content, judgement);
  }

  private takeOthers(position: number, content: BatchContent, judgement: Judgement): void {
    const { deps, givingWay, hasOwnGrown, keys, underWay, rules } = this;
    const own = { puts: keys.puts, hasGrown: hasOwnGrown };
    givingWay.foldedOthers(content, judgement, own, underWay !== null, deps.nowMs());
    this.change(position, changesOfOthers(content, judgement, underWay, rules), () =>
      this.tell(position, content, judgement, false),
    );
  }

  private takeOwn(position: number, own: OwnBatch<Request, Answer>, judgement: Judgement): void {
    this.change(position, changesOfOwn(own, judgement, this.rules), () => {
      this.underWay = null;
      this.foldedNumber = own.id.number;
      this.givingWay.foldedOwn(judgement, this.deps.nowMs());
      this.settle(own, judgement);
      this.tell(position, own, judgement, true);
    });
  }

  /** Changes the store, and then goes on. */
  private change(position: number, changes: StoreChanges, then: () => void): void {
    const done = (fault: Fault | null) => {
      if (fault === null) {
        this.storedTo = position;
        then();
      } else this.stop(position, fault);
      this.rest();
    };
    this.isBusy = true;
    const changed = changeStore(changes, this.store);
    if (changed instanceof Promise) void changed.then(done);
    else done(changed);
  }

  private stop(position: number, fault: Fault): void {
    this.fault = new Fault(`the entry of the log at position ${position} cannot be used: ${fault.message}`);
    this.abandonSnapshot();
    this.deps.stopped(this.fault);
  }

  /** Answers the requests of an own batch, or has them done again. */
  private settle(own: OwnBatch<Request, Answer>, judgement: Judgement): void {
    const again: WaitingRequest<Request>[] = [];
    for (const member of own.members) {
      if (!isSettled(member, judgement)) again.push(member.waiting);
      else if (member.applied !== null) this.answerApplied(member);
      else this.answerRemoval(member, judgement);
    }
    const redone = again.filter(({ isGivenUp }) => this.rules.isDoneAgain(isGivenUp));
    this.redone += redone.length;
    this.waitingRequests.putBack(redone);
  }

  private answerApplied({ waiting, applied }: BatchMember<Request, Answer>): void {
    if (applied !== null) this.answer(waiting, { kind: "applied", answer: applied.answer });
  }

  private answerRemoval({ waiting, place }: BatchMember<Request, Answer>, { wiped, removed }: Judgement): void {
    const groups = place < 0 ? wiped : removed[place] ? 1 : 0;
    this.answer(waiting, { kind: "removed", groups });
  }

  private answer({ request, isGivenUp }: WaitingRequest<Request>, verdict: RequestVerdict<Answer>): void {
    this.requests.delete(request);
    if (!isGivenUp) this.deps.answer(request, verdict);
  }

  private tell(position: number, { isWipe }: { isWipe: boolean }, judgement: Judgement, isOwn: boolean): void {
    const { expired, isRepetition, removed, valid } = judgement;
    const count = (list: readonly boolean[]) => list.reduce((sum, is) => (is ? sum + 1 : sum), 0);
    const voids = valid.length + expired.length - count(valid) - count(expired);
    this.deps.folded({
      position,
      isOwn,
      isRepetition,
      isWipe: isWipe && !isRepetition,
      put: count(valid),
      removed: count(removed),
      expired: count(expired),
      void: voids,
    });
  }

  /**
   * Begins a snapshot of what is folded as soon as no batch is under way, and calls `begun` with it. It is to be read
   * to its end. One that has not come to its end is abandoned.
   */
  beginSnapshot(begun: (snapshot: SnapshotTaking) => void): void {
    this.awaiting.push(begun);
    if (!this.isOccupied) this.beginSnapshots();
  }

  private beginSnapshots(): void {
    const begun = this.awaiting.shift();
    if (begun === undefined) return;
    this.abandonSnapshot();
    this.snapshot = new SnapshotTaking(this.fold, this.store, this.deps.nowMs, () => this.isBusy);
    begun(this.snapshot);
  }

  private abandonSnapshot(): void {
    if (this.snapshot !== null) this.snapshot.isAbandoned = true;
    this.snapshot = null;
  }

  /**
   * Goes on with a state that was loaded, in place of its own: the log is to be read on behind its position. The fate
   * of a batch under way that is in it cannot be known: its requests are answered so.
   */
  swap({ fold, store, swapped }: Loaded<Request, Answer>): void {
    this.whenAtRest(() => {
      this.abandonSnapshot();
      this.fold = fold;
      this.storedTo = fold.position;
      this.store = store;
      this.fault = null;
      this.resettle();
      swapped();
    });
  }

  private resettle(): void {
    const { fold, underWay } = this;
    if (underWay === null) return;
    if (fold.lastNumbers.of(underWay.id, fold.position) < underWay.id.number)
      return void changeStore(changesOfLoaded(underWay), this.store);
    this.underWay = null;
    this.foldedNumber = underWay.id.number;
    for (const { waiting } of underWay.members) this.answer(waiting, { kind: "unknown" });
  }
}

/** Whether a request has come to its end: what it put is valid, and a refusal certain. */
function isSettled({ applied, place, isFinal }: BatchMember<unknown, unknown>, { valid }: Judgement): boolean {
  if (applied === null) return true;
  return (place < 0 || valid[place] === true) && (applied.outcome === "stored" || isFinal);
}
