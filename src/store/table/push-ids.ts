import { intAt } from "../../bytes/at.ts";
import { mustBe, mustHold } from "../../bytes/broken.ts";
import {
  NO_PUSH_IDS,
  PUSH_ID_BYTES,
  PUSH_ID_CONTENT_HIGH,
  PUSH_ID_CONTENT_LOW,
  PUSH_ID_KEY_HIGH,
  PUSH_ID_KEY_LOW,
  PUSH_ID_SECONDS,
  PUSH_ID_STRIDE,
  type PushId,
  type PushIdLimits,
  type PushIdRows,
} from "../../model/push-id.ts";

/** What a group with ids takes up besides them: measured. */
const GROUP_BYTES = 300;
/** Ids that there is room for at first. */
const START_COUNT = 4;
/** Groups that are looked at in one step of forgetting. */
const GROUPS_A_STEP = 256;

/** The ids of a group: rows[0, count * stride). */
interface RememberedIds {
  rows: PushIdRows;
  count: number;
}

/**
 * The ids of the pushes that were added to each group, and came with an idempotency key: as long as the window is, and
 * the newest ones if there are too many. Groups to which none came take up nothing.
 */
export class PushIds {
  private readonly groups = new Map<number, RememberedIds>();
  /** How many there are. */
  count = 0;
  /** The memory that they take up. */
  sizeBytes = 0;
  private forgetting: Iterator<[number, RememberedIds]> | null = null;

  /** Those of a group, borrowed. */
  of(group: number): PushIdRows {
    if (this.count === 0) return NO_PUSH_IDS;
    const ids = this.groups.get(group);
    return ids === undefined ? NO_PUSH_IDS : ids.rows.subarray(0, ids.count * PUSH_ID_STRIDE);
  }

  /** Whether a group has an id of this key from within the window: with the same content, or with another one. */
  find(group: number, id: PushId, nowSeconds: number, { windowSeconds }: PushIdLimits): "same" | "other" | null {
    const ids = this.groups.get(group);
    if (ids === undefined) return null;
    const { rows } = ids;
    const { keyLow, keyHigh } = id;
    // The newest first: it is what is most likely to be repeated.
    for (let at = (ids.count - 1) * PUSH_ID_STRIDE; at >= 0; at -= PUSH_ID_STRIDE) {
      if (intAt(rows, at + PUSH_ID_KEY_LOW) !== keyLow || intAt(rows, at + PUSH_ID_KEY_HIGH) !== keyHigh) continue;
      if (isOver(rows, at, nowSeconds - windowSeconds)) return null;
      return isOfContent(rows, at, id) ? "same" : "other";
    }
    return null;
  }

  /** By how many bytes the memory grows with one more id of a group; -1 is one that is not there yet. */
  growthBytes(group: number, { maxPerGroup }: PushIdLimits): number {
    const ids = this.groups.get(group);
    if (ids === undefined) return GROUP_BYTES + START_COUNT * PUSH_ID_BYTES;
    return ids.count < maxPerGroup && ids.count * PUSH_ID_STRIDE === ids.rows.length ? ids.rows.byteLength : 0;
  }

  /**
   * A push was added to a group. Ids from before the window go, and the oldest one if there are too many; true: that
   * was one from within the window.
   */
  note(group: number, id: PushId, nowSeconds: number, { maxPerGroup, windowSeconds }: PushIdLimits): boolean {
    const ids = this.groups.get(group) ?? this.add(group);
    this.dropFirst(ids, overCount(ids, nowSeconds - windowSeconds));
    const isFull = ids.count >= maxPerGroup;
    if (isFull) this.dropFirst(ids, ids.count - maxPerGroup + 1);
    const at = ids.count * PUSH_ID_STRIDE;
    if (at === ids.rows.length) this.resize(ids, ids.rows.length * 2);
    const { rows } = ids;
    rows[at + PUSH_ID_KEY_LOW] = id.keyLow;
    rows[at + PUSH_ID_KEY_HIGH] = id.keyHigh;
    rows[at + PUSH_ID_CONTENT_LOW] = id.contentLow;
    rows[at + PUSH_ID_CONTENT_HIGH] = id.contentHigh;
    rows[at + PUSH_ID_SECONDS] = nowSeconds;
    ids.count++;
    this.count++;
    return isFull;
  }

  /** A group has these ids and no others; they are copied. */
  set(group: number, kept: PushIdRows): void {
    this.remove(group);
    if (kept.length === 0) return;
    const ids = this.add(group);
    this.resize(ids, Math.max(kept.length, START_COUNT * PUSH_ID_STRIDE));
    ids.rows.set(kept);
    ids.count = kept.length / PUSH_ID_STRIDE;
    this.count += ids.count;
  }

  /** A group has none any more. */
  remove(group: number): void {
    if (this.groups.size === 0) return;
    const ids = this.groups.get(group);
    if (ids === undefined) return;
    this.groups.delete(group);
    this.count -= ids.count;
    this.sizeBytes -= GROUP_BYTES + ids.rows.byteLength;
  }

  private add(group: number): RememberedIds {
    const ids = { rows: new Int32Array(START_COUNT * PUSH_ID_STRIDE), count: 0 };
    this.groups.set(group, ids);
    this.sizeBytes += GROUP_BYTES + ids.rows.byteLength;
    return ids;
  }

  private resize(ids: RememberedIds, length: number): void {
    const rows = new Int32Array(length);
    rows.set(ids.rows.subarray(0, ids.count * PUSH_ID_STRIDE));
    this.sizeBytes += rows.byteLength - ids.rows.byteLength;
    ids.rows = rows;
  }

  private dropFirst(ids: RememberedIds, dropped: number): void {
    if (dropped === 0) return;
    ids.rows.copyWithin(0, dropped * PUSH_ID_STRIDE, ids.count * PUSH_ID_STRIDE);
    ids.count -= dropped;
    this.count -= dropped;
  }

  /**
   * Goes on for a moment with giving back the memory of ids from before the window; false: all groups have been looked
   * at.
   */
  stepForgetting(nowSeconds: number, { windowSeconds }: PushIdLimits): boolean {
    this.forgetting ??= this.groups.entries();
    for (let looked = 0; looked < GROUPS_A_STEP; looked++) {
      const next = this.forgetting.next();
      if (next.done === true) {
        this.forgetting = null;
        return false;
      }
      const [group, ids] = next.value;
      this.forget(group, ids, nowSeconds - windowSeconds);
    }
    return true;
  }

  private forget(group: number, ids: RememberedIds, sinceSeconds: number): void {
    const over = overCount(ids, sinceSeconds);
    if (over === 0) return;
    if (over === ids.count) return this.remove(group);
    this.dropFirst(ids, over);
    const length = ids.count * PUSH_ID_STRIDE;
    if (length * 4 <= ids.rows.length) this.resize(ids, Math.max(length * 2, START_COUNT * PUSH_ID_STRIDE));
  }

  /** Throws where counts and sizes do not fit together, or there are ids of a group that is no more. */
  verify(has: (group: number) => boolean): void {
    let [count, sizeBytes] = [0, 0];
    for (const [group, ids] of this.groups) {
      mustHold(has(group), `ids of pushes: group ${group} is no more`);
      mustHold(ids.count * PUSH_ID_STRIDE <= ids.rows.length, `ids of pushes: group ${group} has more than fit`);
      count += ids.count;
      sizeBytes += GROUP_BYTES + ids.rows.byteLength;
    }
    mustBe(this.count, count, "ids of pushes");
    mustBe(this.sizeBytes, sizeBytes, "ids of pushes: bytes");
  }
}

/** How many of the oldest ids are from before an instant, or from it. */
function overCount({ rows, count }: RememberedIds, sinceSeconds: number): number {
  let over = 0;
  while (over < count && isOver(rows, over * PUSH_ID_STRIDE, sinceSeconds)) over++;
  return over;
}

const isOver = (rows: PushIdRows, at: number, sinceSeconds: number): boolean =>
  intAt(rows, at + PUSH_ID_SECONDS) >>> 0 <= sinceSeconds;

const isOfContent = (rows: PushIdRows, at: number, { contentLow, contentHigh }: PushId): boolean =>
  intAt(rows, at + PUSH_ID_CONTENT_LOW) === contentLow && intAt(rows, at + PUSH_ID_CONTENT_HIGH) === contentHigh;
