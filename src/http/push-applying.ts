import type { Settings } from "../config/command-line.ts";
import type { Clock } from "../model/clock.ts";
import type { PushColumns } from "../model/columns.ts";
import type { Repeated } from "../model/push-id.ts";
import { Rejection } from "../model/rejection.ts";
import type { PushRequest } from "../store/admission/push-request.ts";
import {
  AFTER_CHANGE,
  AFTER_COUNTING,
  AFTER_INDEXING,
  AFTER_LARGE_PUSH,
  IN_SLICES,
  undecodableKey,
} from "../store/admission/wording.ts";
import type { Store } from "../store/store.ts";
import { SMALL_BODY_BYTES } from "./growing-body.ts";
import type { HeldMemory } from "./held-memory.ts";
import type { LargePushes } from "./large-pushes.ts";
import type { SmallPushes } from "./small-pushes.ts";
import type { StoreTurns } from "./store-turns.ts";
import type { PushResult, WrittenPush } from "./writes.ts";

export interface PushApplyingDeps {
  readonly clock: Pick<Clock, "now">;
  readonly settings: Pick<Settings, "adding" | "consistencyCheck" | "pushes">;
  readonly store: Store;
  readonly storeTurns: StoreTurns;
  readonly smallPushes: SmallPushes;
  readonly largePushes: LargePushes;
  readonly heldMemory: HeldMemory;
}

/** What is asked of a push besides, where others decide when it is stored. */
export interface PushTerms extends Pick<PushRequest, "mayChange" | "isTentative"> {
  /** Its time is this or a later one, in milliseconds since 1970. */
  readonly earliestMs: number;
}

/** A push that others keep from being checked is refused with 503 in the end. */
const MAX_TRIES = 100;

/** Parses pushes, has them checked and puts them into the store. */
export class PushApplying {
  constructor(private readonly deps: PushApplyingDeps) {}

  /** At once where the body is small; in slices where it is not, or later where the push has to wait for others. */
  apply(push: WrittenPush, body: Uint8Array, terms?: PushTerms): PushResult | Promise<PushResult> {
    if (push.keyed instanceof Rejection) return push.keyed;
    if (body.length > SMALL_BODY_BYTES) return this.applyInSlices(push, body, terms);
    const outcome = this.parseAndApply(push, body, terms);
    return isLater(outcome) ? this.applyLater(push, body, outcome, terms) : outcome;
  }

  /** Applies a push once what it has to wait for is done, or in slices; `first` says why it was not at once. */
  private async applyLater(
    push: WrittenPush,
    body: Uint8Array,
    first: Rejection,
    terms?: PushTerms,
  ): Promise<PushResult> {
    const outcome = await this.tryAgain(first, () => this.parseAndApply(push, body, terms));
    return outcome === IN_SLICES ? this.applyInSlices(push, body, terms) : outcome;
  }

  private applyInSlices(push: WrittenPush, body: Uint8Array, terms?: PushTerms): Promise<PushResult> {
    const pushedBefore = () => this.findPushed(push, terms);
    return this.deps.largePushes.read(body, push.format, pushedBefore, async (columns) => {
      const outcome = await this.applyLarge(push, columns, terms);
      return mustWait(outcome) ? this.tryAgain(outcome, () => this.applyLarge(push, columns, terms)) : outcome;
    });
  }

  private async tryAgain(first: Rejection, apply: () => PushResult | Promise<PushResult>): Promise<PushResult> {
    const { storeTurns } = this.deps;
    let outcome: PushResult = first;
    for (let tries = 0; mustWait(outcome) && tries < MAX_TRIES; tries++) {
      if (outcome === AFTER_LARGE_PUSH) await storeTurns.afterLarge();
      else if (outcome === AFTER_COUNTING) await storeTurns.counted();
      else {
        await (outcome === AFTER_CHANGE ? storeTurns.settled() : storeTurns.indexed());
        await storeTurns.snapshotsTaken();
      }
      outcome = await apply();
    }
    return outcome;
  }

  /** Parse, check, store: in one turn of the loop. */
  private parseAndApply(push: WrittenPush, body: Uint8Array, terms?: PushTerms): PushResult {
    const { smallPushes } = this.deps;
    const pushedBefore = this.findPushed(push, terms);
    return pushedBefore ?? smallPushes.read(body, push.format, (columns) => this.applyColumns(push, columns, terms));
  }

  /** What has become of a push before, or why it must not be applied, whatever it brings; null: it is to be. */
  private findPushed({ keyed, id }: WrittenPush, terms?: PushTerms): Repeated | Rejection | null {
    if (id === undefined || keyed instanceof Rejection) return null;
    return this.deps.store.knownPushes.find({ key: keyed.key, id, receivedMs: this.receivedMs(terms) });
  }

  private receivedMs(terms?: PushTerms): number {
    return Math.max(this.deps.clock.now(), terms?.earliestMs ?? 0);
  }

  /** Check, store: in one turn of the loop. */
  private applyColumns(push: WrittenPush, columns: PushColumns, terms?: PushTerms): PushResult {
    const request = this.requestOf(push, columns, terms);
    return request instanceof Rejection ? request : this.applied(this.deps.store.apply(request));
  }

  /** The same in slices. */
  private async applyLarge(push: WrittenPush, columns: PushColumns, terms?: PushTerms): Promise<PushResult> {
    const request = this.requestOf(push, columns, terms);
    return request instanceof Rejection ? request : this.applied(await this.deps.largePushes.apply(request));
  }

  /** What the store is asked; or why a push is not applied, or not yet, whatever it brings. */
  private requestOf(
    { keyed, method, ttl, adding: asked, id: known, quota }: WrittenPush,
    columns: PushColumns,
    terms?: PushTerms,
  ): PushRequest | Rejection {
    if (keyed instanceof Rejection) return keyed;
    if (ttl instanceof Rejection) return ttl;
    if (asked instanceof Rejection) return asked;
    const { settings, store, storeTurns } = this.deps;
    const adding = asked ?? (columns.hasModes ? settings.adding.gauges : undefined);
    const id = adding === undefined ? undefined : known;
    const { dropsTimestamps } = settings.pushes;
    const { key, undecodable } = keyed;
    const replace = method === "PUT" && adding === undefined;
    if (replace && storeTurns.isAwaited && store.isLarge(key)) return AFTER_CHANGE;
    if (undecodable !== null) return undecodableKey(key);
    const request = {
      key,
      columns,
      replace,
      adding,
      id,
      quota,
      receivedMs: this.receivedMs(terms),
      ttlSeconds: ttl,
      dropsTimestamps,
      canWait: true,
    };
    return terms === undefined ? request : { ...request, ...terms };
  }

  private applied(refused: Rejection | Repeated | null): PushResult {
    const { heldMemory, settings, storeTurns } = this.deps;
    heldMemory.check();
    // What a PUT takes away may take some turns; only snapshots wait for it.
    storeTurns.goOn();
    return refused ?? storedStatus(settings);
  }
}

/** What a push that was stored is answered. */
export const storedStatus = ({ consistencyCheck, pushes }: PushApplyingDeps["settings"]): 200 | 202 =>
  consistencyCheck ? pushes.status : 202;

/** Whether a push can be applied only after something else. */
const mustWait = (outcome: PushResult): outcome is Rejection =>
  outcome === AFTER_CHANGE || outcome === AFTER_COUNTING || outcome === AFTER_INDEXING || outcome === AFTER_LARGE_PUSH;

/** Whether a push of a small body is not applied in this turn. */
const isLater = (outcome: PushResult): outcome is Rejection => outcome === IN_SLICES || mustWait(outcome);
