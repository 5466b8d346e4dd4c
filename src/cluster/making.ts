import { Broken } from "../bytes/broken.ts";
import { TURN_MS } from "../model/work.ts";
import type { Fold } from "./fold.ts";
import type { OwnBatch } from "./own-batch.ts";
import type { Applied, ReplicaRequest, StorePort } from "./replica-deps.ts";
import type { WaitingRequest, WaitingRequests } from "./waiting.ts";
import type { WriterRules } from "./writer-rules.ts";

/** What making a batch needs, and whom it tells. */
export interface MakingDeps<Request extends ReplicaRequest, Answer> {
  readonly waiting: WaitingRequests<Request>;
  readonly store: StorePort<Request, Answer>;
  readonly fold: Fold;
  readonly rules: WriterRules;
  readonly nowMs: () => number;
  /** Whether the store holds all that was acknowledged before a request came. */
  readonly isFresh: (waiting: WaitingRequest<Request>) => boolean;
  /** Called before the group of a key, or with null every group, changes. */
  readonly before: (key: Uint8Array | null) => void;
  readonly answer: (waiting: WaitingRequest<Request>, answer: Answer) => void;
  readonly removedNothing: (waiting: WaitingRequest<Request>) => void;
  readonly closed: () => void;
}

/** Whether a request was done, or has to wait for the next batch. */
type Done = "done" | "not now";

/** Does what waits, in order, and notes it in a batch, until that is to be closed. */
export class Making<Request extends ReplicaRequest, Answer> {
  private readonly endMs: number;
  /** Nothing has been done yet: something is, however little time there is. */
  private isFirst = true;

  constructor(
    private readonly deps: MakingDeps<Request, Answer>,
    private readonly batch: OwnBatch<Request, Answer>,
  ) {
    this.endMs = deps.nowMs() + TURN_MS;
  }

  /** Goes on until the batch is to be closed: within this turn, unless a push takes more. */
  run(): void {
    const { deps, batch } = this;
    while (!batch.isFull && (this.isFirst || deps.nowMs() < this.endMs)) {
      const waiting = deps.waiting.take();
      if (waiting === null) break;
      const done = this.begin(waiting);
      this.isFirst = false;
      if (done instanceof Promise) return void done.then((later) => this.goOn(waiting, later));
      if (!this.note(waiting, done)) break;
    }
    deps.closed();
  }

  private goOn(waiting: WaitingRequest<Request>, done: Done): void {
    if (this.note(waiting, done)) this.run();
    else this.deps.closed();
  }

  /** False: the batch is to be closed. */
  private note(waiting: WaitingRequest<Request>, done: Done): boolean {
    if (done === "done") return true;
    if (this.batch.members.length === 0) throw new Broken("making a batch: its first request is put off");
    if (!waiting.isGivenUp) this.deps.waiting.putBack([waiting]);
    return false;
  }

  private begin(waiting: WaitingRequest<Request>): Done | Promise<Done> {
    const { request } = waiting;
    if (request.kind === "push") return this.push(waiting);
    if (request.kind === "delete") return this.remove(waiting);
    return request.kind === "wipe" ? this.wipe(waiting) : this.expire(request);
  }

  private push(waiting: WaitingRequest<Request>): Done | Promise<Done> {
    const { batch, deps } = this;
    if (waiting.request.isSlow && batch.members.length > 0) return "not now";
    const isFinal = deps.rules.isFinal({ isFresh: deps.isFresh(waiting), isBehindGrowth: batch.hasGrown });
    const note = (applied: Applied<Answer>) => this.noteApplied(waiting, applied, isFinal);
    const applied = deps.store.apply(waiting.request, !isFinal);
    return applied instanceof Promise ? applied.then(note) : note(applied);
  }

  private noteApplied(waiting: WaitingRequest<Request>, applied: Applied<Answer>, isFinal: boolean): Done {
    const { batch, deps } = this;
    const { outcome, answer } = applied;
    if (outcome === "put off") return "not now";
    batch.seed = waiting.request.seed ?? batch.seed;
    if (outcome === "hopeless") deps.answer(waiting, answer);
    else batch.members.push({ waiting, applied, place: batch.placeOfPut(waiting.request.key), isFinal });
    return "done";
  }

  /** Before the group of a key changes: whether it may in this batch, which puts it then. */
  mayChange(key: Uint8Array, grows: boolean): boolean {
    const { batch, deps } = this;
    const put = batch.putOf(key);
    if (put !== null) return deps.rules.mayPutAgain(put, grows);
    deps.before(key);
    batch.keepFromExpiring(key);
    const basis = batch.basisOf(key, deps.fold.revisions.of(key));
    const before = grows ? deps.store.row(key) : null;
    batch.put({ key, basis, grows, before }, deps.store.rowBytes(key));
    return true;
  }

  private remove(waiting: WaitingRequest<Request>): Done {
    const { batch, deps } = this;
    const { key } = waiting.request;
    if (!deps.rules.mayRemove(batch, key)) return "not now";
    if (!deps.rules.isAppended(deps.fold.revisions.find(key) >= 0)) deps.removedNothing(waiting);
    else {
      deps.before(key);
      deps.store.remove(key);
      batch.keepFromExpiring(key);
      batch.addRemoval(waiting, batch.remove(key));
    }
    return "done";
  }

  private wipe(waiting: WaitingRequest<Request>): Done {
    const { batch, deps } = this;
    if (!deps.rules.mayRemove(batch, null)) return "not now";
    deps.before(null);
    deps.store.wipe();
    batch.wipe(waiting);
    return "done";
  }

  private expire(request: Request): Done {
    const { batch, deps } = this;
    const { key } = request;
    const basis = batch.basisOf(key, deps.fold.revisions.of(key));
    if (basis.number > 0 && batch.putOf(key) === null && deps.store.isDue(request)) batch.expire(key, basis);
    return "done";
  }
}
