import type { Applied, ReplicaRequest, RequestVerdict, StorePort } from "../cluster/replica-deps.ts";
import type { WriteTools } from "../http/cluster.ts";
import type { PushTerms } from "../http/push-applying.ts";
import type { PushResult, WaitingClient } from "../http/writes.ts";
import { Fault } from "../model/fault.ts";
import type { KeptGroups } from "../model/kept-group.ts";
import { REPEATED } from "../model/push-id.ts";
import { Rejection, type RejectionKind } from "../model/rejection.ts";
import { MORE } from "../model/work.ts";
import { type GroupBytes, GroupRowReader, GroupRowWriter } from "../rows/group-row.ts";
import { PUT_OFF } from "../store/admission/wording.ts";
import type { Store } from "../store/store.ts";

/** A change that waits for its place in the log. */
export interface ReplicatedRequest extends ReplicaRequest {
  /** Applies what is pushed to a store. */
  readonly apply: (store: Store, terms: PushTerms) => PushResult | Promise<PushResult>;
  /** Of an expiry: whether its group is still to go. */
  readonly isDue: (store: Store) => boolean;
  readonly client: WaitingClient;
  /** Until when somebody waits for it, on the monotonic clock. */
  readonly deadlineMs: number;
  /** What it has come to, or why nobody waits for it any more. */
  readonly settle: (outcome: RequestVerdict<PushResult> | Rejection) => void;
}

/** About what a row has of a chunk besides what the store holds of it: its head, and numbers. */
const CHUNK_ROW_BYTES = 160;
/** Push times are rounded up to milliseconds, but not for what a double cannot say. */
const ROUNDING_MS = 0.01;

const FAILED = new Rejection("unavailable", "the push cannot be stored here, by a fault of this server");

/** Whether what a push was refused for is something that others could change. */
const DEPENDS_ON_STORE: ReadonlySet<RejectionKind> = new Set(["inconsistent", "too-large", "full", "key-reused"]);

export interface ReplicatedStoreDeps {
  /** As Replica.mayChange. */
  readonly mayChange: (key: Uint8Array, grows: boolean) => boolean;
  /** A group was removed. */
  readonly removed: (key: Uint8Array) => void;
  /** Something has been thrown: a fault of this program. */
  readonly failed: (fault: unknown) => void;
  readonly turn: () => Promise<void>;
}

/** Rows that are put in one turn have about so many bytes. */
const PUT_BYTES = 192 << 10;

/** A store as its replica changes it. */
export class ReplicatedStore implements StorePort<ReplicatedRequest, PushResult> {
  private readonly writer = new GroupRowWriter();
  private readonly reader = new GroupRowReader();

  constructor(
    private store: Store,
    /** null: nobody reads the store yet. */
    private readonly tools: () => Pick<WriteTools, "heldMemory" | "storeTurns"> | null,
    private readonly deps: ReplicatedStoreDeps,
  ) {}

  /** What was made here takes the place of what another store holds, at once; from now on this is that store. */
  takePlaceOf(store: Store): void {
    store.adopt(this.store);
    this.store = store;
    this.changed();
  }

  apply(request: ReplicatedRequest, isTentative: boolean): Applied<PushResult> | Promise<Applied<PushResult>> {
    const { key } = request;
    const mayChange = (grows: boolean) => this.deps.mayChange(key, grows);
    const terms = { mayChange, isTentative, earliestMs: this.lastPushMs(key) };
    try {
      const result = request.apply(this.store, terms);
      return result instanceof Promise ? result.then(appliedAs, this.failed) : appliedAs(result);
    } catch (fault) {
      return this.failed(fault);
    }
  }

  /** What the store holds now nobody can say. */
  private readonly failed = (fault: unknown): Applied<PushResult> => {
    this.deps.failed(fault);
    return { outcome: "hopeless", answer: FAILED };
  };

  /** When the group of a key was pushed to last, to the millisecond. */
  private lastPushMs(key: Uint8Array): number {
    const group = this.store.groupOf(key);
    return group < 0 ? 0 : Math.ceil(this.store.searched.pushedSeconds(group) * 1000 - ROUNDING_MS);
  }

  row(key: Uint8Array): Uint8Array | null {
    const group = this.store.keyedGroup(this.store.groupOf(key));
    return group === null ? null : this.writer.write(group);
  }

  rowBytes(key: Uint8Array): number {
    const group = this.store.groupOf(key);
    const { searched } = this.store;
    return group < 0 ? 0 : searched.heldBytes(group) + CHUNK_ROW_BYTES * searched.chunkCount(group);
  }

  isDue(request: ReplicatedRequest): boolean {
    return request.isDue(this.store);
  }

  put(groups: readonly GroupBytes[]): Fault | null | Promise<Fault | null> {
    const isOneSlice = sliceEnd(groups, 0) === groups.length && !groups.some(isLarge);
    return isOneSlice ? this.putSlice(groups) : this.putOn(groups);
  }

  private async putOn(groups: readonly GroupBytes[]): Promise<Fault | null> {
    let start = 0;
    while (start < groups.length) {
      const end = sliceEnd(groups, start);
      const slice = groups.slice(start, end);
      const fault = slice.some(isLarge) ? await this.putLarge(slice) : this.putSlice(slice);
      if (fault !== null) return fault;
      start = end;
      await this.deps.turn();
    }
    return null;
  }

  /** Puts a large group, whose row is checked over many turns. */
  private async putLarge(groups: readonly GroupBytes[]): Promise<Fault | null> {
    for (const group of groups) {
      const fault = this.reader.begin(group);
      if (fault !== null) return fault;
      let kept = this.reader.readOn(PUT_BYTES);
      for (; kept === MORE; kept = this.reader.readOn(PUT_BYTES)) await this.deps.turn();
      if (kept instanceof Fault) return kept;
      this.putKept(kept, 1);
    }
    return null;
  }

  private putSlice(groups: readonly GroupBytes[]): Fault | null {
    const kept = this.reader.read(groups);
    if (kept instanceof Fault) return kept;
    this.putKept(kept, groups.length);
    return null;
  }

  private putKept(kept: KeptGroups, count: number): void {
    const putting = this.store.putting(kept);
    for (let row = 0; row < count; row++) putting.put(row);
    this.changed();
  }

  remove(key: Uint8Array): void {
    if (!this.store.delete({ block: key })) return;
    this.deps.removed(key);
    this.changed();
  }

  wipe(): void {
    this.store.wipe();
    this.changed();
  }

  private changed(): void {
    const tools = this.tools();
    tools?.heldMemory.check();
    tools?.storeTurns.goOn();
  }
}

/** Its row alone is more than what is put in a turn. */
const isLarge = ({ row }: GroupBytes): boolean => row.length > PUT_BYTES;

/** The end of the groups from `start` on that are put together, one of them at least; a large one stands alone. */
function sliceEnd(groups: readonly GroupBytes[], start: number): number {
  let sizeBytes = 0;
  let place = start;
  for (; place < groups.length; place++) {
    const sizeOne = groups[place]?.row.length ?? 0;
    if (place > start && (sizeOne > PUT_BYTES || sizeBytes > PUT_BYTES)) return place;
    sizeBytes += sizeOne;
  }
  return place;
}

/** What a result says of the store. */
function appliedAs(answer: PushResult): Applied<PushResult> {
  if (answer === REPEATED) return { outcome: "refused", answer };
  if (!(answer instanceof Rejection)) return { outcome: "stored", answer };
  if (answer === PUT_OFF) return { outcome: "put off", answer };
  return { outcome: DEPENDS_ON_STORE.has(answer.kind) ? "refused" : "hopeless", answer };
}
