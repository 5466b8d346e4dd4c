import { hashBytes } from "../bytes/hash.ts";
import type { Folding, RequestVerdict } from "../cluster/replica-deps.ts";
import type { WriteTools } from "../http/cluster.ts";
import { SMALL_BODY_BYTES } from "../http/growing-body.ts";
import type { PushTerms } from "../http/push-applying.ts";
import { stepInTurns } from "../http/store-turns.ts";
import type { FoundGroups, PushResult, Removed, WaitingClient, Writes, WrittenPush } from "../http/writes.ts";
import type { Clock } from "../model/clock.ts";
import { limited, Rejection } from "../model/rejection.ts";
import { MORE } from "../model/work.ts";
import { PUT_OFF } from "../store/admission/wording.ts";
import type { Store } from "../store/store.ts";
import { KeyCounts } from "./key-counts.ts";
import type { ReplicatedRequest } from "./replicated-store.ts";

/** Interval between looks at who has waited too long, or is gone. */
const LOOK_MS = 250;
/** What a request takes up besides its body: measured. */
const REQUEST_BYTES = 600;
/** Of several replicas that see a group expire, one does it, the others see it go meanwhile. */
const MOST_LATE_SECONDS = 2;
/** A group that is to go is looked at again after this time. */
const AGAIN_SECONDS = 5;
/** Additional time for each group that is deleted with others. */
const DELETION_MS = 1;

const NO_KEY = new Uint8Array(0);
const CLIENT_GONE = new Rejection("unavailable", "the client has gone before its change had its place in the log");
const UNKNOWN = new Rejection("unavailable", "whether the change has its place in the log is not known: ask again");
/** What is answered to a request that only waits for those before it. */
const REACHED = new Rejection("full", "all that came before is done");

export interface ReplicatedWritesDeps {
  readonly replica: {
    request(request: ReplicatedRequest): void;
    giveUp(request: ReplicatedRequest): void;
    readonly waitingBytes: number;
  };
  readonly clock: Clock;
  /** How long a change waits for its place in the log. */
  readonly timeoutMs: number;
  readonly maxWaitingBytes: number;
  /** Why nothing can be changed, and will not be soon, or null. */
  readonly unavailable: () => string | null;
}

/** Changes come into the store by way of the log; who made them waits until they have their place in it. */
export class ReplicatedWrites implements Writes {
  private readonly pending = new Set<ReplicatedRequest>();
  /** The keys of pushes that are not answered. */
  private readonly pushed = new KeyCounts();
  /** Groups whose time was over here, and that are to go. */
  private readonly expiring = new KeyCounts();
  /** Those of them that have gone with the batch that is carried out. */
  private expired: Uint8Array[] = [];

  constructor(
    private readonly tools: WriteTools,
    private readonly deps: ReplicatedWritesDeps,
  ) {
    deps.clock.every(LOOK_MS, () => this.look());
  }

  push(push: WrittenPush, body: Uint8Array): PushResult | Promise<PushResult> {
    const { keyed } = push;
    if (keyed instanceof Rejection) return keyed;
    const refused = this.refusal(body.length);
    if (refused !== null) return refused;
    const { block } = keyed.key;
    const { applying } = this.tools;
    this.pushed.add(block);
    const asked = this.ask({
      kind: "push",
      key: block,
      sizeBytes: body.length + REQUEST_BYTES,
      isSlow: body.length > SMALL_BODY_BYTES,
      apply: (_, terms) => (this.deps.unavailable() === null ? applying.apply(push, body, terms) : this.unavailable()),
      client: push.exchange,
      deadlineMs: this.deadlineMs,
    });
    return asked.then((outcome) => {
      this.pushed.remove(block);
      if (outcome instanceof Rejection) return outcome;
      return outcome.kind === "applied" ? outcome.answer : UNKNOWN;
    });
  }

  delete(key: { readonly block: Uint8Array }, client: WaitingClient): Promise<Removed> {
    return this.remove("delete", key.block, client);
  }

  wipe(client: WaitingClient): Promise<Removed> {
    return this.remove("wipe", NO_KEY, client);
  }

  private async remove(kind: "delete" | "wipe", key: Uint8Array, client: WaitingClient): Promise<Removed> {
    const refused = this.refusal(key.length);
    if (refused !== null) return removed(0, refused);
    const outcome = await this.ask({ ...request(kind, key), client, deadlineMs: this.deadlineMs });
    if (outcome instanceof Rejection) return removed(0, outcome);
    return outcome.kind === "removed" ? removed(outcome.groups, null) : removed(0, UNKNOWN);
  }

  /** What is pushed to at any replica until a group has its place in the log is left alone. */
  async deleteSelected(found: FoundGroups, asOfSeconds: number, client: WaitingClient): Promise<Removed> {
    const refused = this.refusal(0);
    if (refused !== null) return removed(0, refused);
    const { keys, leftAlone } = await this.endSelected(found, asOfSeconds);
    const deadlineMs = this.deadlineMs + keys.length * DELETION_MS;
    const outcome = await this.ask({ ...request("push", NO_KEY), apply: () => REACHED, client, deadlineMs });
    if (outcome instanceof Rejection) return removed(0, outcome);
    if (outcome.kind === "unknown") return removed(0, UNKNOWN);
    const groups = keys.filter((key) => this.tools.store.groupOf(key) < 0).length;
    return { groups, leftAlone: leftAlone + keys.length - groups, fault: null };
  }

  /** The keys of the groups that are asked to go, unless they change, and how many are not even asked. */
  private async endSelected({ ids, matched, wipes }: FoundGroups, asOfSeconds: number) {
    const { store } = this.tools;
    const keys: Uint8Array[] = [];
    let [next, leftAlone] = [0, 0];
    await stepInTurns(this.deps.clock, () => {
      if (next === matched || store.wipes !== wipes) return null;
      const row = store.groupRow(ids.at(next++));
      if (row === null) return MORE;
      if (isPushedAfter(store, row.key, asOfSeconds) || this.pushed.has(row.key)) leftAlone++;
      else {
        const key = row.key.slice();
        keys.push(key);
        this.deps.replica.request({
          ...request("expire", key),
          isDue: (store) => !isPushedAfter(store, key, asOfSeconds),
        });
      }
      return MORE;
    });
    return { keys, leftAlone };
  }

  expire(nowSeconds: number): boolean {
    const { expiry, searched } = this.tools.store;
    if (this.deps.unavailable() !== null) return false;
    const group = expiry.find(nowSeconds, lateSeconds);
    if (group === null) return false;
    if (group < 0) return true;
    const key = searched.table.key(group).slice();
    expiry.postpone(group, nowSeconds + AGAIN_SECONDS);
    if (this.pushed.has(key)) return true;
    if (expiry.keepsPushTimes) this.endMetrics(key);
    else {
      if (!this.expiring.has(key)) this.expiring.add(key);
      this.deps.replica.request({ ...request("expire", key), isDue: (store) => this.isOver(store, key) });
    }
    return true;
  }

  /** Has a group keep nothing but its push times, if its time is over then. */
  private endMetrics(key: Uint8Array): void {
    let taken: Uint8Array | null = null;
    const apply = (store: Store, { mayChange }: PushTerms): PushResult => {
      // It may be done again.
      taken = null;
      if (!this.isOver(store, key)) return 200;
      if (mayChange?.(false) === false) return PUT_OFF;
      taken = store.expiry.take(store.groupOf(key));
      return 200;
    };
    const asked = this.ask({ ...request("push", key), apply, client: NOBODY, deadlineMs: this.deadlineMs });
    void asked.then((outcome) => {
      if (taken !== null && !(outcome instanceof Rejection) && outcome.kind === "applied")
        this.tools.store.expiry.note(taken);
    });
  }

  /** Whether a group is there, and its time over. */
  private isOver(store: Store, key: Uint8Array): boolean {
    const group = store.groupOf(key);
    return group >= 0 && store.searched.lifetimes.endSeconds(group) * 1000 <= this.deps.clock.now();
  }

  /** A group has gone. */
  removed(key: Uint8Array): void {
    if (this.expiring.remove(key)) this.expired.push(key);
  }

  /** A batch was carried out: of several replicas that saw a group expire, one had it go, and counts it. */
  folded({ expired, isOwn, isWipe }: Folding): void {
    if (isOwn) for (const key of this.expired.slice(0, expired)) this.tools.store.expiry.note(key);
    this.expired = [];
    if (isWipe) this.expiring.clear();
  }

  /** What a request has come to. */
  answer(asked: ReplicatedRequest, verdict: RequestVerdict<PushResult>): void {
    this.end(asked, verdict);
  }

  private ask(asked: Omit<ReplicatedRequest, "settle" | "isDue">): Promise<RequestVerdict<PushResult> | Rejection> {
    const { promise, resolve } = Promise.withResolvers<RequestVerdict<PushResult> | Rejection>();
    const pending = { ...asked, isDue: NEVER, settle: resolve };
    this.pending.add(pending);
    this.deps.replica.request(pending);
    return promise;
  }

  private end(pending: ReplicatedRequest, outcome: RequestVerdict<PushResult> | Rejection): void {
    this.pending.delete(pending);
    pending.settle(outcome);
  }

  /** Gives up what has waited too long, and what nobody waits for. */
  private look(): void {
    const nowMs = this.deps.clock.nowMs();
    for (const pending of this.pending)
      if (pending.client.isGone) this.giveUp(pending, CLIENT_GONE);
      else if (nowMs >= pending.deadlineMs) this.giveUp(pending, this.tooLate());
  }

  private giveUp(pending: ReplicatedRequest, reason: Rejection): void {
    this.deps.replica.giveUp(pending);
    this.end(pending, reason);
  }

  private tooLate(): Rejection {
    const seconds = this.deps.timeoutMs / 1000;
    return new Rejection("unavailable", `the change has not got its place in the cluster's log within ${seconds} s`);
  }

  private get deadlineMs(): number {
    return this.deps.clock.nowMs() + this.deps.timeoutMs;
  }

  /** Why a change is not even asked for. */
  private refusal(sizeBytes: number): Rejection | null {
    const { maxWaitingBytes, replica, unavailable } = this.deps;
    if (unavailable() !== null) return this.unavailable();
    if (replica.waitingBytes + sizeBytes <= maxWaitingBytes) return null;
    return limited("busy", "too many changes wait for their place in the cluster's log", "push.max-buffered-size");
  }

  private unavailable(): Rejection {
    return new Rejection("unavailable", this.deps.unavailable() ?? "the cluster has just been joined again");
  }
}

const NOBODY: WaitingClient = { isGone: false };
const NEVER = (): boolean => false;

/** Whether a group that is there was pushed to after an instant. */
function isPushedAfter(store: Store, key: Uint8Array, seconds: number): boolean {
  const row = store.groupRow(store.groupOf(key));
  return row !== null && Math.max(row.succeededSeconds, row.failedSeconds) > seconds;
}

const request = (kind: ReplicatedRequest["kind"], key: Uint8Array): ReplicatedRequest => ({
  kind,
  key,
  sizeBytes: key.length + REQUEST_BYTES,
  isSlow: false,
  apply: () => REACHED,
  isDue: NEVER,
  client: NOBODY,
  deadlineMs: Infinity,
  settle: () => {},
});

const removed = (groups: number, fault: Rejection | null): Removed => ({ groups, leftAlone: 0, fault });

/** How late this replica is to have a group go: hashes are another one's in another process. */
const lateSeconds = (key: Uint8Array): number => ((hashBytes(key, 0, key.length) >>> 0) / 2 ** 32) * MOST_LATE_SECONDS;
