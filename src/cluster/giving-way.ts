import type { KeyTable } from "../bytes/key-table.ts";
import type { BatchContent } from "./entry.ts";
import type { Judgement } from "./fold.ts";

/** Replicas are rivals where this share of a batch's puts is void, or would be. */
const RIVAL_SHARE = 1 / 3;
/** How long a rival is waited for: so many times what the own batch took, and no longer than this. */
const WAITED_BATCHES = 2;
const MAX_WAIT_MS = 100;

/** Of the last own batch. */
export interface LastOwn {
  /** The keys of the groups that it puts. */
  readonly puts: Pick<KeyTable, "find">;
  readonly hasGrown: boolean;
}

/**
 * Says when a batch is to be begun where another replica changes the same groups: of two batches that are made at the
 * same time one is void. So who was first makes the next one when the other's is folded, and they take turns. Nobody is
 * waited for longer than a batch may take.
 */
export class GivingWay {
  private hasRival = false;
  /** Until when the rival's batch is waited for; 0: it is not. */
  private untilMs = 0;
  private beganMs = 0;
  /** What the last own batch took from its beginning until it was folded. */
  private tookMs = 0;

  /** For how long no batch is to be begun, unless the rival's comes. */
  waitMs(nowMs: number): number {
    if (this.untilMs > 0 && nowMs >= this.untilMs) {
      this.untilMs = 0;
      this.hasRival = false;
    }
    return Math.max(0, this.untilMs - nowMs);
  }

  /** An own batch is made. */
  began(nowMs: number): void {
    this.beganMs = nowMs;
  }

  /** It is folded. */
  foldedOwn({ valid }: Judgement, nowMs: number): void {
    this.tookMs = nowMs - this.beganMs;
    if (isShare(voids(valid), valid.length)) this.hasRival = true;
    else if (this.hasRival) this.wait(nowMs);
  }

  /** Another replica's batch is folded. `isUnderWay`: an own one is on its way. */
  foldedOthers(content: BatchContent, judgement: Judgement, own: LastOwn, isUnderWay: boolean, nowMs: number): void {
    const { puts } = content;
    const isVoid = isShare(voids(judgement.valid), puts.length);
    if (!(isVoid || this.hasRival) || !isRival(content, own)) return;
    this.hasRival = true;
    // It is made again, at once.
    if (isVoid && !isUnderWay) this.wait(nowMs);
    else if (!isVoid) this.untilMs = 0;
  }

  private wait(nowMs: number): void {
    this.untilMs = nowMs + Math.min(MAX_WAIT_MS, WAITED_BATCHES * this.tookMs);
  }
}

/** Whether a batch and the last own one could not both be valid, or not much of both. */
function isRival({ puts }: BatchContent, own: LastOwn): boolean {
  if (own.hasGrown && puts.some(({ grows }) => grows)) return true;
  let common = 0;
  for (const { key } of puts) if (own.puts.find(key, 0, key.length) >= 0) common++;
  return isShare(common, puts.length);
}

const isShare = (some: number, all: number): boolean => some > 0 && some >= all * RIVAL_SHARE;

const voids = (valid: readonly boolean[]): number => valid.filter((is) => !is).length;
